"""One command at a time for one environment or one cache.

The lock is the operating system's, on an open file: it ends with the process, however the process
ends, so a stale lock cannot exist. A file system without locks is used without one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import CudaError
from .descent import CLOSED, NO_LINK, NO_WAIT
from .files import Inside
from .operating_system import LOCKED_FILES_ARE_OPEN, try_lock
from .progress import Waiting

PATIENCE = 600.0
"""Seconds to wait for another command: long enough for a large download."""

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""What a file system without locks answers."""

_ATTEMPTS = 1000
"""How often the folder may vanish under us before its absence is an error."""


class LockedError(CudaError):
    """Another process holds the lock for too long."""

    def __init__(self, path: Path, holder: str, what: str) -> None:
        super().__init__(
            f"Waited too long for {_named(what, holder)}.",
            hints=["Wait until it has finished, then run the command again."],
            path=path,
            holder=holder,
        )


@contextlib.contextmanager
def locked(
    path: Path, what: str, patience: float = PATIENCE, *, below: Path | None = None
) -> Iterator[None]:
    """Hold the lock that a file stands for; wait for it if need be, and say so on a terminal.

    Args:
        path: the file; it is made and stays.
        what: who else may hold it, for the message.
        patience: seconds to wait at most.
        below: the folder below which no link on the way to it is followed; the one that the file
            lies in where others have no say above it.

    Raises:
        LockedError: when somebody else holds it for longer.
        ForeignFileError: when something else has the name of the file.
    """
    end = time.monotonic() + patience
    waits = False
    inside = Inside(below or path.parent)
    handle = _open(inside, path)
    try:
        with contextlib.ExitStack() as shown:
            while not (_try_lock(handle) and _is_open_at(handle, path)):
                if time.monotonic() > end:
                    raise LockedError(path, _holder(handle), what)
                if not waits:
                    waits = True
                    shown.enter_context(_waiting_for(_named(what, _holder(handle))))
                time.sleep(0.05)
                if not _is_open_at(handle, path):
                    # Its last holder has taken the file away together with all else of ours.
                    anew = _open(inside, path)
                    os.close(handle)
                    handle = anew
        _write_holder(handle, f"{os.getpid()}\n")
        try:
            yield
        finally:
            _write_holder(handle, "")
    finally:
        os.close(handle)


def _waiting_for(name: str) -> contextlib.AbstractContextManager[object]:

    return Waiting(f"Waiting for {name}")


def _named(what: str, holder: str) -> str:
    return f"{what} (process {holder or 'unknown'})"


def is_held(path: Path) -> bool:
    """Whether some process holds the lock that a file stands for, at this moment."""
    try:
        handle = os.open(path, os.O_RDWR | CLOSED | NO_LINK | NO_WAIT)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _open(inside: Inside, path: Path) -> int:
    for _ in range(_ATTEMPTS):
        # At any moment its last holder may take file and folder away.
        with contextlib.suppress(FileNotFoundError):
            return inside.lock_file(path)
    return inside.lock_file(path)


def _is_open_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one that the path names."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _write_holder(handle: int, text: str) -> None:
    """Let others read who holds it; on a full disk, where space may be about to be freed, not."""
    if LOCKED_FILES_ARE_OPEN:
        with contextlib.suppress(OSError):
            # Ours by `Inside.lock_file`: no link, and no other name.
            os.ftruncate(handle, 0)
            os.pwrite(handle, text.encode(), 0)


def _holder(handle: int) -> str:
    """The process that wrote its number into the file."""
    try:
        return os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    except (OSError, AttributeError):
        return ""


def _try_lock(handle: int) -> bool:
    try:
        return try_lock(handle)
    except OSError as error:
        # Clusters mount Lustre and NFS so. To be of no use there would be worse than to rely on
        # nobody running two commands at the same time.
        if error.errno not in _NO_LOCKS:
            raise
        return True
