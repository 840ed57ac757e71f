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

from ..errors import CudaError, ForeignFileError
from .descent import CLOSED, NO_LINK, NO_WAIT, temporary_name
from .files import Inside
from .operating_system import LOCKED_FILES_ARE_OPEN, try_lock
from .progress import Waiting

PATIENCE = 600.0
"""Seconds to wait for another command: long enough for a large download."""

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""What a file system without locks answers."""

_MAKING = 60.0
"""Seconds in which a file that is still empty may be about to be locked."""

_ATTEMPTS = 1000
"""How often the folder may vanish before its absence is an error."""


class LockedError(CudaError):
    """Another process holds the lock for too long."""

    def __init__(self, path: Path, holder: str, name: str) -> None:
        super().__init__(
            f"Waited too long for {name}.",
            hints=["Wait until it has finished, then run the command again."],
            path=path,
            holder=holder,
        )


@contextlib.contextmanager
def locked(
    path: Path, what: str, patience: float = PATIENCE, *, below: Path | None = None
) -> Iterator[None]:
    """Hold the lock of a file; wait for it if need be, and say so on a terminal.

    Args:
        path: the file; it is made when it does not exist, and stays.
        what: who else may hold the lock, for the message.
        patience: seconds to wait at most.
        below: the folder below which no link on the way to the file is followed; by default the
            file's own folder.

    Raises:
        LockedError: another process holds the lock for longer.
        ForeignFileError: something else has the name of the file.
    """
    end = time.monotonic() + patience
    inside = Inside(below or path.parent)
    handle = _open(inside, path)
    try:
        with contextlib.ExitStack() as waiting:
            shown = False
            while not (_try_lock(handle) and _is_open_at(handle, path)):
                holder = _holder(handle)
                name = f"{what} (process {holder or 'unknown'})"
                if time.monotonic() > end:
                    raise LockedError(path, holder, name)
                if not shown:
                    shown = True
                    waiting.enter_context(Waiting(f"Waiting for {name}"))
                time.sleep(0.05)
                if not _is_open_at(handle, path):
                    # The last holder has removed the file together with all else of ours.
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


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file at this moment."""
    try:
        handle = os.open(path, os.O_RDWR | CLOSED | NO_LINK | NO_WAIT)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def lent(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside another one, for a program to read that goes by its place; it ends in `.yml`.

    It is removed afterwards. Those that killed commands have left beside `path` are removed first:
    nobody holds their locks.

    Raises:
        OSError: when none can be written there.
    """
    files, begin = Inside(path.parent), path.name[:100]
    for name in files.leftovers(path.parent):
        if name.startswith(f".{begin}.") and _is_left_behind(path.parent / name):
            # On Windows nobody can remove it while it is open.
            with contextlib.suppress(OSError, ForeignFileError):
                files.remove(path.parent / name)
    new = path.with_name(f"{temporary_name(begin)}.yml")
    try:
        with files.create(new, 0o600) as file:
            if LOCKED_FILES_ARE_OPEN:
                _try_lock(file.fileno())
            file.write(data)
            file.flush()
            yield new
    finally:
        files.remove(new)


def _is_left_behind(path: Path) -> bool:
    """Whether a file is this user's, and no process holds its lock or is about to take it."""
    try:
        handle = os.open(path, os.O_RDWR | CLOSED | NO_LINK | NO_WAIT)
    except OSError:
        return False
    try:
        if not _try_lock(handle):
            return False
        # It is locked before anything is written into it.
        found = os.fstat(handle)
        return found.st_size > 0 or time.time() - found.st_mtime > _MAKING
    finally:
        os.close(handle)


def _open(inside: Inside, path: Path) -> int:
    for _ in range(_ATTEMPTS):
        # The last holder may remove file and folder at any moment.
        with contextlib.suppress(FileNotFoundError):
            return inside.lock_file(path)
    return inside.lock_file(path)


def _is_open_at(handle: int, path: Path) -> bool:
    """Whether the path still names the open file."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _write_holder(handle: int, text: str) -> None:
    """Let others read who holds the lock; not on a full disk, where a command may free space."""
    if LOCKED_FILES_ARE_OPEN:
        with contextlib.suppress(OSError):
            # `Inside.lock_file` has made sure that the file is ours: no link, no other name.
            os.ftruncate(handle, 0)
            os.pwrite(handle, text.encode(), 0)


def _holder(handle: int) -> str:
    """The number of the process that holds the lock; empty when it cannot be read."""
    try:
        return os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    except (OSError, AttributeError):
        return ""


def _try_lock(handle: int) -> bool:
    try:
        return try_lock(handle)
    except OSError as error:
        # Clusters mount Lustre and NFS without locks. It is better to rely on nobody running two
        # commands at the same time than to refuse all work there.
        if error.errno not in _NO_LOCKS:
            raise
        return True
