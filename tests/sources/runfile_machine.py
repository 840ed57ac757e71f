"""A conda with a package cache of its own, and what must not change while installers run."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..channel.libraries import Compiler
from ..conftest import Conda, Result, _conda
from . import installer
from .installer import Files

LOG = Path("/tmp/cuda-installer.log")
"""The log file of NVIDIA's installer programs."""
_SOMEBODY = "the log of somebody else\n"
_OUTSIDE = (Path("/usr/local"), Path("/var/log"))


@dataclass
class Machine:
    """Where a test runs installers.

    Args:
        conda: the conda.
        compiler: makes libraries that load.
        folder: an empty folder for installers.
    """

    conda: Conda
    compiler: Compiler
    folder: Path

    def environment(self, name: str = "one") -> Path:
        """A new environment."""
        return self.conda.create(self.conda.envs / name)

    def tree(self, version: str = "10.2.89", math: bytes | None = None) -> Files:
        """A toolkit whose libraries load."""
        release = version.rpartition(".")[0]
        major, minor = map(int, release.split("."))
        runtime = self.compiler.runtime(f"libcudart.so.{release}", major * 1000 + minor * 10)
        math = self.compiler.library("libcublas.so.10") if math is None else math
        return installer.toolkit(release, version, runtime, release, math)

    def middle(self, name: str = "cuda_10.2.89_440.33.09_linux{}.run", **changes: Files) -> Path:
        """An installer of 10.2 with more in its tree; a driver version that NVIDIA has not used."""
        tree = self.tree() | changes.get("more", Files())
        return installer.middle_installer(self.folder, name.format(installer.SUFFIX), tree)

    def use(
        self, prefix: Path, version: str, file: Path | str, *words: str, **more: object
    ) -> Result:
        """`conda cuda use VERSION --from FILE --sha256 ...`."""
        known = ("--sha256", installer.sha256(file)) if isinstance(file, Path) else ()
        return self.conda.cuda(
            "use", prefix, version, "--from", file, *known, *words, "--yes", **more
        )

    def outside(self) -> dict[str, object]:
        """Names and times of all that an installer might touch, and what lies in the cache."""
        found: dict[str, object] = {str(LOG): LOG.read_bytes()}
        for folder in (*_OUTSIDE, self.conda.home):
            for path in sorted(
                folder.rglob("*") if folder == self.conda.home else folder.iterdir()
            ):
                # conda itself keeps a list of environments.
                known = {"__pycache__", ".conda"} & set(path.parts)
                if not known and self.conda.envs not in path.parents:
                    found[str(path)] = path.lstat().st_mtime_ns if not path.is_dir() else "folder"
        return found

    def cache(self) -> set[str]:
        """All that lies in the package cache but conda's and our own bookkeeping."""
        kept = {"urls.txt", "urls", "cache", "conda-cuda"}
        top = {entry.name for entry in os.scandir(self.conda.pkgs)} - kept
        local = self.conda.pkgs / "conda-cuda"
        inside = {str(path.relative_to(local)) for path in local.rglob("*")}
        return top | (inside - {"lock", "linux-64", "linux-aarch64"})


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """gcc for stand-ins."""
    return Compiler(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def machine(conda_exe: Path, compiler: Compiler, tmp_path: Path) -> Iterator[Machine]:
    """A machine on which another user's installer has left its log file."""
    installer.require_tools()
    for name in ("home", "pkgs", "downloads"):
        (tmp_path / name).mkdir()
    (tmp_path / "pkgs" / "urls.txt").touch()
    conda = _conda(conda_exe, tmp_path / "home", tmp_path / "pkgs")
    conda.variables |= {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}
    with _log_of_somebody():
        yield Machine(conda, compiler, tmp_path / "downloads")


@contextlib.contextmanager
def _log_of_somebody() -> Iterator[None]:
    """Let the log file be there; the last of several test processes takes it away."""
    handle = os.open(LOG.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        with contextlib.suppress(FileExistsError), open(LOG, "x") as file:
            file.write(_SOMEBODY)
        yield
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if LOG.read_text() == _SOMEBODY:
                LOG.unlink()
    finally:
        os.close(handle)
