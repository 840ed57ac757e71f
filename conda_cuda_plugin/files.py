"""Changes to files that are seen whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from .errors import NoSymbolicLinksError
from .system import HAS_MODES, NO_LINKS, WINDOWS, rename_exchange, swap_link

# No shell sources a file with this ending, and no tool takes it for one of ours.
TEMPORARY = ".conda-cuda-tmp"


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> bool:
    """Replace a file with one that holds exactly these bytes.

    Returns:
        Whether anything was written; a regular file that is right already stays as it is.
    """
    with contextlib.suppress(OSError):
        if (
            not path.is_symlink()
            and path.read_bytes() == data
            and (not HAS_MODES or path.stat().st_mode & 0o777 == mode)
        ):
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    return True


def link_atomically(path: Path, target: str) -> bool:
    """Make a symbolic link, or point an existing one elsewhere, in one step.

    On Windows it is a junction, and there is a moment without it; a file gets a hard link.

    Returns:
        Whether anything changed.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    if WINDOWS:
        return swap_link(path, target, temporary)
    if path.is_symlink() and os.readlink(path) == target:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    _symlink(target, temporary)
    try:
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return True


def check_symlinks(folder: Path) -> None:
    """Refuse a folder whose file system has no symbolic links, or junctions on Windows.

    Raises:
        NoSymbolicLinksError: when it has none.
    """
    path = folder / f".{os.getpid()}{TEMPORARY}"
    if not WINDOWS:
        _symlink(".", path)
        path.unlink()
        return
    try:
        swap_link(path, ".", path.with_name(f"{path.name}.new"))
        os.rmdir(path)
    except OSError as error:
        if getattr(error, "winerror", 0) not in NO_LINKS:
            raise
        raise NoSymbolicLinksError(folder) from error


def _symlink(target: str, path: Path) -> None:
    try:
        os.symlink(target, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # Where no file can be made either, it is not for want of links.
        tempfile.TemporaryFile(dir=path.parent).close()
        raise NoSymbolicLinksError(path.parent) from error


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Take away the temporary files of interrupted commands in one folder.

    Args:
        folder: where; nobody else may write there at this moment.
        name: only those of this file, where others may write other files.
    """
    beginning = f".{name}." if name else ""
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            ours = entry.name.startswith(beginning) and entry.name.endswith(TEMPORARY)
            if ours and not entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def remove_leftover_folders(folder: Path) -> None:
    """Take away the scratch folders of interrupted commands; nobody else may use one now."""
    for path in folder.glob(f"*{TEMPORARY}"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def exchange(new: Path, old: Path) -> None:
    """Let a folder take another's place; the other one ends up under the new one's name.

    On Linux both change in one step. Elsewhere there is a moment in between; a command that is
    killed in it leaves the old folder under a name that the next command puts back.
    """
    if rename_exchange(new, old):
        return
    aside = old.with_name(f"{new.name}.old")
    os.rename(old, aside)
    os.rename(new, old)
    os.rename(aside, new)
