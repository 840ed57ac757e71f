"""What every user of a machine may change, by the modes of files and folders."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .system import HAS_MODES


def open_to_others(folder: Path) -> list[Path]:
    """The folder, the real places of what is in it, and their folders, that all users may write.

    Args:
        folder: a folder of libraries, or a toolkit that holds `lib64` or `lib`.

    Returns:
        Each place once, folders first; empty where modes mean nothing, as on Windows.
    """
    if not HAS_MODES:
        return []
    folders = [folder, folder / "lib64", folder / "lib"]
    files = []
    for name in folders[:]:
        try:
            entries = sorted(os.scandir(name), key=lambda entry: entry.name)
        except OSError:
            continue
        files += [Path(os.path.realpath(entry.path)) for entry in entries if ".so" in entry.name]
    places = [Path(os.path.realpath(path)) for path in folders]
    places += [path.parent for path in files]
    return [path for path in dict.fromkeys([*places, *files]) if is_open_to_others(path)]


def open_in_environment(prefix: Path, root: Path) -> list[Path]:
    """What all users may write of a toolkit in an environment, and of what leads to it."""
    above = [path for path in (prefix, root) if HAS_MODES and is_open_to_others(path)]
    return [*above, *(path for path in open_to_others(root / "lib64") if path not in above)]


@contextlib.contextmanager
def closed_to_others() -> Iterator[None]:
    """Make no file or folder that every user may write, whatever the umask is."""
    before = os.umask(0o077)
    os.umask(before | stat.S_IWOTH)
    try:
        yield
    finally:
        os.umask(before)


def is_open_to_others(path: Path) -> bool:
    """Whether every user may write to a file, or put other files into a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # In a folder with the sticky bit others cannot replace one's files.
    return bool(mode & stat.S_IWOTH) and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX)
