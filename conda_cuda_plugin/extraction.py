"""Packages that a killed command has left half extracted in the package cache.

conda takes a folder of its cache for a package as soon as the folder is there. Killed while it
extracts, it leaves one that every later installation fails on. So what is about to be extracted is
written down, and whoever holds the cache's lock next looks at what is still written there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from .files import remove_leftover_folders, remove_leftovers, write_atomically

_NOTES = Path("conda-cuda", "extracting.json")


@contextlib.contextmanager
def noted(cache: Path, names: Iterable[str]) -> Iterator[None]:
    """Extract some packages; the lock of the cache must be held.

    Args:
        cache: the package cache.
        names: the folders that come into being.
    """
    fresh = [name for name in names if not os.path.lexists(cache / name)]
    if fresh:
        write_atomically(cache / _NOTES, json.dumps(fresh).encode())
    yield
    # Not after a failure: conda has tidied up then, or the next one looks.
    if fresh:
        (cache / _NOTES).unlink(missing_ok=True)


def repair(cache: Path) -> list[str]:
    """Take away what a killed command has left unfinished; the lock must be held.

    Returns:
        The names of the folders that were removed.
    """
    remove_leftover_folders(cache / _NOTES.parent)
    remove_leftovers(cache / _NOTES.parent, _NOTES.name)
    try:
        names = json.loads((cache / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    removed = []
    for name in names if isinstance(names, list) else []:
        folder = cache / os.path.basename(str(name))
        if folder.is_dir() and not _is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    (cache / _NOTES).unlink(missing_ok=True)
    return removed


def _is_whole(folder: Path) -> bool:
    """Whether every file that a package lists is there, in its size."""
    try:
        listed = json.loads((folder / "info" / "paths.json").read_text(encoding="utf-8"))["paths"]
        for row in listed:
            facts = os.lstat(folder / row["_path"])
            if row["path_type"] == "hardlink" and facts.st_size != row["size_in_bytes"]:
                return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # conda writes it last.
    return (folder / "info" / "repodata_record.json").is_file()
