"""Environments that cannot be written, and full disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import Conda, Result
from ..listing import listing
from ..mounts import mounted
from .in_words import PYPI, assert_in_words, assert_json


class TestReadOnly:
    """An environment that belongs to somebody else."""

    @pytest.fixture
    def as_nobody(self, conda: Conda, two: Path, tmp_path: Path) -> Callable[..., Result]:
        if os.geteuid() != 0:
            # The owner can take the right to write from himself.
            for path in [two, *two.rglob("*")]:
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o555)
        for folder in (*tmp_path.parents, tmp_path, conda.home, conda.envs):
            if folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

        def run(verb: str, *words: str) -> Result:
            line = [str(conda.exe), "cuda", verb, "-p", str(two), *words]
            done = subprocess.run(
                [*drop, *line] if os.geteuid() == 0 else line,
                env=conda.environ(HOME=str(tmp_path), CONDA_PKGS_DIRS=str(tmp_path / "pkgs")),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            return Result(done.returncode, done.stdout, done.stderr)

        return run

    def test_use_and_off_and_remove_are_refused(
        self, as_nobody: Callable[..., Result], two: Path
    ) -> None:
        before = listing(two)
        message = f"The environment {two} cannot be changed: {two} is not writable."
        assert_in_words(as_nobody("use", "13.0"), 1, message)
        assert_json(as_nobody("use", "13.0", "--json"), 1, message)
        assert_in_words(as_nobody("use", "11.8", *PYPI), 1, message)
        assert_in_words(as_nobody("off"), 1, message)
        assert_in_words(as_nobody("remove", "--all", "--yes"), 1, message)
        assert listing(two) == before

    @pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
    @pytest.mark.parametrize("folder", ["activate.d", "deactivate.d"])
    def test_they_are_for_a_folder_of_hooks_that_is_not_theirs(
        self, folder: str, as_nobody: Callable[..., Result], two: Path
    ) -> None:
        for path in [two, *two.rglob("*")]:
            os.chown(path, 65534, 65534, follow_symlinks=False)
        hooks = two / "etc" / "conda" / folder
        os.chown(hooks, 0, 0)
        before = listing(two)
        message = f"The environment {two} cannot be changed: {hooks} is not writable."
        for words in (["off"], ["use", "13.0"], ["remove", "12.4", "--yes"]):
            assert_in_words(as_nobody(words[0], *words[1:]), 1, message)
            assert listing(two) == before

    def test_list_and_info_and_run_work(self, as_nobody: Callable[..., Result]) -> None:
        assert as_nobody("list", "--json").json["current"] == "cuda-12.4"
        assert "CUDA 12.4.1" in as_nobody("info").out
        assert as_nobody("run", "13.0", "--", "nvcc", "--version").out.endswith("V13.0.88\n")


class TestFullDisk:
    """A file system of a few hundred kilobytes, mounted where nobody else sees it."""

    def test_the_environment_is_on_it(self, conda: Conda, tmp_path: Path) -> None:
        place = tmp_path / "full"
        wheels = _large_release(tmp_path / "wheels")
        conda.variables["PIP_FIND_LINKS"] = wheels.as_uri()
        conda.variables["CONDA_PKGS_DIRS"] = str(tmp_path / "pkgs")
        script = (
            f'mkdir -p "{place}/env/conda-meta" && touch "{place}/env/conda-meta/history"; '
            f'"{conda.exe}" cuda use -p "{place}/env" 12.4 --from=pypi --flavor=base -y; '
            f'code=$?; find "{place}/env" | sort >&2; exit $code'
        )
        done = mounted(conda, place, "size=1m", script)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert f"The disk that holds {place}/env is full, so nothing was changed." in done.stderr
        assert done.stderr.endswith(
            f"{place}/env\n{place}/env/conda-meta\n{place}/env/conda-meta/history\n"
        )

    def test_the_package_cache_is_on_it(
        self, conda: Conda, environment: Path, tmp_path: Path
    ) -> None:
        place = tmp_path / "full"
        wheels = _large_release(tmp_path / "wheels")
        conda.variables["PIP_FIND_LINKS"] = wheels.as_uri()
        conda.variables["CONDA_PKGS_DIRS"] = str(place / "pkgs")
        before = listing(environment)
        script = (
            f'mkdir "{place}/pkgs" && touch "{place}/pkgs/urls.txt"; '
            f'"{conda.exe}" cuda use -p "{environment}" 12.4 --from=pypi --flavor=base -y; '
            f'code=$?; find "{place}" -name "*wheel_0*" >&2; find "{place}" -name "*.whl" >&2; exit $code'
        )
        # The first is too small for the download, the second for what is made of it.
        for size in ("1m", "3m"):
            done = mounted(conda, place, f"size={size}", script)
            assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
            assert f"The disk that holds {place}/pkgs is full" in done.stderr, size
            assert not done.stderr.endswith(".whl\n")
            assert "wheel_0" not in done.stderr
            assert listing(environment) == before

    @pytest.mark.parametrize("free", range(0, 64, 8))
    def test_any_amount_of_space_gives_the_old_state_or_the_new(
        self, free: int, conda: Conda, tmp_path: Path, two: Path
    ) -> None:
        """Switching needs a few kilobytes: with too few, all stays; with enough, all is done."""
        place = tmp_path / "full"
        show = (
            f'(cd "{place}/two" && readlink cuda && ls bin && cat etc/conda/cuda/state.yaml '
            '&& find . -name "*tmp*")'
        )
        script = (
            f'cp -a "{two}" "{place}/two"; fill=$(df -k --output=avail "{place}" | tail -1); '
            f'head -c $(( (fill - {free}) * 1024 )) /dev/zero > "{place}/filler"; {show} > "{tmp_path}/before"; '
            f'"{conda.exe}" cuda use -p "{place}/two" 13.0; code=$?; {show} > "{tmp_path}/after"; exit $code'
        )
        done = mounted(conda, place, "size=3m", script)
        assert (done.returncode in (0, 1), "Traceback" in done.stderr) == (True, False), done.stderr
        before, after = ((tmp_path / name).read_text() for name in ("before", "after"))
        if done.returncode:
            assert "is full, so nothing was changed." in done.stderr
            assert after == before
        else:
            assert after.splitlines()[:3] == ["cuda-13.0", "nvcc", "ptxas"]
            assert "tmp" not in after


def _large_release(folder: Path) -> Path:
    from ..sources.wheelhouse import write_releases

    return write_releases(folder, "12.4.1", filler=2_000_000)
