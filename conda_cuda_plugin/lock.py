"""One command at a time for one environment or one cache.

The lock is the operating system's, on an open file: it ends with the process, however the process
ends, so a stale lock cannot exist.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import CudaError

PATIENCE = 600.0
"""Seconds to wait for another command: long enough for a large download."""

_ATTEMPTS = 1000
"""How often the folder may vanish under us before its absence is an error."""


class LockedError(CudaError):
    """Another process holds the lock for too long."""

    def __init__(self, path: Path, holder: str, what: str) -> None:
        super().__init__(
            f"Waited too long for {what} (process {holder or 'unknown'}).",
            hints=["Wait until it has finished, then run the command again."],
            path=path,
            holder=holder,
        )


@contextlib.contextmanager
def locked(path: Path, what: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock that a file stands for; wait for it if need be.

    Args:
        path: the file; it is made and stays.
        what: who else may hold it, for the message.
        patience: seconds to wait at most.

    Raises:
        LockedError: when somebody else holds it for longer.
    """
    end = time.monotonic() + patience
    handle = _open(path)
    try:
        while not (_try_lock(handle) and _is_open_at(handle, path)):
            if time.monotonic() > end:
                raise LockedError(path, _holder(handle), what)
            time.sleep(0.05)
            if not _is_open_at(handle, path):
                # Its last holder has taken the file away together with all else of ours.
                anew = _open(path)
                os.close(handle)
                handle = anew
        if os.name != "nt":
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        try:
            yield
        finally:
            if os.name != "nt":
                os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock that a file stands for, at this moment."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    for _ in range(_ATTEMPTS):
        # At any moment its last holder may take file and folder away.
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            # Gone between two looks of mkdir, unless something else stands in its place.
            if not path.parent.is_dir() and _is_no_folder(path.parent):
                raise
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def _is_no_folder(path: Path) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _is_open_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one that the path names."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False


def _holder(handle: int) -> str:
    """The process that wrote its number into the file."""
    try:
        return os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    except (OSError, AttributeError):
        return ""


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
