"""NVIDIA's installers, unpacked without root into a folder of their own.

They are makeself archives: a shell script in front of a compressed tar. What is run is that
script's own unpacking (`--noexec --target`), for installers up to 10.0 a second time for the
archive inside, `run_files/cuda-linux*.run`. NVIDIA's installer program itself then never starts:
it wants libxml2 or perl, writes the fixed log file /tmp/cuda-installer.log and looks at the
compiler and the driver of the machine. Only when the toolkit does not lie open in the archive is
the program run, and only where it can be shut in.

Sources: the recipes for CUDA of EasyBuild (easyblocks/c/cuda.py), Spack (cuda/package.py) and
nixpkgs (cudatoolkit/common.nix), which unpack installers 6.5 to 13.0 this way, read 2026-11.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...system.files import Inside
from ...system.operating_system import tidy, uninterrupted
from ...system.reading import open_regular
from ...versions import CudaVersion
from .confine import NO_NAMESPACES
from .installers import RunfileError
from .parts import Tree

LIMIT = 3600.0
"""Seconds: unpacking 5 GB takes minutes on a slow disk, an hour on none."""
FIRST_NEW = CudaVersion(10, 1)
"""From here on installers have another program inside, with other options."""
_PLACE = "cuda.run"
_LOGS = ("tmp/cuda-installer.log", "log/cuda-installer.log")
_FULL = re.compile(r"No space left on device|Not enough space left in \S+ ")
"""What programs say, and what makeself says before it begins."""
_LAST_LINES = 6
_NO_TEXT = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]")
"""What must not reach a terminal."""


@dataclass
class Workplace:
    """The folder in which an installer is unpacked.

    Args:
        title: its name, for messages.
        limit: seconds that each step may take.
    """

    folder: Path
    file: Path
    title: str
    limit: float = LIMIT
    confined: bool = field(init=False)
    """Whether the installer sees the rest of the machine read-only."""

    def __post_init__(self) -> None:
        files = Inside(self.folder)
        for name in ("log", "tmp/home"):
            files.make_folder(Path(name))
        files.create(Path("tmp", _PLACE)).close()
        self.confined = True
        try:
            self.confined = self._run(["true"]) != NO_NAMESPACES
        finally:
            if not self.confined:
                files.link(Path("tmp", _PLACE), str(self.file))

    def inside(self, name: str) -> str:
        """What the installer has to call an entry of our `tmp`."""
        return f"/tmp/{name}" if self.confined else str(self.folder / "tmp" / name)

    def outside(self, name: str) -> Path:
        """Where an entry of our `tmp` lies."""
        return self.folder / "tmp" / name

    def run(self, script: str, *options: str) -> None:
        """Run a shell archive of our `tmp`.

        Raises:
            RunfileError: when it fails or takes too long.
            OSError: when the disk is full.
        """
        code = self._run(["sh", self.inside(script), *options])
        if code:
            # With no space at all it could not say so either.
            if _FULL.search(" ".join(self.last())) or not shutil.disk_usage(self.folder).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
            ended = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise RunfileError(self.title, f"it could not be unpacked ({ended})", hints=self.last())

    def last(self) -> tuple[str, ...]:
        """What the installer has said last, in its output and in its logs."""
        found: list[str] = []
        for name in ("output", *_LOGS):
            path = self.folder / name
            if path.is_symlink() or not path.is_file():
                # A pipe would keep us waiting.
                continue
            with contextlib.suppress(OSError), open_regular(path, links=False) as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 2**14))
                text = file.read().decode("utf-8", "replace")
                lines = [_NO_TEXT.sub("", line).strip()[:200] for line in text.splitlines()]
                found += [line for line in lines if line][-_LAST_LINES:]
        return tuple(found) or ("It said nothing.",)

    def _run(self, words: Sequence[str]) -> int:
        mode = "private" if self.confined else "plain"
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("confine.py")), mode]
        command += [str(self.folder), str(self.file), _PLACE, *words]
        Inside(self.folder).remove(Path("output"))
        process = None
        with Inside(self.folder).create(Path("output")) as output:
            try:
                # A signal before its number is known would leave it running.
                with uninterrupted():
                    process = subprocess.Popen(
                        command,
                        env=self._variables(),
                        cwd=self.folder,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        # Without a terminal nobody can be asked; and all can be ended at once.
                        start_new_session=True,
                    )
                return process.wait(self.limit)
            except subprocess.TimeoutExpired as error:
                raise RunfileError(
                    self.title,
                    f"it was not unpacked after {self.limit:.0f} seconds and was stopped",
                    hints=self.last(),
                ) from error
            finally:
                if process is not None:
                    tidy(functools.partial(_end, process))

    def _variables(self) -> Mapping[str, str]:
        """Nothing of the user's but PATH: no DISPLAY, no SUDO_USER, no language, no home."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": self.inside("home"),
            "TMPDIR": self.inside(""),
            "LC_ALL": "C",
            # Perl 5.26 and later do not look beside a script for the modules of CUDA up to 8.0.
            "PERL5LIB": self.inside("unpacked"),
        }


def unpack(work: Workplace, version: CudaVersion) -> Tree:
    """Unpack an installer.

    Raises:
        RunfileError: when it fails, takes too long or holds no toolkit.
    """
    folders = tuple(_unpack(work, version))
    return Tree(folders, work.outside("").absolute(), work.inside("").rstrip("/"))


def _unpack(work: Workplace, version: CudaVersion) -> list[Path]:
    work.run(_PLACE, "--noexec", "--target", work.inside("unpacked"))
    unpacked = work.outside("unpacked")
    if found := toolkit_folders(unpacked):
        return found
    inner = _one(unpacked, "run_files/cuda-linux*.run", "cuda-linux*.run")
    if inner is not None:
        script = str(inner.relative_to(work.outside("")))
        work.run(script, "--noexec", "--target", work.inside("inner"))
        if found := toolkit_folders(work.outside("inner")):
            return [*found, unpacked]
    if not work.confined:
        raise RunfileError(
            work.title,
            "its toolkit does not lie open in it, and this machine has no user namespaces, in "
            "which NVIDIA's installer program can be kept from writing outside its folder",
            hints=(
                "Unpack it on a machine that has them (unshare -U true), with the same package "
                "cache, or install it there and adopt it: conda cuda use /path/to/toolkit",
            ),
        )
    work.run(_PLACE, *install_options(work, version))
    if found := toolkit_folders(work.outside("toolkit")):
        return [*found, unpacked]
    raise RunfileError(
        work.title,
        "it is not an installer of a CUDA toolkit: none came out of it",
        hints=work.last(),
    )


def install_options(work: Workplace, version: CudaVersion) -> list[str]:
    """The options with which NVIDIA's installer program installs the toolkit and nothing else."""
    target = work.inside("toolkit")
    options = ["--silent", "--toolkit", "--override", f"--toolkitpath={target}"]
    if version >= FIRST_NEW:
        return [*options, f"--installpath={target}", "--no-man-page", f"--tmpdir={work.inside('')}"]
    return [*options, "--verbose", f"--tmpdir={work.inside('')}"]


def toolkit_folders(folder: Path) -> list[Path]:
    """The folders below one that together are a toolkit's root; empty when there are none.

    It is the folder itself, `builds/cuda-toolkit` and its neighbours (10.1, 10.2), or one folder
    for each component in `builds` (from 11.0 on) or in the folder itself.
    """
    if folder.is_symlink():
        # Nothing outside our own folder is a part of the installer.
        return []
    if _is_root(folder):
        return [folder]
    for top in (folder / "builds", folder):
        parts = [path for path in _folders(top) if any((path / n).is_dir() for n in _TOPS)]
        if any(_is_root(path) for path in parts):
            # What lies beside them: version.json, EULA.txt.
            return [*parts, *dict.fromkeys((top, folder))]
    return []


_TOPS = ("bin", "lib64", "include", "targets", "nvvm", "extras", "compute-sanitizer")


def _is_root(folder: Path) -> bool:
    return (folder / "bin" / "nvcc").is_file() or _has_runtime(folder)


def _has_runtime(folder: Path) -> bool:
    patterns = ("lib64/libcudart.so*", "targets/*/lib/libcudart.so*")
    return folder.is_dir() and any(any(folder.glob(pattern)) for pattern in patterns)


def _folders(folder: Path) -> list[Path]:
    if folder.is_symlink():
        return []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        return sorted(found)
    return []


def _one(folder: Path, *patterns: str) -> Path | None:
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return next((path for path in found if path.is_file() and not path.is_symlink()), None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of a program running."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
