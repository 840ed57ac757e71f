"""The place in conda's package cache where foreign files become packages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import FileSystemError
from ..local_channel import LocalChannel
from ..lock import locked


@contextlib.contextmanager
def staging_folder(channel: LocalChannel) -> Iterator[Path]:
    """An empty folder beside a channel's packages, so that a finished one is moved, not copied.

    One command at a time has it. It is gone afterwards; what killed commands have left, too.

    Raises:
        LockedError: when another command has it for too long.
        FileSystemError: when the disk is full or the cache cannot be written.
    """
    try:
        files, lock = channel.files, channel.path / "lock"
        files.make_folder(channel.folder)
        with locked(lock, "another conda cuda that fills the package cache", below=files.base):
            for folder in (channel.path, channel.folder, channel.path / "noarch"):
                files.remove_leftovers(folder)
            with files.scratch(channel.path) as scratch:
                yield scratch
    except OSError as error:
        raise FileSystemError(error, channel.path.parent) from error
