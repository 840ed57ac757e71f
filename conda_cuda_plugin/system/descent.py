"""The way down from a folder to an entry of it, on which no link is followed.

Links above the folder are the user's: homes and environments often lie behind some. Below it only
`files` and we put things, so a link there leads where somebody else wants us to write.
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
"""Opening a pipe must not wait for whoever is at its other end."""
BINARY = getattr(os, "O_BINARY", 0)
NEW = os.O_CREAT | os.O_EXCL | NO_LINK | CLOSED | BINARY
READ = os.O_RDONLY | NO_LINK | NO_WAIT | CLOSED | BINARY
# No shell sources a file with this ending, and no tool takes it for one of ours.
TEMPORARY = ".conda-cuda-tmp"
KEPT = ".kept"
"""Ending of the name that a file of the user's gets where its own is needed."""
_OURS = re.compile(rf"\.(.+\.)?[0-9a-f]{{8}}{re.escape(TEMPORARY)}", re.DOTALL)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | CLOSED
# Folders that one may pass through and not list are passed through.
_STEP = _FOLDER | getattr(os, "O_PATH", 0)


def temporary_name(name: str = "") -> str:
    """A new name for what takes the place of another entry later."""
    return f".{name}{'.' if name else ''}{secrets.token_hex(4)}{TEMPORARY}"


def is_temporary(name: str) -> bool:
    """Whether an entry is called as only unfinished work of ours is."""
    return _OURS.fullmatch(name) is not None


def kept_name(path: Path) -> Path:
    """A name that is free for a file of the user's whose own is needed."""
    name = os.fsdecode(os.fsencode(path.name)[:240])
    new, number = path.with_name(f"{name}{KEPT}"), 1
    while os.path.lexists(new):
        number += 1
        new = path.with_name(f"{name}{KEPT}{number}")
    return new


def without_time(file: BinaryIO) -> None:
    """Let an open file, all of which is written, be as old as it can: its age tells nothing."""
    file.flush()
    if os.utime in os.supports_fd:
        os.utime(file.fileno(), (0, 0))


def is_plain(facts: os.stat_result) -> bool:
    """Whether it is a file without another name; one whose last name is just gone, too."""
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink <= 1


@dataclass(frozen=True)
class Spot:
    """A folder that is held open; Windows cannot, so there it is known by its path.

    Args:
        folder: its path.
        handle: its descriptor, as `dir_fd` takes it.
    """

    folder: Path
    handle: int | None

    def at(self, name: str) -> str:
        """What an entry is called in calls that get `handle` as `dir_fd`."""
        return name if self.handle is not None else str(self.folder / name)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open an entry."""
        return os.open(self.at(name), flags, mode, dir_fd=self.handle)

    def set_facts(self, name: str, facts: os.stat_result) -> None:
        """Give a folder in it the mode of another one, and its owner where that may be done."""
        if not HAS_MODES:
            return
        handle = self.open(name, os.O_RDONLY | _FOLDER | NO_LINK)
        try:
            if os.geteuid() == 0:
                with contextlib.suppress(OSError):
                    os.fchown(handle, facts.st_uid, facts.st_gid)
            os.fchmod(handle, stat.S_IMODE(facts.st_mode))
        finally:
            os.close(handle)

    def unlink(self, name: str) -> None:
        """Take a file or link away."""
        os.unlink(self.at(name), dir_fd=self.handle)

    def replace(self, name: str, other: Spot, new: str) -> None:
        """Give an entry another name, maybe in another folder, in place of what has it."""
        os.replace(
            self.at(name), other.at(new), src_dir_fd=self.handle, dst_dir_fd=other.handle
        )  # fmt: skip

    def put(self, name: str, content: BinaryIO, mode: int) -> None:
        """Let a new file with some content take the place of an entry, in one step."""
        aside = temporary_name(name)
        handle = self.open(aside, os.O_WRONLY | NEW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(content, file)
                if HAS_MODES:
                    os.fchmod(handle, mode)
            self.replace(aside, self, name)
        except BaseException:
            with contextlib.suppress(OSError):
                self.unlink(aside)
            raise

    def holds(self, name: str, data: bytes, mode: int) -> bool:
        """Whether an entry is a plain file with exactly this content and mode."""
        try:
            handle = self.open(name, READ)
        except OSError:
            return False
        facts = os.fstat(handle)
        if not is_plain(facts):
            os.close(handle)
            return False
        with os.fdopen(handle, "rb") as file:
            return (
                facts.st_size == len(data)
                and (not HAS_MODES or facts.st_mode & 0o777 == mode)
                and file.read() == data
            )

    def symlink(self, target: str, name: str) -> None:
        """Make a symbolic link.

        Raises:
            NoSymbolicLinksError: when the file system has none.
        """
        try:
            os.symlink(target, name, dir_fd=self.handle)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            # Where no file can be made either, it is not for want of links.
            tempfile.TemporaryFile(dir=self.folder).close()
            raise NoSymbolicLinksError(self.folder) from error

    def names(self) -> list[str]:
        """The names of its entries."""
        if self.handle is None:
            return sorted(os.listdir(self.folder))
        listed = os.open(".", os.O_RDONLY | _FOLDER, dir_fd=self.handle)
        try:
            return sorted(os.listdir(listed))
        finally:
            os.close(listed)


@contextlib.contextmanager
def descend(base: Path, path: Path, *, make: bool = False) -> Iterator[tuple[Spot, str]]:
    """Hold open the folder of an entry below another one.

    Args:
        base: the folder in which all happens; it may itself lie behind links.
        path: the entry, below it.
        make: whether folders on the way are made.

    Returns:
        The folder and the entry's name.

    Raises:
        ForeignFileError: when a link is on the way.
        OSError: with the entry's path, when anything cannot be done.
    """
    parts = path.relative_to(base).parts
    if not parts or ".." in parts:
        raise ValueError(f"{path} is not below {base}")
    try:
        if WINDOWS:
            yield _look(base, parts[:-1], make), parts[-1]
            return
        if make:
            # Gone between two looks of mkdir, or no folder: opening it tells.
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
