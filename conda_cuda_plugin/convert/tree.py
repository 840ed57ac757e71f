"""A folder, such as an installer's staging folder, as the members of a package."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..quoting import quoted
from ..reading import open_regular
from .package import DEEPEST, Member, Refuse


def tree_members(
    folder: Path,
    archive: str,
    error: Refuse,
    target: Callable[[str], str | None] = lambda path: path,
) -> Iterator[Member]:
    """Every file and symbolic link below a folder.

    Args:
        folder: the folder; links in it are not followed.
        archive: what it came from, for the message.
        error: makes the error to raise.
        target: from a path below the folder, with forward slashes, to the path in the package;
            None leaves it out.

    Raises:
        the error, when something is neither file, folder nor symbolic link.
        OSError: when the folder cannot be read.
    """
    for path, entry in _entries(folder, ""):
        if path.count("/") > DEEPEST:
            raise error(archive, f"its member {path[:40]!r}... lies deeper than any real file")
        place = target(path)
        if place is None:
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            yield Member(place, 0, None, link=os.readlink(entry.path).replace(os.sep, "/"))
        elif stat.S_ISREG(mode):
            size = entry.stat(follow_symlinks=False).st_size
            opener = functools.partial(_open, entry.path)
            yield Member(place, size, opener, executable=bool(mode & 0o100))
        else:
            raise error(archive, f"its member {quoted(path)} is no regular file")


def _open(path: str) -> BinaryIO:
    return open_regular(path, links=False)


def _entries(folder: str | Path, above: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but folders, with paths relative to the top, in order."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and path.count("/") <= DEEPEST:
            yield from _entries(entry.path, f"{path}/")
        else:
            yield path, entry
