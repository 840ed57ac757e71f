"""Read files that others may have changed: regular files, up to a size, without waiting.

A pipe in the place of a file would keep a command waiting, a device or a huge file would fill the
memory.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from .descent import BINARY, CLOSED, NO_LINK, NO_WAIT

MOST_BYTES = 64 * 2**20
"""More than any record or index: 5 MB for a package of 20 000 files."""


def open_regular(path: str | os.PathLike[str], *, links: bool = True) -> BinaryIO:
    """Open a regular file for reading; or, with `links`, a link to one.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    flags = os.O_RDONLY | NO_WAIT | CLOSED | BINARY | (0 if links else NO_LINK)
    handle = os.open(path, flags)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return os.fdopen(handle, "rb")


def read_bytes(
    path: str | os.PathLike[str], most: int = MOST_BYTES, *, links: bool = True
) -> bytes:
    """The content of a file.

    Raises:
        OSError: it cannot be read, is not a regular file or holds more than `most` bytes.
    """
    with open_regular(path, links=links) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, "it is larger than any such file", os.fspath(path))
    return data


def read_text(
    path: str | os.PathLike[str], most: int = MOST_BYTES, *, errors: str = "strict"
) -> str:
    """The text of a file, with the line ends of Unix.

    Raises:
        OSError: as `read_bytes`.
        ValueError: it is not UTF-8.
    """
    text = read_bytes(path, most).decode("utf-8", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: str | os.PathLike[str], most: int = MOST_BYTES, *, links: bool = True) -> Any:
    """The content of a JSON file.

    Raises:
        OSError: as `read_bytes`.
        ValueError: as `parse_json`.
    """
    return parse_json(read_bytes(path, most, links=links))


def parse_json(data: bytes | str) -> Any:
    """The content of a JSON text.

    Raises:
        ValueError: it is not JSON, or nests too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it nests too deeply") from error


def names_in(folder: str | os.PathLike[str]) -> list[str]:
    """The names in a folder, sorted; none when it cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):
        return []


def is_regular(path: Path) -> bool:
    """Whether a path names a regular file itself, and not a link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def hash_of(
    path: Path,
    name: str = "sha256",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """The hash of a file's content, in hexadecimal digits.

    Args:
        path: the file.
        name: the kind of hash.
        progress: called with bytes done and bytes in all.
    """
    digest, done, total = hashlib.new(name, usedforsecurity=False), 0, path.stat().st_size
    with open_regular(path) as file:
        while block := file.read(2**20):
            digest.update(block)
            done += len(block)
            progress(done, total)
    return digest.hexdigest()
