"""What answers on the web chooses no file of this machine, and https stays https."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conda_cuda_plugin.network.connections import astray

from ..channel.package import CondaPackage, write_channel
from ..channel.test_answers import SUBDIR
from ..conftest import Conda
from ..sources.redist_server import MACHINE, small_release, write_release
from ..sources.wheelhouse import only_folder, only_index, write_index, write_releases
from .served import conda, refused, served
from .site import Site, says, sends_on, site

__all__ = ["conda", "served"]

NOT_FOLLOWED = "which is not followed: http leads to http and https only"
TARGETS = ["file://{path}", "FILE:{path}", "ftp://127.0.0.1:9{path}"]


class TestRedirects:
    """A server of http sends on to a file of this machine."""

    @pytest.mark.parametrize("target", TARGETS)
    def test_a_manifest(
        self, target: str, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        write_release(tmp_path / "redist", "12.4.1", small_release())
        path = tmp_path / "redist" / "redistrib_12.4.1.json"
        served.answers["/"] = sends_on(target.format(path=path))
        place = f"{served.address}/redistrib_12.4.1.json"
        assert NOT_FOLLOWED in refused(conda, environment, "12.4", "--from", place)

    def test_an_archive(
        self, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        rows = write_release(tmp_path / "redist", "12.4.1", small_release())
        manifest = (tmp_path / "redist" / "redistrib_12.4.1.json").read_bytes()
        archive = tmp_path / "redist" / rows["cuda_cudart"][MACHINE]["relative_path"]
        served.answers["/redistrib_12.4.1.json"] = says(200, manifest, "application/json")
        served.answers["/cuda_cudart"] = sends_on(archive.as_uri())
        place = f"{served.address}/redistrib_12.4.1.json"
        told = refused(conda, environment, "12.4", "--flavor=base", "--from", place)
        assert NOT_FOLLOWED in told

    @pytest.mark.parametrize("target", TARGETS)
    def test_an_index_of_wheels(
        self, target: str, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        wheels = write_releases(tmp_path / "wheels")
        write_index(tmp_path / "simple", wheels)
        page = tmp_path / "simple" / "cuda-toolkit" / "index.html"
        served.answers["/"] = sends_on(target.format(path=page))
        index = only_index(f"{served.address}/simple")
        told = refused(conda, environment, "12.4", "--from", "pypi", **index)
        assert NOT_FOLLOWED in told

    def test_a_channel(self, conda: Conda, environment: Path, served: Site, tmp_path: Path) -> None:
        write_channel(tmp_path / "here", SUBDIR, [CondaPackage("cudatoolkit", "11.8.0")])
        index = tmp_path / "here" / SUBDIR / "repodata.json"
        served.answers["/"] = sends_on(index.as_uri())
        words = ("11.8", "--from", "channel", "-c", f"{served.address}/there")
        assert NOT_FOLLOWED in refused(conda, environment, *words)

    def test_a_package_of_a_channel(
        self, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        package = CondaPackage("cudatoolkit", "11.8.0", files={"lib/libcudart.so": b"cudart"})
        write_channel(tmp_path / "here", SUBDIR, [package])
        folder = tmp_path / "here" / SUBDIR
        index = (folder / "repodata.json").read_bytes()
        served.answers[f"/there/{SUBDIR}/repodata.json"] = says(200, index, "application/json")
        served.answers[f"/there/{SUBDIR}/repodata.json.zst"] = says(404)
        served.answers[f"/there/{SUBDIR}/repodata.json.bz2"] = says(404)
        served.answers["/there/noarch/repodata.json"] = says(
            200, b'{"packages": {}, "packages.conda": {}}', "application/json"
        )
        served.answers["/there/noarch/repodata.json.zst"] = says(404)
        served.answers[f"/there/{SUBDIR}/cudatoolkit"] = sends_on(folder.as_uri() + "/x.conda")
        words = ("11.8", "--from", "channel", "-c", f"{served.address}/there")
        assert NOT_FOLLOWED in refused(conda, environment, *words)

    def test_an_installer(
        self, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        (tmp_path / "x.run").write_text("#!/bin/sh\ntouch ran\n")
        served.answers["/"] = sends_on((tmp_path / "x.run").as_uri())
        digest = hashlib.sha256((tmp_path / "x.run").read_bytes()).hexdigest()
        place = f"{served.address}/cuda_12.4.1_550.54.15_linux.run"
        told = refused(conda, environment, "--from", place, "--sha256", digest)
        assert NOT_FOLLOWED in told

    def test_http_that_leads_to_http_is_followed(
        self, conda: Conda, environment: Path, served: Site, tmp_path: Path
    ) -> None:
        write_release(tmp_path / "redist", "12.4.1", small_release())
        manifest = (tmp_path / "redist" / "redistrib_12.4.1.json").read_bytes()
        served.answers["/old/"] = sends_on("/new/redistrib_12.4.1.json")
        served.answers["/new/"] = says(200, manifest, "application/json")
        place = f"{served.address}/old/redistrib_12.4.1.json"
        words = ("12.4", "--flavor=base", "--dry-run", "--from", place)
        assert conda.cuda("use", environment, *words).code == 0


def test_an_index_on_the_web_that_names_a_file_of_this_machine(
    conda: Conda, environment: Path, served: Site, tmp_path: Path
) -> None:
    wheels = write_releases(tmp_path / "wheels")
    write_index(tmp_path / "simple", wheels)
    for page in (tmp_path / "simple").glob("*/index.html"):
        served.answers[f"/simple/{page.parent.name}/"] = says(200, page.read_bytes())
    index = only_index(f"{served.address}/simple")
    told = refused(conda, environment, "12.4", "--from", "pypi", **index)
    assert "a file of this machine, which is not taken" in told


def test_a_channel_on_the_web_that_has_its_packages_on_this_machine(
    conda: Conda, environment: Path, served: Site, tmp_path: Path
) -> None:
    package = CondaPackage("cudatoolkit", "11.8.0", files={"lib/libcudart.so": b"cudart"})
    write_channel(tmp_path / "here", SUBDIR, [package])
    folder = tmp_path / "here" / SUBDIR
    index = json.loads((folder / "repodata.json").read_bytes())
    index["info"] = {"subdir": SUBDIR, "base_url": folder.as_uri()}
    index["repodata_version"] = 2
    empty = b'{"packages": {}, "packages.conda": {}}'
    served.answers[f"/there/{SUBDIR}/repodata.json"] = says(
        200, json.dumps(index).encode(), "application/json"
    )
    served.answers["/there/noarch/repodata.json"] = says(200, empty, "application/json")
    for name in (SUBDIR, "noarch"):
        served.answers[f"/there/{name}/repodata.json.zst"] = says(404)
    words = ("11.8", "--from", "channel", "-c", f"{served.address}/there")
    assert NOT_FOLLOWED in refused(conda, environment, *words)


@pytest.mark.parametrize(
    ("address", "target", "followed"),
    [
        ("http://a/x", "https://b/y", True),
        ("http://a/x", "y", True),
        ("http://a/x", "//b/y", True),
        ("https://a/x", "https://b/y", True),
        ("https://a/x", "//b/y", True),
        ("HTTPS://a/x", "HTTP://a/y", False),
        ("https://a/x", " http://a/y", False),
        ("http://a/x", "file:/etc/passwd", False),
        ("http://a/x", "\tFiLe:///etc/passwd", False),
        ("http://a/x", "s3://a/b", False),
        ("http://a/x", "http://[", False),
        ("file:///a/x", "file:///b", True),
    ],
)
def test_what_is_followed(address: str, target: str, followed: bool) -> None:
    assert (astray(address, target) is None) == followed


def test_pip_is_not_taken_from_the_folder_one_is_in(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    """What somebody has put there would be run."""
    folder = tmp_path / "elsewhere"
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").touch()
    (folder / "pip" / "__main__.py").write_text("open('ran', 'w')")
    wheels = write_releases(tmp_path / "wheels")
    words = ("12.4", "--from", "pypi", "--flavor=base", "--dry-run")
    done = conda.cuda("use", environment, *words, cwd=folder, **only_folder(wheels))
    assert done.code == 0
    assert not (folder / "ran").exists()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key, of nobody's."""
    if not shutil.which("openssl"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("openssl makes the certificate")
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out",
         path.with_name("only.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_name("only.pem").read_bytes())
    return path


@pytest.mark.parametrize("source", ["redist", "pypi"])
def test_https_never_falls_to_http(
    source: str, conda: Conda, environment: Path, certificate: Path
) -> None:
    trusted = {
        name: str(certificate.with_name("only.pem"))
        for name in ("CONDA_SSL_VERIFY", "REQUESTS_CA_BUNDLE", "PIP_CERT")
    }
    with site() as plain, site(certificate) as safe:
        safe.answers["/"] = sends_on(f"{plain.address}/x")
        place = f"{safe.address}/redistrib_12.4.1.json"
        told = refused(
            conda, environment, "12.4", "--from", place if source == "redist" else "pypi",
            **only_index(f"{safe.address}/simple"), **trusted,
        )  # fmt: skip
        assert plain.asked == []
    assert "https to https only" in told
