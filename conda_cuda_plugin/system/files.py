"""The one way to touch the file system: below one folder, by descriptor, never through a link.

What is written is seen whole or not at all. Nothing is truncated, and the mode or the content of a
file that has another name too is left alone: it is somebody else's there.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ForeignFileError, NoSymbolicLinksError
from .descent import (
    BINARY,
    CLOSED,
    NEW,
    NO_LINK,
    NO_WAIT,
    READ,
    Spot,
    descend,
    is_plain,
    is_temporary,
    kept_name,
    temporary_name,
)
from .operating_system import HAS_MODES, NO_LINKS, WINDOWS, rename_exchange, swap_link
from .reading import open_regular


@dataclass(frozen=True)
class Inside:
    """Changes below one folder: an environment, a package cache, a scratch folder.

    Paths are absolute or relative to the folder. A link between the folder and an entry is a
    ForeignFileError, and so is an entry of another kind than the one that has to be there.

    Args:
        base: the folder.
    """

    base: Path

    def _at(
        self, path: Path, *, make: bool = False
    ) -> contextlib.AbstractContextManager[tuple[Spot, str]]:
        return descend(self.base, self.base / path, make=make)

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> bool:
        """Replace a file with one that holds exactly these bytes.

        Returns:
            Whether anything was written; a file that is right already stays as it is.
        """
        with self._at(path, make=True) as (spot, name):
            if spot.holds(name, data, mode):
                return False
            spot.put(name, io.BytesIO(data), mode)
        return True

    def link(self, path: Path, target: str) -> bool:
        """Make a symbolic link, or point an existing one elsewhere, in one step.

        On Windows it is a junction, and there is a moment without it; a file gets a hard link.

        Returns:
            Whether anything changed.
        """
        with self._at(path, make=True) as (spot, name):
            aside = temporary_name(name)
            if WINDOWS:
                return swap_link(spot.folder / name, target, spot.folder / aside)
            with contextlib.suppress(OSError):
                if os.readlink(name, dir_fd=spot.handle) == target:
                    return False
            spot.symlink(target, aside)
            try:
                spot.replace(aside, spot, name)
            except BaseException:
                with contextlib.suppress(OSError):
                    spot.unlink(aside)
                raise
        return True

    def hard_link(self, source: Path, path: Path) -> None:
        """Give a file below the folder another name there."""
        with self._at(source) as (old, old_name), self._at(path, make=True) as (new, new_name):
            if WINDOWS:
                os.link(old.at(old_name), new.at(new_name))
                return
            os.link(
                old_name, new_name, src_dir_fd=old.handle, dst_dir_fd=new.handle,
                follow_symlinks=False,
            )  # fmt: skip

    def create(self, path: Path, mode: int = 0o666) -> BinaryIO:
        """Open a new file for writing; what has its name must not exist."""
        with self._at(path, make=True) as (spot, name):
            handle = spot.open(name, os.O_WRONLY | NEW, mode)
        return os.fdopen(handle, "wb")

    def copy(self, source: Path, path: Path) -> None:
        """Put a copy of a file, which may lie anywhere, into a new one."""
        with open_regular(source) as old, self.create(path) as new:
            shutil.copyfileobj(old, new)

    def append(self, path: Path) -> BinaryIO:
        """Open a file to write behind its end; it is made when it does not exist."""
        return os.fdopen(self._own(path, os.O_WRONLY | os.O_APPEND, "a plain file"), "ab")

    def reopen(self, path: Path) -> BinaryIO:
        """Open a file that is there, and has no other name, to change it in place."""
        return os.fdopen(self._own(path, os.O_RDWR, "a plain file", make=False), "r+b")

    def lock_file(self, path: Path) -> int:
        """Open the file that a lock is held on; it is made when it does not exist."""
        return self._own(path, os.O_RDWR, "the file of a lock")

    def _own(self, path: Path, flags: int, what: str, *, make: bool = True) -> int:
        flags |= (os.O_CREAT if make else 0) | NO_LINK | NO_WAIT | CLOSED | BINARY
        with self._at(path, make=make) as (spot, name):
            wrong = ForeignFileError(spot.folder / name, reason=f"{what} has to be there")
            try:
                handle = spot.open(name, flags, 0o644)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
                    raise
                raise wrong from error
            if not is_plain(os.fstat(handle)):
                os.close(handle)
                raise wrong
            return handle

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it, where they do not exist."""
        with self._at(path / "x", make=True):
            pass

    def set_facts(self, path: Path, facts: os.stat_result) -> None:
        """Give a folder the mode of another one, and its owner where that may be done."""
        with self._at(path) as (spot, name):
            spot.set_facts(name, facts)

    def rename(self, path: Path, new: Path) -> None:
        """Give an entry another name, in place of what has it."""
        with self._at(path) as (old, old_name), self._at(new, make=True) as (spot, name):
            old.replace(old_name, spot, name)

    def put_aside(self, path: Path) -> Path:
        """Make room for a file of ours where the user's is; the name that his has now.

        No shell sources a file with that ending, and nobody calls one by it.
        """
        path = self.base / path
        new = kept_name(path)
        self.rename(path, new)
        return new

    def exchange(self, new: Path, old: Path) -> None:
        """Let a folder take another's place; the other one ends up under the new one's name.

        On Linux both change in one step. Elsewhere there is a moment in between; a command that is
        killed in it leaves the old folder under a name that the next command puts back.
        """
        new, old = self.base / new, self.base / old
        with self._at(new), self._at(old):
            if rename_exchange(new, old):
                return
        aside = old.with_name(f"{new.name}.old")
        self.rename(old, aside)
        self.rename(new, old)
        self.rename(aside, new)

    def remove(self, path: Path) -> bool:
        """Take a file or a link away; whether there was one."""
        try:
            with self._at(path) as (spot, name):
                spot.unlink(name)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def remove_folder(self, path: Path) -> bool:
        """Take an empty folder away; whether that was one."""
        try:
            with self._at(path) as (spot, name):
                os.rmdir(spot.at(name), dir_fd=spot.handle)
        except OSError:
            return False
        return True

    def remove_tree(self, path: Path) -> None:
        """Take away whatever has a name; links in it are removed, not followed."""
        try:
            with self._at(path) as (spot, name):
                mode = os.stat(spot.at(name), dir_fd=spot.handle, follow_symlinks=False).st_mode
                if not stat.S_ISDIR(mode):
                    spot.unlink(name)
                elif spot.handle is not None and sys.version_info >= (3, 11):
                    shutil.rmtree(name, dir_fd=spot.handle)
                else:
                    shutil.rmtree(spot.folder / name)
        except FileNotFoundError:
            if os.path.lexists(self.base / path):
                raise
        except RecursionError as error:
            raise OSError(
                errno.ENAMETOOLONG, "folders lie too deep", str(self.base / path)
            ) from error

    def set_mode(self, path: Path, add: int = 0, take: int = 0) -> None:
        """Add to and take from the mode of a file or folder.

        A file that has other names too gives way to a copy of its own, and the others stay.
        """
        with self._at(path) as (spot, name):
            handle = spot.open(name, READ)
            with contextlib.ExitStack() as stack:
                stack.callback(os.close, handle)
                facts = os.fstat(handle)
                mode = stat.S_IMODE(facts.st_mode) & ~take | add
                if is_plain(facts) or stat.S_ISDIR(facts.st_mode):
                    if HAS_MODES:
                        os.fchmod(handle, mode)
                elif stat.S_ISREG(facts.st_mode):
                    with os.fdopen(os.dup(handle), "rb") as file:
                        spot.put(name, file, mode)
                else:
                    raise ForeignFileError(spot.folder / name, reason="it is no plain file")

    def remove_leftovers(self, folder: Path, name: str = "") -> list[str]:
        """Take away what interrupted commands have left in one folder.

        Args:
            folder: where; nobody else may write there at this moment.
            name: only what was to become files that begin so, where others may write other files.

        Returns:
            The names of what was removed.
        """
        found = [one for one in self.leftovers(folder) if one.startswith(f".{name}")]
        for one in found:
            self.remove_tree(folder / one)
        return found

    def leftovers(self, folder: Path) -> list[str]:
        """The names of what interrupted commands have left in one folder."""
        try:
            with self._at(folder / "x") as (spot, _):
                return [name for name in spot.names() if is_temporary(name)]
        except (OSError, ForeignFileError):
            return []

    @contextlib.contextmanager
    def scratch(self, folder: Path) -> Iterator[Path]:
        """A new folder in another one, for this user alone; it is gone afterwards."""
        path = self.base / folder / temporary_name()
        with self._at(path, make=True) as (spot, name):
            os.mkdir(spot.at(name), 0o700, dir_fd=spot.handle)
        try:
            yield path
        finally:
            self.remove_tree(path)

    def check_symlinks(self) -> None:
        """Refuse a folder whose file system has no symbolic links, or junctions on Windows.

        Raises:
            NoSymbolicLinksError: when it has none.
        """
        path = self.base / temporary_name()
        if not WINDOWS:
            with self._at(path) as (spot, name):
                spot.symlink(".", name)
                spot.unlink(name)
            return
        try:
            swap_link(path, ".", path.with_name(temporary_name()))
            os.rmdir(path)
        except OSError as error:
            if getattr(error, "winerror", 0) not in NO_LINKS:
                raise
            raise NoSymbolicLinksError(self.base) from error
