"""Open the folder of an entry below another folder, without following any link on the way.

Links above that folder are the user's: homes and environments often lie behind some. Below it a
link leads where somebody else wants us to write.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ForeignFileError, NoSymbolicLinksError
from .operating_system import HAS_MODES, WINDOWS, is_link

CLOSED = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""To open a pipe must not wait for its other end."""
BINARY = getattr(os, "O_BINARY", 0)
NEW = os.O_CREAT | os.O_EXCL | NO_LINK | CLOSED | BINARY
READ = os.O_RDONLY | NO_LINK | NO_WAIT | CLOSED | BINARY
# No shell sources a file with this ending, and no tool uses it.
TEMPORARY = ".conda-cuda-tmp"
KEPT = ".kept"
"""Ending of the new name of a user's file that was in the way."""
# conda reads a file for an environment by its ending.
_OURS = re.compile(rf"\.(.+\.)?[0-9a-f]{{8}}{re.escape(TEMPORARY)}(\.yml)?", re.DOTALL)
FOLDER = getattr(os, "O_DIRECTORY", 0) | CLOSED
# Folders that one may pass through and not list are passed through.
_STEP = FOLDER | getattr(os, "O_PATH", 0)


def temporary_name(name: str = "") -> str:
    """A new name for an entry that is to replace another one."""
    return f".{name}{'.' if name else ''}{secrets.token_hex(4)}{TEMPORARY}"


def is_temporary(name: str) -> bool:
    """Whether a name is one that `temporary_name` makes."""
    return _OURS.fullmatch(name) is not None


def kept_name(path: Path) -> Path:
    """A free name for a user's file that is in the way."""
    name = os.fsdecode(os.fsencode(path.name)[:240])
    new, number = path.with_name(f"{name}{KEPT}"), 1
    while os.path.lexists(new):
        number += 1
        new = path.with_name(f"{name}{KEPT}{number}")
    return new


def without_time(file: BinaryIO) -> None:
    """Give an open file, all of which is written, the oldest time: its age says nothing."""
    file.flush()
    if os.utime in os.supports_fd:
        os.utime(file.fileno(), (0, 0))


def is_plain(facts: os.stat_result) -> bool:
    """Whether it is a regular file without another name; it may have just lost its last one."""
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink <= 1


@dataclass(frozen=True)
class Spot:
    """A folder that is held open; on Windows, which cannot do that, only its path."""

    folder: Path
    handle: int | None
    """For `dir_fd`; None on Windows."""

    def at(self, name: str) -> str:
        """The name of an entry in calls that get `handle` as `dir_fd`."""
        return name if self.handle is not None else str(self.folder / name)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open an entry."""
        return os.open(self.at(name), flags, mode, dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file or link."""
        os.unlink(self.at(name), dir_fd=self.handle)

    def replace(self, name: str, other: Spot, new: str) -> None:
        """Rename an entry, perhaps into another folder, over what has the new name."""
        os.replace(
            self.at(name), other.at(new), src_dir_fd=self.handle, dst_dir_fd=other.handle
        )  # fmt: skip

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[str]:
        """A temporary name for an entry that replaces another one when the context is left."""
        aside = temporary_name(name)
        try:
            yield aside
            self.replace(aside, self, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self.unlink(aside)
            raise

    def put(self, name: str, content: BinaryIO, mode: int) -> None:
        """Replace an entry with a new file, in one step."""
        with (
            self.replacing(name) as aside,
            os.fdopen(self.open(aside, os.O_WRONLY | NEW, 0o600), "wb") as file,
        ):
            shutil.copyfileobj(content, file)
            if HAS_MODES:
                os.fchmod(file.fileno(), mode)

    def holds(self, name: str, data: bytes, mode: int) -> bool:
        """Whether an entry is a plain file with exactly this content and mode."""
        try:
            handle = self.open(name, READ)
        except OSError:
            return False
        try:
            facts = os.fstat(handle)
            same = is_plain(facts) and facts.st_size == len(data)
            if not same or (HAS_MODES and facts.st_mode & 0o777 != mode):
                return False
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read() == data
        finally:
            os.close(handle)

    def symlink(self, target: str, name: str) -> None:
        """Make a symbolic link.

        Raises:
            NoSymbolicLinksError: the file system has none.
        """
        try:
            os.symlink(target, name, dir_fd=self.handle)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            # Where no file can be made either, links are not the reason.
            tempfile.TemporaryFile(dir=self.folder).close()
            raise NoSymbolicLinksError(self.folder) from error

    def names(self) -> list[str]:
        """The names of its entries."""
        if self.handle is None:
            return sorted(os.listdir(self.folder))
        listed = os.open(".", os.O_RDONLY | FOLDER, dir_fd=self.handle)
        try:
            return sorted(os.listdir(listed))
        finally:
            os.close(listed)


@contextlib.contextmanager
def descend(base: Path, path: Path, *, make: bool = False) -> Iterator[tuple[Spot, str]]:
    """Hold open the folder of an entry somewhere below `base`, which itself may lie behind links.

    Args:
        base: the folder.
        path: the entry.
        make: whether missing folders are made.

    Raises:
        ForeignFileError: a link is on the way.
        OSError: something cannot be done; its path is the entry's.
    """
    parts = path.relative_to(base).parts
    if not parts or ".." in parts:
        raise ValueError(f"{path} is not below {base}")
    try:
        if WINDOWS:
            yield _look(base, parts[:-1], make), parts[-1]
            return
        if make:
            # It was removed meanwhile, or is not a folder: opening it tells.
            with contextlib.suppress(FileExistsError):
                base.mkdir(parents=True, exist_ok=True)
        handle = os.open(base, _STEP)
        try:
            for number, part in enumerate(parts[:-1], 1):
                below = _step(handle, part, base.joinpath(*parts[:number]), make)
                os.close(handle)
                handle = below
            yield Spot(path.parent, handle), parts[-1]
        finally:
            os.close(handle)
    except OSError as error:
        # Calls with a descriptor know the last part of the path only.
        if not isinstance(error.filename, str) or not os.path.isabs(error.filename):
            error.filename, error.filename2 = str(path), None
        raise


def _step(handle: int, name: str, path: Path, make: bool) -> int:
    try:
        return os.open(name, _STEP | NO_LINK, dir_fd=handle)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        error.filename = str(path)
        if is_link(path):
            raise _behind_link(path) from error
        if make and isinstance(error, NotADirectoryError):
            raise ForeignFileError(path, reason="a folder has to be there") from error
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=handle)
    return _step(handle, name, path, make=False)


def _look(base: Path, parts: tuple[str, ...], make: bool) -> Spot:
    folder = base
    for part in parts:
        folder = folder / part
        if is_link(folder):
            raise _behind_link(folder)
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    return Spot(folder, None)


def _behind_link(path: Path) -> ForeignFileError:
    return ForeignFileError(path, reason="it is a link, and a folder has to be there")
