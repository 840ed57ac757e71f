"""Packages that a killed command has left half extracted in the package cache.

conda takes a folder of its cache for a package as soon as the folder is there. Killed while it
extracts, it leaves one that every later installation fails on. So what is about to be extracted is
written down, and whoever holds the cache's lock next looks at what is still written there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .addresses import DIST, ENDINGS
from .files import Inside
from .reading import read_json

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
        Inside(cache).write(_NOTES, json.dumps(fresh).encode())
    yield
    # Not after a failure: conda has tidied up then, or the next one looks.
    if fresh:
        Inside(cache).remove(_NOTES)


def repair(cache: Path) -> list[str]:
    """Take away what a killed command has left unfinished; the lock must be held.

    Returns:
        The names of the folders that were removed.
    """
    files = Inside(cache)
    files.remove_leftovers(_NOTES.parent)
    try:
        names = read_json(cache / _NOTES, links=False)
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        names = []
    removed = []
    for name in names if isinstance(names, list) else []:
        if _is_unfinished(cache, name):
            with contextlib.suppress(OSError):
                files.remove_tree(Path(name))
                removed.append(name)
    with contextlib.suppress(OSError):
        files.remove_tree(_NOTES)
    return removed


def _is_unfinished(cache: Path, name: Any) -> bool:
    """Whether a name is that of a package that is extracted in part.

    The record alone does not say so: the folder has to be the package's by what it holds, or else
    by the archive that lies beside it.
    """
    if not isinstance(name, str) or not DIST.fullmatch(name):
        return False
    folder = cache / name
    if folder.is_symlink() or not folder.is_dir() or _is_whole(folder):
        return False
    try:
        index = read_json(folder / "info" / "index.json", links=False)
        return bool(f"{index['name']}-{index['version']}-{index['build']}" == name)
    except (OSError, ValueError, KeyError, TypeError):
        return any((cache / f"{name}{ending}").is_file() for ending in ENDINGS)


def _is_whole(folder: Path) -> bool:
    """Whether every file that a package lists is there, in its size."""
    try:
        for row in read_json(folder / "info" / "paths.json", links=False)["paths"]:
            facts = os.lstat(folder / row["_path"])
            if row["path_type"] == "hardlink" and facts.st_size != row["size_in_bytes"]:
                return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # conda writes it last.
    return (folder / "info" / "repodata_record.json").is_file()
