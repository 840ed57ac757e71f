"""What is fetched again, and transfers that break."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ...conftest import Conda
from ...listing import listing
from ..redist_server import (
    MACHINE,
    RedistServer,
    small_release,
    write_release,
)
from .commands import CUDART, packages, refused, use


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
        names = {path.split("/")[1] for path, _ in server.archives}
        assert names == {"cuda_nvcc", "cuda_cccl"}
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
        assert "broke off.\n  Try again later, or name another place." in result.err
        assert self.parts(conda) == []

    def test_what_could_not_be_unpacked_is_not_fetched_again(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        """Here a file is larger than may be; it might be a full disk, or somebody's ^C."""
        release = [
            replace(part, files={**part.files, "x": bytes(2**23)}) for part in small_release()
        ]
        write_release(folder, "12.4.1", release)
        words = ["use", "-p", environment, "12.4", "--flavor=base", "--from", server.address, "-y"]
        limited = subprocess.run(
            ["sh", "-c", 'ulimit -f 8000; exec "$@"', "sh", conda.exe, "cuda", *words],
            env=conda.environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert (limited.returncode, "Traceback" in limited.stderr) == (1, False), limited.stderr
        assert len(self.parts(conda)) == 1
        server.requests.clear()
        use(conda, environment, server.address)
        assert server.archives == self.parts(conda) == []

    def test_what_was_kept_and_is_wrong_is_thrown_away(
        self, conda: Conda, environment: Path, folder: Path, server: RedistServer
    ) -> None:
        manifest = json.loads((folder / "redistrib_12.4.1.json").read_text())
        sha256 = manifest["cuda_cudart"][MACHINE]["sha256"]
        part = conda.pkgs / "conda-cuda" / "downloads" / f"{sha256}-cuda-redist-cudart.part"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 1000)
        result = use(conda, environment, server.address, check=False)
        assert "does not have the sha256 that the manifest gives" in result.err
        assert self.parts(conda) == []
        use(conda, environment, server.address)
        assert packages(conda, environment) == [CUDART]
