"""A mirror of what channels have: both eras, add-ons, compilers, and conda's own ways to use it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..listing import leftovers, listing
from .builder import Channels

pytestmark = pytest.mark.network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def _mirror(conda: Any, to: Path, *words: str | Path, **more: Any) -> Any:
    return conda("cuda", "mirror", *words, "--to", to, "--yes", **more)


def _use(conda: Any, folder: Path, *words: str, **more: Any) -> Any:
    prefix = conda.envs / "one"
    if not prefix.exists():
        conda.create(prefix)
    return conda.cuda("use", prefix, *words, "-c", folder.as_uri(), "--offline", "-y", **more)


def _toolkit(conda: Any, prefix: Path) -> dict[str, Any]:
    (found,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    return {key: value for key, value in found.items() if key not in ("origin", "root")}


def _rows(folder: Path, subdir: str) -> dict[str, Any]:
    content = json.loads((folder / subdir / "repodata.json").read_text())
    return {**content["packages"], **content["packages.conda"]}


def _subdir(channels: Channels) -> str:
    return {"x86_64-linux": "linux-64", "sbsa-linux": "linux-aarch64"}[channels.target]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["12.4", "--flavor=base"], id="12.4 base"),
        pytest.param(["12.4"], id="12.4 runtime"),
        pytest.param(["12.4", "--flavor=devel"], id="12.4 devel"),
        pytest.param(["13.0", "--components=nvcc,cublas"], id="13.0 components"),
        pytest.param(["11.8"], id="11.8 monolith"),
        pytest.param(["11.8", "--flavor=devel"], id="11.8 devel, of a label"),
        pytest.param(["12.4", "--cudnn=9"], id="12.4 with cuDNN"),
        pytest.param(["12.4", "--flavor=devel", "--host-compiler"], id="12.4 with g++"),
    ],
)
def test_the_other_side_has_the_same_toolkit(
    words: list[str], conda: Any, far: Any, channels: Channels, folder: Path
) -> None:
    near = conda.create(conda.envs / "one")
    # A label is found where no channel is named; everything else is on one channel.
    where = [] if "11.8" in words else ["-c", channels.forge]
    conda.cuda("use", near, *words, *where, "--from=channel", "-y")
    _mirror(conda, folder, *words, *where, "--from=channel")
    moved = folder.rename(folder.with_name("moved elsewhere"))
    # Nobody has to say again what was mirrored.
    _use(far, moved, words[0])
    assert _toolkit(far, far.envs / "one") == _toolkit(conda, near)
    mine, theirs = (
        {
            name: kind
            for name, kind in listing(prefix / f"cuda-{words[0]}").items()
            if not name.startswith("conda-meta/") and name != "toolkit.yaml"
        }
        for prefix in (far.envs / "one", near)
    )
    assert {*mine} == {*theirs}
    # With all words it is the same toolkit, which is installed already.
    again = _use(far, moved, *words, "--json").json
    assert (again["installed"], again["switched"]) == (False, False)


def test_records_keep_what_they_say(conda: Any, channels: Channels, folder: Path) -> None:
    _mirror(conda, folder, "12.4", "--flavor=devel", "-c", channels.forge, "--from=channel")
    for name in (_subdir(channels), "noarch"):
        theirs = _rows(channels.root / "conda-forge", name)
        mine = _rows(folder, name)
        assert mine
        for file, row in mine.items():
            if row["name"] == "conda-cuda-toolkit":
                continue
            # conda counts in thousandths of a second.
            expected = {**theirs[file], "timestamp": theirs[file]["timestamp"] * 1000}
            assert row == expected
            assert (folder / name / file).stat().st_size == row["size"]


def test_plain_conda_installs_it_by_the_metapackage(
    conda: Any, far: Any, channels: Channels, folder: Path
) -> None:
    _mirror(conda, folder, "12.4", "--flavor=base", "-c", channels.forge, "--from=channel")
    _mirror(conda, folder, "12.4", "-c", channels.forge, "--from=channel")
    words = ("-c", folder.as_uri(), "--override-channels", "--offline", "-y", "--json")
    prefix = far.envs / "plain"
    far("create", "-p", prefix, *words, "conda-cuda-toolkit=12.4")
    found = {path.name.rsplit("-", 2)[0] for path in (prefix / "conda-meta").glob("*.json")}
    assert {"conda-cuda-toolkit", "cuda-cudart", "libcublas"} <= found
    assert (prefix / "lib" / "libcublas.so.12").is_file()


def test_ordinary_packages_are_found_beside_the_metapackage(
    conda: Any, far: Any, channels: Channels, folder: Path
) -> None:
    """A flavor below the mirrored one can be had where the packages have their usual names."""
    _mirror(conda, folder, "12.4", "-c", channels.forge, "--from=channel")
    found = _use(far, folder, "12.4", "--flavor=base", "--json").json["toolkit"]
    assert found["flavor"] == "base"
    assert not any(package.startswith("libcublas-") for package in found["packages"])


def test_a_flavor_beyond_the_mirrored_one_is_refused(
    conda: Any, far: Any, channels: Channels, folder: Path
) -> None:
    _mirror(conda, folder, "12.4", "-c", channels.forge, "--from=channel")
    result = _use(far, folder, "12.4", "--flavor=devel", "--from=channel", check=False)
    assert result.code == 1
    assert (
        "The source channel has no flavor devel of CUDA 12.4 in the mirror "
        f"{folder.as_uri()}, which has CUDA 12.4.1 as runtime." in " ".join(result.err.split())
    )


def test_archives_are_fetched_again_where_only_their_contents_are_cached(
    conda: Any, channels: Channels, folder: Path, tmp_path: Path
) -> None:
    cache = conda.empty_cache(tmp_path / "pkgs")
    prefix = conda.create(conda.envs / "one")
    words = ("12.4", "--flavor=base", "-c", channels.forge, "--from=channel")
    conda.cuda("use", prefix, *words, "-y")
    conda("clean", "--tarballs", "--yes")
    assert not [*cache.glob("*.conda"), *cache.glob("*.tar.bz2")]
    plan = conda("cuda", "mirror", *words, "--to", folder, "--dry-run", "--json").json["plan"]
    assert plan["download"] is None
    _mirror(conda, folder, *words)
    for name in (_subdir(channels), "noarch"):
        for file in _rows(folder, name):
            assert (folder / name / file).is_file()


def test_damaged_archives_of_the_cache_are_passed_over(
    conda: Any, channels: Channels, folder: Path, tmp_path: Path
) -> None:
    cache = conda.empty_cache(tmp_path / "pkgs")
    words = ("12.4", "--flavor=base", "-c", channels.forge, "--from=channel")
    conda.cuda("use", conda.create(conda.envs / "one"), *words, "-y")
    (archive,) = (path for path in cache.glob("cuda-cudart-12*") if path.is_file())
    data = bytearray(archive.read_bytes())
    data[-1] ^= 1
    archive.write_bytes(data)
    _mirror(conda, folder, *words)
    theirs = _rows(channels.root / "conda-forge", _subdir(channels))[archive.name]
    copied = (folder / _subdir(channels) / archive.name).read_bytes()
    assert hashlib.sha256(copied).hexdigest() == theirs["sha256"]


def test_another_package_of_the_same_name_is_not_mixed_in(
    conda: Any, channels: Channels, folder: Path, tmp_path: Path
) -> None:
    _mirror(conda, folder, "12.4", "--flavor=base", "-c", channels.forge, "--from=channel")
    before = listing(folder)
    # The same name, version and build, but another dependency: a channel by somebody else.
    other = tmp_path / "other"
    shutil.copytree(channels.root / "conda-forge", other)
    subdir = _subdir(channels)
    path = other / subdir / "repodata.json"
    content = json.loads(path.read_text())
    changed = 0
    for section in ("packages", "packages.conda"):
        for row in content[section].values():
            if row["name"] == "cuda-cudart" and row["version"].startswith("12.4"):
                row["depends"] = row["depends"][:-1]
                changed += 1
    assert changed
    path.write_text(json.dumps(content))
    words = ("12.4", "-c", other.as_uri(), "--from=channel")
    result = _mirror(conda, folder, *words, check=False)
    assert result.code == 1
    assert "is another package of the same name, from another channel." in result.err
    index = f"{subdir}/repodata.json"
    assert listing(folder)[index] == before[index]


def test_it_works_without_a_network_and_from_caches_alone(
    conda: Any, channels: Channels, folder: Path
) -> None:
    words = ("12.4", "--flavor=base", "-c", channels.forge, "--from=channel", "--offline")
    _mirror(conda, folder, *words)
    assert leftovers(folder) == []


def test_the_loader_finds_the_library_with_the_network_cut(
    conda: Any, far: Any, channels: Channels, folder: Path, shell_setup: Path
) -> None:
    """The folder and an empty home are all that there is."""
    cut = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*cut, "true"], capture_output=True).returncode:
        if os.environ.get("CI"):
            pytest.fail("unshare cannot make a network namespace here")
        pytest.skip("unshare cannot make a network namespace here")
    _mirror(conda, folder, "12.4", "-c", channels.forge, "--from=channel")
    moved = folder.rename(folder.with_name("moved"))
    prefix = far.create(far.envs / "one")
    script = (
        f'. "{shell_setup}"; set -e; conda activate "{prefix}"; '
        f"conda cuda use 12.4 -c {moved.as_uri()} --offline -yq; "
        f'conda activate "{prefix}"; "$PROBE" libcudart.so.12'
    )
    done = subprocess.run(
        [*cut, "bash", "--norc", "--noprofile", "-c", script],
        env=far.environ(PROBE=str(channels.probe)), cwd=far.home, stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    name, version, path = done.stdout.split()
    assert (name, version) == ("libcudart.so.12", "12040")
    assert os.path.realpath(path).startswith(str(prefix / "cuda-12.4"))
