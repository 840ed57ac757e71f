"""Changes to files that are seen whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

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
            and path.stat().st_mode & 0o777 == mode
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

    Returns:
        Whether anything changed.
    """
    if sys.platform == "win32":
        return _swap_junction(path, target)
    if path.is_symlink() and os.readlink(path) == target:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    os.symlink(target, temporary)
    try:
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return True


def _swap_junction(path: Path, target: str) -> bool:
    """The same on Windows, where symbolic links need a privilege: a junction to a folder.

    A junction holds an absolute path and cannot be replaced in one step; a moved environment gets
    its links anew with the next `use`.
    """
    import _winapi

    absolute = os.path.normpath(os.path.join(path.parent, target))
    with contextlib.suppress(OSError):
        if os.readlink(path).removeprefix("\\\\?\\") == absolute:
            return False
        os.rmdir(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _winapi.CreateJunction(absolute, str(path))  # type: ignore[attr-defined,unused-ignore]
    return True


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
    if _rename_exchange(new, old):
        return
    aside = old.with_name(f"{new.name}.old")
    os.rename(old, aside)
    os.rename(new, old)
    os.rename(aside, new)


def _rename_exchange(first: Path, second: Path) -> bool:
    """`renameat2` with RENAME_EXCHANGE; whether it could be done."""
    if os.name == "nt":
        return False
    import ctypes

    at_fdcwd, rename_exchange = -100, 2
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    result: int = renameat2(
        at_fdcwd, os.fsencode(first), at_fdcwd, os.fsencode(second), rename_exchange
    )
    return result == 0
