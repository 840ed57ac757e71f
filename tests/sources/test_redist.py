"""The source `redist`: NVIDIA's manifests and archives, from a folder, an address, a mirror."""

from __future__ import annotations

import io
import itertools
import json
import lzma
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Conda
from ..listing import leftovers, listing
from .redist_server import (
    MACHINE,
    OTHER,
    Part,
    RedistServer,
    serve,
    small_release,
    write_archive,
    write_manifest,
    write_release,
)
from .wheelhouse import only_folder, write_wheel

CUDART = "cuda-redist-cudart-12.4.127-cuda12.4.1_0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the small release 12.4.1."""
    path = tmp_path / "redist"
    write_release(path, "12.4.1", small_release())
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[RedistServer]:
    """It on 127.0.0.1."""
    yield from serve(folder)


@pytest.fixture
def conda(conda: Conda, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own that talks to 127.0.0.1 without a proxy."""
    (tmp_path / "pkgs").mkdir()
    (tmp_path / "pkgs" / "urls.txt").touch()
    conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "pkgs")
    conda.variables["NO_PROXY"] = conda.variables["no_proxy"] = "127.0.0.1"
    return conda


def use(conda: Conda, prefix: Path, place: str | Path, *words: str, **more: Any) -> Any:
    """`conda cuda use 12.4 --flavor base` from a place."""
    words = words or ("12.4", "--flavor=base")
    return conda.cuda("use", prefix, *words, "--from", str(place), "-y", **more)


def packages(conda: Conda, prefix: Path) -> list[str]:
    """`name-version-build` of what the one toolkit of an environment is made of."""
    (toolkit,) = conda.cuda("list", prefix, "--json").json["toolkits"]
    assert toolkit["origin"] == "redist"
    found: list[str] = toolkit["packages"]
    return found


def refused(conda: Conda, prefix: Path, place: str | Path, *words: str, **more: Any) -> str:
    """A `use` that must fail: it changes nothing, leaves nothing; its message."""
    around = prefix.parent.parent.parent
    before = {name: what for name, what in listing(around).items() if not name.startswith("pkgs/")}
    result = use(conda, prefix, place, *words, check=False, **more)
    assert (result.code, "Traceback" in result.err) == (1, False), result.err
    after = {name: what for name, what in listing(around).items() if not name.startswith("pkgs/")}
    # conda's own notes in the home folder are none of ours.
    for found in (before, after):
        for name in [name for name in found if name.startswith("home/.c")]:
            del found[name]
    assert after == before
    assert leftovers(conda.pkgs) == []
    files = [path for path in conda.pkgs.rglob("*") if path.is_file()]
    assert {path.name for path in files} <= {"urls.txt", "urls", "lock"}, files
    # What was under way is told before.
    message: str = re.sub(r"(?m)^\(\d+/\d+\) .*$", "", result.err).strip()
    return message


class TestWhere:
    """Manifest and archives may lie in many places."""

    @pytest.mark.parametrize(
        "form", ["folder", "manifest", "uri", "address", "address-of-manifest"]
    )
    def test_a_place_that_is_named(
        self, form: str, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        place = {
            "folder": str(folder),
            "manifest": str(folder / "redistrib_12.4.1.json"),
            "uri": folder.as_uri(),
            "address": server.address.rstrip("/"),
            "address-of-manifest": f"{server.address}redistrib_12.4.1.json",
        }[form]
        result = use(conda, environment, place, "--flavor=base")
        assert result.out.endswith("CUDA 12.4.1 is current in one.\n")
        root = environment / "cuda"
        assert (root / "lib64" / "libcudart.so.12").read_bytes() == b"cudart 12.4"
        assert os.readlink(root / "lib" / "libcudart.so") == "libcudart.so.12"
        assert packages(conda, environment) == [CUDART]

    @pytest.mark.parametrize("form", ["address", "folder"])
    def test_the_setting_is_the_place_of_the_plain_word(
        self, form: str, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        place = server.address if form == "address" else str(folder)
        use(conda, environment, "redist", CONDA_PLUGINS_CUDA_REDIST=place)
        assert packages(conda, environment) == [CUDART]

    def test_an_address_with_name_and_password_keeps_them_to_itself(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        place = server.address.replace("://", "://me:secret@")
        result = use(conda, environment, place)
        assert packages(conda, environment) == [CUDART]
        assert "secret" not in result.out + result.err
        kept = (*conda.pkgs.rglob("*"), *environment.rglob("*"))
        telling = [path for path in kept if path.is_file() and b"secret" in path.read_bytes()]
        # Where conda keeps each command as it was typed.
        assert telling == [environment / "cuda-12.4" / "conda-meta" / "history"]

    def test_the_newest_of_several_releases_is_taken(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        write_release(folder, "12.10.0", [Part("cuda_cudart", "12.10.5", {"lib/x.so": b"new"})])
        write_release(folder, "12.9.1", [Part("cuda_cudart", "12.9.79", {"lib/x.so": b"old"})])
        use(conda, environment, server.address, "12", "--flavor=base")
        assert packages(conda, environment) == ["cuda-redist-cudart-12.10.5-cuda12.10.0_0"]

    def test_without_a_listing_the_known_releases_are_tried(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.lists = False
        use(conda, environment, server.address)
        assert packages(conda, environment) == [CUDART]

    def test_without_a_listing_a_release_that_nobody_knows_can_be_named(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        server.lists = False
        write_release(folder, "19.7.3", [Part("cuda_cudart", "19.7.1", {"lib/x.so": b"new"})])
        use(conda, environment, server.address, "19.7.3", "--flavor=base", "--force")
        assert packages(conda, environment) == ["cuda-redist-cudart-19.7.1-cuda19.7.3_0"]

    def test_another_release_than_that_of_the_manifest(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        place = folder / "redistrib_12.4.1.json"
        message = refused(conda, environment, place, "12.6", "--flavor=base")
        assert message == (
            "NoSourceError: The source redist has CUDA 12.4.1 in redistrib_12.4.1.json, and no "
            "CUDA 12.6."
        )

    def test_a_place_that_does_not_exist(self, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, "/nonexistent/redist")
        assert "/nonexistent/redist is neither a folder of NVIDIA's redist archives nor" in message

    @pytest.mark.parametrize(
        "text", ["http://", "nothing://x/y", "http://[x/y", "http://127.0.0.1:x/"]
    )
    def test_an_address_that_is_none(self, text: str, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, text)
        assert message.startswith("NoSourceError: The source redist cannot be asked: ")

    def test_nobody_answers(self, conda: Conda, environment: Path) -> None:
        message = refused(conda, environment, "http://127.0.0.1:9/")
        assert message.startswith(
            "NoSourceError: The source redist cannot be asked: http://127.0.0.1:9 cannot be "
            "reached."
        )

    def test_available_lists_what_the_place_has_with_sizes(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        result = conda.cuda(
            "list", environment, "--available", "--json", CONDA_PLUGINS_CUDA_REDIST=str(folder)
        )
        offers = [
            (offer["version"], offer["flavor"], offer["size"], offer["nvcc"])
            for release in result.json["available"]
            for offer in release["offers"]
            if offer["source"] == "redist"
        ]
        sizes = {
            name: int(row[MACHINE]["size"]) for name, row in manifest.items() if MACHINE in row
        }
        base = sizes["cuda_cudart"]
        runtime = base + sizes["libcublas"]
        devel = runtime + sizes["cuda_nvcc"] + sizes["cuda_cccl"] + sizes["cuda_gdb"]
        assert offers == [
            ("12.4.1", "base", base, False),
            ("12.4.1", "runtime", runtime, False),
            ("12.4.1", "devel", devel, True),
        ]


class TestContents:
    """Components and platforms are those of the manifest."""

    @pytest.mark.parametrize(
        ("words", "components"),
        [
            (["--flavor=base"], ["cudart"]),
            (["--flavor=runtime"], ["cudart", "libcublas"]),
            (["--flavor=devel"], ["cudart", "libcublas", "nvcc", "cccl", "gdb"]),
            (["--components=cublas"], ["libcublas"]),
            (["--components=nvcc"], ["cudart", "nvcc", "cccl"]),
            (["--flavor=base", "--components=cublas"], ["cudart", "libcublas"]),
        ],
        ids=lambda value: " ".join(value) if value[0].startswith("-") else "",
    )
    def test_flavors_and_components(
        self,
        words: list[str],
        components: list[str],
        conda: Conda,
        environment: Path,
        folder: Path,
    ) -> None:
        use(conda, environment, folder, "12.4", *words)
        found = [package.rsplit("-", 2)[0] for package in packages(conda, environment)]
        assert found == [f"cuda-redist-{name}" for name in components]
        if "nvcc" in components:
            text = subprocess.run(
                [environment / "bin" / "nvcc", "--version"], capture_output=True, text=True
            ).stdout
            assert "release 12.4, V12.4.131" in text

    def test_stubs_and_licenses_stay_off_the_path(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        use(conda, environment, folder)
        root = environment / "cuda"
        assert sorted(os.listdir(root / "lib64")) == [
            "libcudart.so",
            "libcudart.so.12",
            "libcudart.so.12.4.127",
        ]
        assert (root / "lib" / "stubs" / "libcuda.so").is_file()
        assert not (root / "LICENSE").exists()
        (license,) = conda.pkgs.glob(f"{CUDART}/info/licenses/LICENSE")
        assert license.read_bytes() == b"the license of cudart"

    def test_a_component_that_is_not_listed(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        message = refused(conda, environment, folder, "12.4", "--components=npp")
        assert message == (
            "NoSourceError: The source redist has no component npp of CUDA 12.4.1 for "
            f"{'linux-64' if MACHINE == 'linux-x86_64' else 'linux-aarch64'}.\n  "
            "redistrib_12.4.1.json has: cudart, cublas, nvcc, cccl."
        )

    def test_a_platform_that_is_not_listed(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        message = refused(conda, environment, folder, CONDA_SUBDIR="win-64")
        assert message == (
            "NoSourceError: The source redist has nothing of CUDA 12.4.1 for win-64.\n"
            f"  redistrib_12.4.1.json has: {MACHINE}."
        )

    def test_windows_gets_its_zip(self, conda: Conda, environment: Path, folder: Path) -> None:
        files = {"bin/x64/cudart64_13.dll": b"MZ", "lib/x64/cudart.lib": b"lib", "LICENSE": b"text"}
        parts = [Part("cuda_cudart", "13.0.96", files, platforms=(OTHER, MACHINE))]
        write_release(folder, "13.0.2", parts)
        words = ["13.0", "--flavor=base"]
        use(conda, environment, folder, *words, CONDA_SUBDIR="win-64")
        root = environment / "cuda-13.0"
        assert (root / "bin" / "cudart64_13.dll").read_bytes() == b"MZ"
        assert (root / "lib" / "x64" / "cudart.lib").is_file()

    def test_the_plan_shows_the_sizes_of_the_manifest_and_downloads_nothing(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        manifest = json.loads((server.folder / "redistrib_12.4.1.json").read_text())
        plan = use(conda, environment, server.address, "--dry-run", "--json").json["plan"]
        sizes = {row["name"]: row["size"] for row in plan["install"]["packages"]}
        assert sizes == {
            "cuda-redist-cudart": int(manifest["cuda_cudart"][MACHINE]["size"]),
            "cuda-redist-libcublas": int(manifest["libcublas"][MACHINE]["size"]),
        }
        assert server.archives == []
        assert listing(conda.pkgs) == {"urls.txt": listing(conda.pkgs)["urls.txt"]}

    def test_a_file_that_two_releases_share_names_each_of_them(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        write_manifest(folder, "12.4.0", {**manifest, "release_label": "12.4.0"})
        for version in ("12.4.0", "12.4.1", "12.4.0"):
            use(conda, environment, folder, version, "--flavor=base")
            expected = f"cuda-redist-cudart-12.4.127-cuda{version}_0"
            assert packages(conda, environment) == [expected]


def test_an_addon_comes_from_the_index_besides(
    conda: Conda, environment: Path, folder: Path, tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    files = {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn"}
    write_wheel(wheels, "nvidia-cudnn-cu12", "9.1.0.70", files)
    words = ["12.4", "--flavor=base", "--cudnn=9.1"]
    use(conda, environment, folder, *words, **only_folder(wheels))
    assert packages(conda, environment) == [
        CUDART,
        "cuda-redist-libcublas-12.4.5.8-cuda12.4.1_0",
        "nvidia-cudnn-cu12-9.1.0.70-wheel_0",
    ]
    assert (environment / "cuda" / "lib64" / "libcudnn.so.9").read_bytes() == b"cudnn"


class TestAgain:
    """What is there already is neither downloaded nor copied."""

    def test_the_second_environment_downloads_nothing_and_shares_the_files(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        use(conda, environment, server.address)
        before = len(server.archives)
        second = conda.create(conda.envs / "two")
        plan = use(conda, second, server.address, "12.4", "--flavor=base", "--json").json["plan"]
        assert plan["install"]["download"] == 0
        assert len(server.archives) == before
        for name in ("lib/libcudart.so.12.4.127", "include/cuda_runtime_api.h"):
            assert os.path.samefile(environment / "cuda" / name, second / "cuda" / name)

    def test_adding_takes_only_what_is_new(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        use(conda, environment, server.address)
        library = environment / "cuda" / "lib" / "libcudart.so.12.4.127"
        before = library.stat().st_ino
        server.requests.clear()
        use(conda, environment, server.address, "12.4", "--components=nvcc")
        names = [path.split("/")[1] for path, _ in server.archives]
        assert names == ["cuda_nvcc", "cuda_cccl"]
        assert library.stat().st_ino == before
        assert len(packages(conda, environment)) == 3

    def test_adding_needs_no_file_of_what_stays(
        self, conda: Conda, environment: Path, folder: Path
    ) -> None:
        use(conda, environment, folder)
        for path in conda.pkgs.rglob("*.conda"):
            path.unlink()
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        archive.unlink()
        use(conda, environment, folder, "12.4", "--components=cublas")
        assert (environment / "cuda/lib64/libcudart.so.12").read_bytes() == b"cudart 12.4"
        assert len(packages(conda, environment)) == 2

    def test_offline_with_the_network_cut(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        cut = ["unshare", "--map-root-user", "--net"]
        if subprocess.run([*cut, "true"], capture_output=True).returncode:
            if os.environ.get("CI"):
                pytest.fail("unshare cannot make a network namespace here")
            pytest.skip("unshare cannot make a network namespace here")
        place = server.address
        use(conda, environment, place)

        def offline(name: str, *words: str) -> subprocess.CompletedProcess[str]:
            prefix = conda.create(conda.envs / name)
            use = [conda.exe, "cuda", "use", "12.4", "--from", place, "--offline", "-y"]
            return subprocess.run(
                [*cut, *use, "-p", prefix, *words],
                env=conda.environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )

        done = offline("two", "--flavor=base")
        assert done.returncode == 0, done.stderr
        assert listing(conda.envs / "two" / "cuda" / "lib") == listing(environment / "cuda" / "lib")
        more = offline("three", "--flavor=runtime")
        assert more.returncode == 1
        assert (
            "The source redist lacks libcublas of CUDA 12.4.1 in the package cache, and --offline "
            f"forbids to ask {place.rstrip('/')}." in more.stderr
        )

    def test_a_folder_needs_no_network(self, conda: Conda, environment: Path, folder: Path) -> None:
        use(conda, environment, folder, "12.4", "--flavor=base", "--offline")
        assert packages(conda, environment) == [CUDART]

    def test_offline_with_nothing_in_the_cache(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        message = refused(conda, environment, server.address, "12.4", "--offline")
        assert "has nothing of CUDA 12.4 from" in message
        assert server.requests == []


LARGE = 3_000_000


class TestBrokenTransfers:
    """A download that breaks goes on where it stopped."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        path = tmp_path / "redist"
        write_release(path, "12.4.1", small_release(filler=LARGE))
        return path

    def size(self, folder: Path) -> int:
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        return archive.stat().st_size

    def parts(self, conda: Conda) -> list[Path]:
        return list(conda.pkgs.glob("conda-cuda/downloads/*"))

    @pytest.mark.parametrize("lengths", [True, False], ids=["lengths", "no-lengths"])
    def test_one_that_breaks_again_and_again(
        self, lengths: bool, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.break_after, server.lengths = 1_000_000, lengths
        use(conda, environment, server.address)
        starts = [part for _, part in server.archives if part]
        # All that has arrived is kept; conda reads in blocks, so a few bytes may come twice.
        taken = [int(part.removeprefix("bytes=").rstrip("-")) for part in starts]
        assert taken == sorted(taken)
        assert all(0 < last - first <= 1_000_000 for first, last in itertools.pairwise(taken))
        assert len(taken) >= 2
        assert packages(conda, environment) == [CUDART]
        assert self.parts(conda) == []

    def test_a_server_that_knows_of_no_ranges(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.break_after, server.breaks, server.ranges = 1_000_000, 1, False
        use(conda, environment, server.address)
        assert packages(conda, environment) == [CUDART]

    def test_the_next_command_goes_on(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        """The server is gone after the first million bytes, and comes back."""
        server.break_after = 1_000_000
        before = listing(environment)
        archive = next(folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz"))
        answer, aside = server.answer, archive.with_suffix(".away")

        def first_answer_only(handler: Any) -> None:
            answer(handler)
            if handler.path.endswith(".xz") and archive.exists():
                archive.rename(aside)

        server.answer = first_answer_only  # type: ignore[method-assign]
        result = use(conda, environment, server.address, check=False)
        assert result.code == 1
        assert "does not exist (HTTP 404)" in result.err
        assert listing(environment) == before
        (part,) = self.parts(conda)
        have = part.stat().st_size
        assert 0 < have <= 1_000_000
        server.answer = answer  # type: ignore[method-assign]
        server.break_after = None
        server.requests.clear()
        aside.rename(archive)
        use(conda, environment, server.address)
        assert [part for _, part in server.archives] == [f"bytes={have}-"]
        assert self.parts(conda) == []

    def test_a_connection_that_gives_nothing_more(
        self, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.break_after = 0
        result = use(conda, environment, server.address, check=False)
        assert result.code == 1
        assert "cannot be reached" in result.err
        assert self.parts(conda) == []

    def test_what_was_kept_and_is_wrong_is_thrown_away(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        sha256 = manifest["cuda_cudart"][MACHINE]["sha256"]
        part = conda.pkgs / "conda-cuda" / "downloads" / f"{sha256}.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 1000)
        result = use(conda, environment, server.address, check=False)
        assert "does not have the sha256 that the manifest gives" in result.err
        assert self.parts(conda) == []
        use(conda, environment, server.address)
        assert packages(conda, environment) == [CUDART]


class TestLies:
    """Manifest, archive and server may each say something else."""

    def change(self, folder: Path, **changes: Any) -> None:
        path = folder / "redistrib_12.4.1.json"
        manifest = json.loads(path.read_text())
        manifest["cuda_cudart"][MACHINE].update(changes)
        path.write_text(json.dumps(manifest))

    @pytest.mark.parametrize("kind", ["folder", "address"])
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sha256": "0" * 64}, "does not have the sha256 that the manifest gives for it"),
            ({"size": "10"}, "bytes where the manifest says 10, so"),
            ({"size": "99999999"}, "bytes where the manifest says 99999999, so"),
        ],
        ids=["sha256", "smaller", "larger"],
    )
    def test_a_manifest_with_another_hash_or_size(
        self,
        change: dict[str, str],
        reason: str,
        kind: str,
        conda: Conda,
        environment: Path,
        folder: Path,
        server: RedistServer,
    ) -> None:
        self.change(folder, **change)
        message = refused(conda, environment, folder if kind == "folder" else server.address)
        assert message.startswith("DownloadError: ")
        assert reason in message

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"sha256": "short"}, "it gives no sha256 for cuda_cudart"),
            ({"size": "-1"}, "it gives no size for cuda_cudart"),
            ({"size": str(10**15)}, "it gives no size for cuda_cudart"),
            ({"relative_path": "../../secret.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "/etc/passwd.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "http://x/y.tar.xz"}, "it names a file that it cannot mean"),
            ({"relative_path": "x/archive.exe"}, "it names a file that it cannot mean"),
        ],
        ids=lambda value: "=".join(*value.items()) if isinstance(value, dict) else "",
    )
    def test_a_manifest_that_makes_no_sense(
        self, change: dict[str, str], reason: str, conda: Conda, environment: Path, folder: Path
    ) -> None:
        self.change(folder, **change)
        message = refused(conda, environment, folder)
        assert message.startswith(
            f"NoSourceError: The source redist cannot use redistrib_12.4.1.json: {reason}"
        )

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", "{}", "null", '{"release_label": "x"}', "[" * 9999]
    )
    def test_a_file_that_is_no_manifest(
        self, text: str, conda: Conda, environment: Path, folder: Path
    ) -> None:
        (folder / "redistrib_12.4.1.json").write_text(text)
        message = refused(conda, environment, folder)
        assert message.startswith(
            "NoSourceError: The source redist cannot use redistrib_12.4.1.json"
        )

    @pytest.mark.parametrize("lengths", [True, False], ids=["lengths", "no-lengths"])
    def test_a_server_that_sends_more_than_promised(
        self, lengths: bool, conda: Conda, environment: Path, server: RedistServer
    ) -> None:
        server.append, server.lengths = b"x" * 100_000, lengths
        message = refused(conda, environment, server.address)
        assert "where the manifest says" in message

    @pytest.mark.parametrize("keep", [0, 40, 0.5, -1], ids=["empty", "start", "half", "last-byte"])
    @pytest.mark.parametrize("kind", ["folder", "address", "address-without-lengths"])
    def test_a_truncated_archive(
        self,
        kind: str,
        keep: float,
        conda: Conda,
        environment: Path,
        folder: Path,
        server: RedistServer,
    ) -> None:
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        data = archive.read_bytes()
        archive.write_bytes(data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)])
        server.lengths = kind != "address-without-lengths"
        message = refused(conda, environment, folder if kind == "folder" else server.address)
        assert message.startswith("DownloadError: ")

    @pytest.mark.parametrize("keep", [0, 40, 0.5, -1], ids=["empty", "start", "half", "last-byte"])
    def test_a_truncated_archive_that_the_manifest_agrees_with(
        self, keep: float, conda: Conda, environment: Path, folder: Path
    ) -> None:
        (archive,) = folder.glob(f"cuda_cudart/{MACHINE}/*.tar.xz")
        data = archive.read_bytes()
        cut = data[: int(keep * len(data)) if 0 < keep < 1 else int(keep)] or b"\0"
        row = write_archive(folder, "cuda_cudart", MACHINE, archive.name, cut)
        self.change(folder, **row)
        message = refused(conda, environment, folder)
        assert f"{archive.name} cannot be used: it is damaged" in message


def hostile(kind: str) -> bytes:
    """An archive that must not be unpacked; beside what makes it so it holds a library."""
    top = f"cuda_cudart-{MACHINE}-12.4.127-archive"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=0) as tar:

        def add(name: str, type_: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> None:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = type_, link, size
            tar.addfile(info, io.BytesIO(bytes(size)))

        add(f"{top}/lib/libcudart.so.12", size=10)
        if kind == "parent":
            add(f"{top}/../../../../escaped", size=1)
        elif kind == "absolute":
            add("/tmp/escaped", size=1)
        elif kind == "link":
            add(f"{top}/lib/out", tarfile.SYMTYPE, "/tmp")
            add(f"{top}/lib/out/escaped", size=1)
        elif kind == "relative-link":
            add(f"{top}/lib/out", tarfile.SYMTYPE, "../../../..")
        elif kind == "hard-link":
            add(f"{top}/lib/out", tarfile.LNKTYPE, "/etc/passwd")
        elif kind == "case":
            add(f"{top}/lib/LIBCUDART.so.12", size=1)
        elif kind == "device":
            add(f"{top}/lib/null", tarfile.CHRTYPE)
        elif kind == "posing":
            add(f"{top}/info/index.json", size=1)
    if kind == "bomb":
        header = tarfile.TarInfo(f"{top}/lib/x")
        header.size = 4 * 2**30
        return lzma.compress(header.tobuf()) + 256 * lzma.compress(bytes(2**24))
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["folder", "address"])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("parent", "would leave its place"),
        ("absolute", "would leave its place"),
        ("link", "leads out of the package"),
        ("relative-link", "leads out of the package"),
        ("hard-link", "would leave its place"),
        ("case", "are the same file"),
        ("device", "is no regular file"),
        ("posing", "would pose as conda's own"),
        ("bomb", "it would unpack to more than any real one"),
    ],
)
def test_a_hostile_archive_that_the_manifest_agrees_with(
    kind: str,
    reason: str,
    place: str,
    conda: Conda,
    environment: Path,
    folder: Path,
    server: RedistServer,
) -> None:
    path = folder / "redistrib_12.4.1.json"
    manifest = json.loads(path.read_text())
    name = manifest["cuda_cudart"][MACHINE]["relative_path"].rpartition("/")[2]
    row = write_archive(folder, "cuda_cudart", MACHINE, name, hostile(kind))
    manifest["cuda_cudart"][MACHINE] = row
    path.write_text(json.dumps(manifest))
    message = refused(conda, environment, folder if place == "folder" else server.address)
    assert message.startswith(f"RedistError: {name} cannot be used: ")
    assert reason in message.splitlines()[0]
    assert not Path("/tmp/escaped").exists()


RUNTIME_PROGRAM = r"""
#include <cstdio>
#include <cuda_runtime.h>
__global__ void nothing() {}
int main() {
    int runtime = 0;
    cudaRuntimeGetVersion(&runtime);
    nothing<<<1, 1>>>();
    std::printf("%d\n", runtime);
}
"""
COMPONENTS = {
    "nvidia-cuda-runtime": "cuda_cudart",
    "nvidia-cuda-nvcc": "cuda_nvcc",
    "nvidia-nvvm": "libnvvm",
    "nvidia-cuda-crt": "cuda_crt",
    "nvidia-cuda-cccl": "cuda_cccl",
}


def real_release(conda: Conda, folder: Path) -> None:
    """NVIDIA's own files of 13.0.2, from its wheels, in archives as NVIDIA lays them out."""
    prefix = conda.create(conda.envs / "wheels")
    words = ["13.0", "--from", "pypi", "--components", "nvcc", "-y"]
    conda.cuda("use", prefix, *words)
    root = prefix / "cuda-13.0"
    parts = []
    for record in sorted((root / "conda-meta").glob("nvidia-*.json")):
        content = json.loads(record.read_text())
        files, links = {}, {}
        for name in content["files"]:
            path = root / name
            if path.is_symlink():
                links[name] = os.readlink(path)
            elif name == "lib/libcudart.so.13":
                full = f"{name}.{content['version'].split('.', 1)[1]}"
                files[full], links[name] = path, full.rpartition("/")[2]
            else:
                files[name] = path
        parts.append(Part(COMPONENTS[content["name"]], content["version"], files, links))
    write_release(folder, "13.0.2", parts)


@pytest.mark.network
class TestRealFiles:
    """NVIDIA's own compiler and runtime, through archives and a server."""

    def test_nvcc_of_a_devel_toolkit_compiles_and_links(
        self, module_conda: Conda, tmp_path: Path
    ) -> None:
        release = tmp_path / "redist"
        real_release(module_conda, release)
        module_conda.variables["NO_PROXY"] = module_conda.variables["no_proxy"] = "127.0.0.1"
        prefix = module_conda.create(module_conda.envs / "devel")
        words = ["13", "--flavor=devel", "-y"]
        for server in serve(release):
            # The connection breaks once in the largest archive.
            server.break_after, server.breaks = 20_000_000, 1
            module_conda.cuda("use", prefix, *words, "--from", server.address)
            assert [part for _, part in server.archives if part]
        root = prefix / "cuda"
        assert os.readlink(root / "lib" / "libcudart.so.13") == "libcudart.so.13.0.96"
        found = (root / "lib64" / "libcudart.so.13").read_bytes()
        wheels = module_conda.envs / "wheels" / "cuda"
        assert found == (wheels / "lib" / "libcudart.so.13").read_bytes()
        for options in ([], ["-cudart", "shared"]):
            program = tmp_path / f"program{len(options)}"
            program.with_suffix(".cu").write_text(RUNTIME_PROGRAM)
            clean = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
            nvcc = [prefix / "bin" / "nvcc", "-arch=sm_90", *options]
            words = [*map(str, nvcc), str(program.with_suffix(".cu")), "-o", str(program)]
            subprocess.run(words, check=True, env=clean)
            clean["LD_LIBRARY_PATH"] = str(root / "lib64")
            done = subprocess.run([program], check=True, env=clean, capture_output=True, text=True)
            assert done.stdout == "13000\n"
