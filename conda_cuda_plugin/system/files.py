"""Change the file system: below one folder, by descriptor, never through a link.

Others see a new file whole or not at all. Nothing is truncated. A file that has another name keeps
its mode and content: under that name it is somebody else's.
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
    FOLDER,
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
from .operating_system import HAS_MODES, NO_LINKS, WINDOWS, rename_exchange, swap_link, tidy
from .reading import open_regular


@dataclass(frozen=True)
class Inside:
    """Changes below one folder: an environment, a package cache, a scratch folder.

    Paths are absolute or relative to the folder. A link between the folder and an entry is a
    ForeignFileError, and so is an entry of another kind than the one that is expected.
    """

    base: Path

    def _at(
        self, path: Path, *, make: bool = False
    ) -> contextlib.AbstractContextManager[tuple[Spot, str]]:
        return descend(self.base, self.base / path, make=make)

    def write(self, path: Path, data: bytes, mode: int = 0o644) -> bool:
        """Replace a file, unless it holds exactly these bytes already; whether it was replaced."""
        with self._at(path, make=True) as (spot, name):
            if spot.holds(name, data, mode):
                return False
            spot.put(name, io.BytesIO(data), mode)
        return True

    def link(self, path: Path, target: str) -> bool:
        """Make a symbolic link, or point one elsewhere in one step; whether anything changed.

        On Windows it is a junction, and there is a moment without it; to a file, a hard link.
        """
        with self._at(path, make=True) as (spot, name):
            if WINDOWS:
                aside = spot.folder / temporary_name(name)
                return swap_link(spot.folder / name, target, aside)
            with contextlib.suppress(OSError):
                if os.readlink(name, dir_fd=spot.handle) == target:
                    return False
            with spot.replacing(name) as new:
                spot.symlink(target, new)
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
        """Open a new file for writing; nothing may have its name."""
        with self._at(path, make=True) as (spot, name):
            handle = spot.open(name, os.O_WRONLY | NEW, mode)
        return os.fdopen(handle, "wb")

    def copy(self, source: Path, path: Path) -> None:
        """Copy a file, which may lie anywhere, to a new one."""
        with open_regular(source) as old, self.create(path) as new:
            shutil.copyfileobj(old, new)

    def append(self, path: Path) -> BinaryIO:
        """Open a file to append to it; it is made when it does not exist."""
        return os.fdopen(self._own(path, os.O_WRONLY | os.O_APPEND, "a plain file"), "ab")

    def reopen(self, path: Path) -> BinaryIO:
        """Open an existing file without another name, to change it in place."""
        return os.fdopen(self._own(path, os.O_RDWR, "a plain file", make=False), "r+b")

    def lock_file(self, path: Path) -> int:
        """Open the file of a lock; it is made when it does not exist."""
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
        """Make a folder and its parents, where they do not exist."""
        with self._at(path / "x", make=True):
            pass

    def set_facts(self, path: Path, facts: os.stat_result) -> None:
        """Give a folder the mode of another one, and root gives it its owner, too."""
        if not HAS_MODES:
            return
        with self._at(path) as (spot, name):
            handle = spot.open(name, FOLDER | NO_LINK)
            try:
                if os.geteuid() == 0:
                    with contextlib.suppress(OSError):
                        os.fchown(handle, facts.st_uid, facts.st_gid)
                os.fchmod(handle, stat.S_IMODE(facts.st_mode))
            finally:
                os.close(handle)

    def rename(self, path: Path, new: Path) -> None:
        """Rename an entry over what has the new name."""
        with self._at(path) as (old, old_name), self._at(new, make=True) as (spot, name):
            old.replace(old_name, spot, name)

    def put_aside(self, path: Path) -> Path:
        """Rename a user's file that is in the way; returns its new path.

        No shell sources a file with that ending, and no tool uses it.
        """
        path = self.base / path
        new = kept_name(path)
        self.rename(path, new)
        return new

    def exchange(self, new: Path, old: Path) -> None:
        """Swap two folders.

        Linux does it in one step. Elsewhere there is a moment in between; when a command is killed
        in it, the next one puts the old folder back.
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
        """Remove a file or a link; whether there was one."""
        try:
            with self._at(path) as (spot, name):
                spot.unlink(name)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def remove_folder(self, path: Path) -> bool:
        """Remove a folder if it is empty; whether it was."""
        try:
            with self._at(path) as (spot, name):
                os.rmdir(spot.at(name), dir_fd=spot.handle)
        except OSError:
            return False
        return True

    def remove_tree(self, path: Path) -> None:
        """Remove a file or a folder with all that is in it; links in it are not followed."""
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

        A file that has another name is replaced with a copy first.
        """
        with self._at(path) as (spot, name):
            handle = spot.open(name, READ)
            try:
                facts = os.fstat(handle)
                mode = stat.S_IMODE(facts.st_mode) & ~take | add
                if is_plain(facts) or stat.S_ISDIR(facts.st_mode):
                    if HAS_MODES:
                        os.fchmod(handle, mode)
                elif stat.S_ISREG(facts.st_mode):
                    with os.fdopen(handle, "rb", closefd=False) as file:
                        spot.put(name, file, mode)
                else:
                    raise ForeignFileError(spot.folder / name, reason="it is not a regular file")
            finally:
                os.close(handle)

    def remove_leftovers(self, folder: Path, name: str = "") -> list[str]:
        """Remove what interrupted commands have left in a folder; returns the names.

        Args:
            folder: where; nobody else may write there at this moment.
            name: how the names of the files begin that were to be written; by default any.
        """
        found = [one for one in self.leftovers(folder) if one.startswith(f".{name}")]
        for one in found:
            self.remove_tree(folder / one)
        return found

    def leftovers(self, folder: Path) -> list[str]:
        """The names of what interrupted commands have left in a folder."""
        try:
            with self._at(folder / "x") as (spot, _):
                return [name for name in spot.names() if is_temporary(name)]
        except (OSError, ForeignFileError):
            return []

    @contextlib.contextmanager
    def scratch(self, folder: Path) -> Iterator[Path]:
        """A new folder in another one, for this user alone; it is removed afterwards."""
        path = self.base / folder / temporary_name()
        try:
            with self._at(path, make=True) as (spot, name):
                os.mkdir(spot.at(name), 0o700, dir_fd=spot.handle)
            yield path
        finally:
            tidy(lambda: self.remove_tree(path))

    def check_symlinks(self) -> None:
        """Make sure that the file system has symbolic links; on Windows, junctions.

        Raises:
            NoSymbolicLinksError: it has none.
        """
        path = self.base / temporary_name()
        if not WINDOWS:
            try:
                with self._at(path) as (spot, name):
                    spot.symlink(".", name)
            finally:
                tidy(lambda: self.remove(path))
            return
        try:
            swap_link(path, ".", path.with_name(temporary_name()))
            os.rmdir(path)
        except OSError as error:
            if getattr(error, "winerror", 0) not in NO_LINKS:
                raise
            raise NoSymbolicLinksError(self.base) from error
