"""From wheels on an index to conda packages in the local channel."""

from __future__ import annotations

import contextlib
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
from .index.fetch import Fetching
from .index.wheel import Wheel
from .staging import PARTS, remove_forgotten_parts, staging_folder


def fetch_wheels(
    wheels: Sequence[Wheel],
    platform: Platform,
    *,
    offline: bool,
    download: Callable[..., Sequence[Path]] | None = None,
) -> Sequence[Any]:
    """Download and convert what the local channel lacks, the one while the other comes.

    Args:
        wheels: what is wanted.
        platform: what it is for.
        offline: use local folders only.
        download: another way to get files, called as `pip.download` is.

    Returns:
        The conda records of all the wheels.

    Raises:
        PipError, DownloadError: when a file cannot be had.
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
        remove_forgotten_parts(channel)
        # Another command may have brought some meanwhile.
        records = [channel.record_of(wheel.sha256) for wheel in wheels]
        missing = [number for number, record in enumerate(records) if record is None]
        wanted = [wheels[number] for number in missing]
        with contextlib.ExitStack() as stack:
            take: Callable[[int, Callable[[int, int], None]], Path]
            if download is None:
                parts = channel.path / PARTS
                coming = Fetching(wanted, parts, folder, platform, offline=offline)
                take = stack.enter_context(coming).take
            else:
                take = _one_by_one(wanted, folder, platform, offline, download)
            for place, number in enumerate(missing):
                wheel = wheels[number]
                with Progress(f"({number + 1}/{len(wheels)}) {wheel.name} {wheel.version}") as bar:
                    path = take(place, bar.update)
                    records[number] = _convert(wheel, path, channel, folder, bar)
    return records


def _one_by_one(
    wheels: Sequence[Wheel],
    folder: Path,
    platform: Platform,
    offline: bool,
    download: Callable[..., Sequence[Path]],
) -> Callable[[int, Callable[[int, int], None]], Path]:
    def take(place: int, progress: Callable[[int, int], None]) -> Path:
        (path,) = download([wheels[place]], folder, platform, offline=offline, progress=progress)
        return path

    return take


def _convert(
    wheel: Wheel, path: Path, channel: LocalChannel, folder: Path, progress: Progress
) -> Any:
    progress.step("converting")
    sha256 = wheel.sha256 or _sha256(path)
    package, row = convert_wheel(path, folder, channel.subdir, progress.update)
    Inside(folder).remove(path)
    made_of = {"file": wheel.filename, "sha256": sha256, "url": without_credentials(wheel.url)}
    return channel.add(package, row, made_of)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        for block in iter(lambda: file.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()
