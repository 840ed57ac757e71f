"""Packages unpacked in the cache: one command at a time, whole, and still what was put there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import failing_at
from ..network.addresses import DIST, ENDINGS
from ..system.files import Inside
from ..system.lock import locked
from ..system.operating_system import HAS_MODES
from ..system.reading import read_bytes, read_json
from ..system.shared_caches import NoWritableCacheError, first_writable, forget

_NOTES = Path("conda-cuda", "extracting.json")
"""The folders that are being extracted, below the package cache."""
_RECORD = "info/repodata_record.json"
"""conda's own note of where a package came from, which it may write again."""


@contextlib.contextmanager
def extracting(files: Iterable[str]) -> Iterator[None]:
    """Let no other conda cuda extract packages while a block extracts those of some files.

    conda itself extracts without a lock: two processes that need the same package extract it
    twice, and the second one removes what the first has begun to link.
    """
    try:
        cache = first_writable()
    except NoWritableCacheError:
        # Everything may lie in a cache that is only read; conda says so if it does not.
        yield
        return
    folders, lock = list(map(folder_of, files)), cache / "conda-cuda" / "lock"
    with locked(lock, "another conda cuda that fills the package cache", below=cache):
        repair(cache)
        # What another process has extracted by now need not be extracted again.
        forget()
        with noted(cache, folders), failing_at(cache):
            yield


def folder_of(filename: str) -> str:
    """The folder that a package file is extracted into."""
    return filename.removesuffix(".tar.bz2").removesuffix(".conda")


@contextlib.contextmanager
def noted(cache: Path, names: Iterable[str]) -> Iterator[None]:
    """Note which folders a block makes in a cache, whose lock must be held, until it has ended."""
    fresh = [name for name in names if not os.path.lexists(cache / name)]
    if fresh:
        Inside(cache).write(_NOTES, json.dumps(fresh).encode())
    yield
    # Not after a failure: conda has tidied up then, or the next one looks.
    if fresh:
        Inside(cache).remove(_NOTES)


def repair(cache: Path) -> list[str]:
    """Remove what a killed command has left unfinished, and give the names of those folders.

    The lock of the cache must be held.
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
    return (folder / _RECORD).is_file()


def seal(package: Path) -> str:
    """A hash over an unpacked package, without the content of the files that its list has.

    Raises:
        OSError: when something cannot be read.
    """
    rows = sorted(row for row in _rows(package) if row[0] != _RECORD)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _rows(package: Path) -> Iterator[tuple[str, str, str]]:
    """Path, kind and what it holds, of everything but folders."""
    pending = [""]
    while pending:
        above = pending.pop()
        with os.scandir(package / above) as entries:
            for entry in entries:
                path = f"{above}{entry.name}"
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    yield path, "link", os.readlink(entry.path)
                elif stat.S_ISDIR(mode):
                    pending.append(f"{path}/")
                elif stat.S_ISREG(mode):
                    kind = "program" if HAS_MODES and mode & 0o100 else "file"
                    known = path.startswith("info/") and path != _RECORD
                    data = read_bytes(entry.path, links=False) if known else b""
                    yield path, kind, hashlib.sha256(data).hexdigest()
                else:
                    yield path, "other", ""
