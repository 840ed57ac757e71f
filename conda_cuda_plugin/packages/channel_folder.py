"""A folder that is a conda channel: its index, and one command at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conda.common.path import url_to_path
from conda.models.channel import Channel

from ..errors import CudaError
from ..system.descent import is_temporary
from ..system.files import Inside
from ..system.lock import locked
from ..system.reading import read_json

LOCK = ".conda-cuda-lock"
"""The file in the folder that is locked while a command writes; it is removed at the end."""
INDEX = "repodata.json"
_SECTIONS = {"packages": ".tar.bz2", "packages.conda": ".conda"}
"""The sections of an index, by the ending of the names in them."""
_OTHERS = ("repodata.json.zst", "repodata.json.bz2", "current_repodata.json", "repodata_shards.*")
"""Files that other programs index a channel with: they would go out of date."""


def check_directory(directory: Path, subdir: str) -> None:
    """Refuse a folder that cannot become a channel, or must not.

    Raises:
        CudaError: in words.
    """
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    another = "Name another folder with --to."
    if not place.is_dir():
        why = f"{place} is not a folder, so nothing can be mirrored to {directory}."
        raise _refused(directory, why, another)
    if not os.access(place, os.W_OK | os.X_OK):
        why = f"{place} is not writable, so nothing can be mirrored to {directory}."
        raise _refused(directory, why, another)
    urls = Channel(directory.as_uri()).urls(with_credentials=True, subdirs=(subdir,))
    if [Path(url_to_path(url)) for url in urls] != [directory / subdir]:
        why = (
            f"conda would not find a channel at {directory}: it takes a part of this path for "
            "something else."
        )
        cure = (
            "Name a folder with --to whose path holds neither a platform's name, such as "
            f"{subdir}, nor characters such as #, ? and %."
        )
        raise _refused(directory, why, cure)
    if place != directory:
        return
    entries = {entry.name for entry in os.scandir(directory)}
    # A stopped command may have left its beginning.
    ours = not entries or LOCK in entries or all(map(is_temporary, entries))
    if not ours and not any((directory / name / INDEX).is_file() for name in entries):
        why = (
            f"{directory} holds other things and is not a conda channel, so nothing is mixed into "
        )
        raise _refused(directory, f"{why}them.")
    for name in (subdir, "noarch"):
        for pattern in _OTHERS:
            if found := next((directory / name).glob(pattern), None):
                why = f"The channel in {directory} is indexed by another program, which wrote "
                raise _refused(directory, f"{why}{name}/{found.name}.")
    read_indexes(directory, subdir)


def _refused(
    directory: Path, why: str, hint: str = "Name a new or an empty folder with --to.", **more: Any
) -> CudaError:
    return CudaError(why, hints=[hint], directory=directory, **more)


def read_indexes(directory: Path, subdir: str) -> dict[str, dict[str, dict[str, Any]]]:
    """The rows of the channel in a folder, by platform.

    Raises:
        CudaError: when an index there cannot be read.
    """
    found = {}
    for name in ("noarch", subdir):
        try:
            found[name] = read_index(directory / name / INDEX)
        except (OSError, ValueError) as error:
            path = directory / name / INDEX
            why = f"{path} cannot be read as the index of a channel, so it is left as it is."
            raise _refused(directory, why, file=path) from error
    return found


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[Path]:
    """Let no other command write into the folder; a scratch folder inside it.

    Raises:
        LockedError: when another command does not come to an end.
    """
    files, lock = Inside(directory), directory / LOCK
    with locked(lock, "another conda cuda that writes into this folder"):
        try:
            files.remove_leftovers(directory)
            for folder in directory.iterdir():
                # Not through links: what lies elsewhere is not locked.
                if folder.is_dir() and not folder.is_symlink():
                    files.remove_leftovers(folder)
            with files.scratch(directory) as scratch:
                yield scratch
        finally:
            # While it is held: those who wait for it see that it is gone and start again.
            files.remove(lock)


def read_index(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of an index by file name; empty when there is no index.

    Raises:
        ValueError: when what is there is no index.
        OSError: when it cannot be read.
    """
    try:
        content = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not the index of a channel")
    rows: dict[str, dict[str, Any]] = {}
    for section in _SECTIONS:
        found = content.get(section, {})
        if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
            raise ValueError(f"{path} is not the index of a channel")
        rows |= found
    return rows


def write_rows(files: Inside, folder: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the index of a channel's folder, whose name is the platform's, in one step.

    The same rows give the same bytes.
    """
    content: dict[str, Any] = {"info": {"subdir": folder.name}}
    for section, ending in _SECTIONS.items():
        content[section] = {name: rows[name] for name in sorted(rows) if name.endswith(ending)}
    content |= {"removed": [], "repodata_version": 1}
    files.write(folder / INDEX, json.dumps(content, indent=1).encode())
