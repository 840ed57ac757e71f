"""The place in conda's package cache where foreign files become packages."""

from __future__ import annotations

import contextlib
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import FileSystemError
from ..packages.local_channel import LocalChannel
from ..system.lock import locked

PARTS = "downloads"
"""The folder of a channel in which lies what has come of files in part."""
_FORGOTTEN_AFTER = 30 * 24 * 3600
"""Seconds after which a broken download that nobody resumed is removed."""


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
            channel.remove_files()
            with files.scratch(channel.path) as scratch:
                yield scratch
    except OSError as error:
        raise FileSystemError(error, channel.path.parent) from error


def remove_forgotten_parts(channel: LocalChannel) -> None:
    """Remove broken downloads that nobody resumed, and what stands in the place of one.

    The staging folder must be held.
    """
    for path in (channel.path / PARTS).glob("*.part"):
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or time.time() - facts.st_mtime > _FORGOTTEN_AFTER:
            channel.files.remove_tree(path)
