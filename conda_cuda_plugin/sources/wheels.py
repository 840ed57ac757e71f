"""From wheels on an index to conda packages in the local channel."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import FileSystemError
from ..files import TEMPORARY
from ..local_channel import LocalChannel
from ..lock import locked
from ..platforms import Platform
from ..progress import Progress
from ..wheel_package import convert_wheel
from . import pip


def fetch_wheels(
    wheels: Sequence[pip.Wheel], platform: Platform, *, offline: bool
) -> Sequence[Any]:
    """Download and convert what the local channel lacks.

    Returns:
        The conda records of all the wheels.

    Raises:
        PipError: when a file cannot be had.
        HashMismatchError: when a file is not the one the index promised.
        WheelError: when a file cannot be used.
    """
    channel = LocalChannel.find(platform.subdir)
    try:
        channel.folder.mkdir(parents=True, exist_ok=True)
        with locked(channel.path / "lock", "another conda cuda that fills the package cache"):
            _remove_leftovers(channel)
            # Beside the packages, so that a finished one is moved and not copied.
            with tempfile.TemporaryDirectory(dir=channel.path, suffix=TEMPORARY) as folder:
                return _fetch_missing(wheels, platform, channel, Path(folder), offline)
    except OSError as error:
        raise FileSystemError(error, channel.path.parent) from error


def _fetch_missing(
    wheels: Sequence[pip.Wheel],
    platform: Platform,
    channel: LocalChannel,
    folder: Path,
    offline: bool,
) -> Sequence[Any]:
    records = []
    for number, wheel in enumerate(wheels, 1):
        record = channel.record_of(wheel.sha256)
        if record is None:
            title = f"({number}/{len(wheels)}) {wheel.name} {wheel.version}"
            record = _fetch(wheel, platform, channel, folder, title, offline)
        records.append(record)
    return records


def _remove_leftovers(channel: LocalChannel) -> None:
    """Take away the folders of commands that were killed."""
    for path in channel.path.glob(f"*{TEMPORARY}"):
        shutil.rmtree(path, ignore_errors=True)


def _fetch(
    wheel: pip.Wheel,
    platform: Platform,
    channel: LocalChannel,
    folder: Path,
    title: str,
    offline: bool,
) -> Any:
    with Progress(title) as progress:
        (path,) = pip.download([wheel], folder, platform, offline=offline, progress=progress.update)
        progress.step("converting")
        sha256 = wheel.sha256 or _sha256(path)
        package, row = convert_wheel(path, folder, platform.subdir)
        path.unlink()
        return channel.add(package, row, {"file": wheel.filename, "sha256": sha256})


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()
