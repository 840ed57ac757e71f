"""From wheels on an index to conda packages in the local channel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..addresses import without_credentials
from ..convert.wheel import convert_wheel
from ..files import Inside
from ..local_channel import LocalChannel
from ..platforms import Platform
from ..progress import Progress
from ..reading import open_regular
from . import pip
from .index.wheel import Wheel
from .staging import staging_folder


def fetch_wheels(
    wheels: Sequence[Wheel],
    platform: Platform,
    *,
    offline: bool,
    download: Callable[..., Sequence[Path]] = pip.download,
) -> Sequence[Any]:
    """Download and convert what the local channel lacks.

    Args:
        wheels: what is wanted.
        platform: what it is for.
        offline: use local folders only.
        download: another way to get files, called as `pip.download` is.

    Returns:
        The conda records of all the wheels.

    Raises:
        PipError: when a file cannot be had.
        HashMismatchError: when a file is not the one the index promised.
        WheelError: when a file cannot be used.
    """
    channel = LocalChannel.find(platform.subdir)
    at_hand = [channel.record_of(wheel.sha256) for wheel in wheels]
    # A command that was killed may have left something behind the last of them.
    tidy = channel.written is None or not channel.files.leftovers(channel.path)
    if tidy and all(record is not None for record in at_hand):
        # It takes no package cache that can be written.
        return at_hand
    with staging_folder(channel) as folder:
        return _fetch_missing(wheels, platform, channel, folder, offline, download)


def _fetch_missing(
    wheels: Sequence[Wheel],
    platform: Platform,
    channel: LocalChannel,
    folder: Path,
    offline: bool,
    download: Callable[..., Sequence[Path]],
) -> Sequence[Any]:
    records = []
    for number, wheel in enumerate(wheels, 1):
        record = channel.record_of(wheel.sha256)
        if record is None:
            title = f"({number}/{len(wheels)}) {wheel.name} {wheel.version}"
            record = _fetch(wheel, platform, channel, folder, title, offline, download)
        records.append(record)
    return records


def _fetch(
    wheel: Wheel,
    platform: Platform,
    channel: LocalChannel,
    folder: Path,
    title: str,
    offline: bool,
    download: Callable[..., Sequence[Path]],
) -> Any:
    with Progress(title) as progress:
        (path,) = download([wheel], folder, platform, offline=offline, progress=progress.update)
        progress.step("converting")
        sha256 = wheel.sha256 or _sha256(path)
        package, row = convert_wheel(path, folder, platform.subdir, progress.update)
        Inside(folder).remove(path)
        made_of = {"file": wheel.filename, "sha256": sha256, "url": without_credentials(wheel.url)}
        return channel.add(package, row, made_of)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        for block in iter(lambda: file.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()
