"""The place in conda's package cache where foreign files become packages."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import FileSystemError
from ..files import TEMPORARY, remove_leftover_folders, remove_leftovers
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
        channel.folder.mkdir(parents=True, exist_ok=True)
        with locked(channel.path / "lock", "another conda cuda that fills the package cache"):
            remove_leftover_folders(channel.path)
            for folder in (channel.folder, channel.path / "noarch"):
                remove_leftovers(folder)
            with tempfile.TemporaryDirectory(dir=channel.path, suffix=TEMPORARY) as name:
                yield Path(name)
    except OSError as error:
        raise FileSystemError(error, channel.path.parent) from error
