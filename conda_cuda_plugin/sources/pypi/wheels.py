"""From wheels on an index to conda packages in the package cache."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version

from ...build.wheel import WheelError, unpack_wheel
from ...build.zip_stream import Coming
from ...network.addresses import without_credentials
from ...packages.local_channel import LocalChannel
from ...platforms import Platform
from ...quoting import quoted
from ...system.files import Inside
from ...system.progress import Progress
from ...system.progress_text import STEPS, Part
from ...system.reading import open_regular
from ..staging import PARTS, remove_forgotten_parts, staging_folder
from .fetch import WORTH_STREAMING, Fetching, Use
from .wheel import Wheel

Told = Callable[[int, int], None]
"""Is called with bytes done and bytes in all."""


def fetch_wheels(
    wheels: Sequence[Wheel],
    platform: Platform,
    *,
    offline: bool,
    download: Callable[..., Sequence[Path]] | None = None,
) -> Sequence[Any]:
    """Download and unpack what the package cache lacks, the one while the other comes.

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
        # The largest one first: all the others are unpacked beside it.
        missing.sort(key=lambda number: wheels[number].size or 0, reverse=True)
        wanted = [wheels[number] for number in missing]

        one_by_one = threading.Lock()

        def use(place: int, file: Path | Coming, told: Told, check: Callable[[], None]) -> Any:
            package = _unpack(wanted[place], file, folder / str(place), channel, told)
            check()
            if download is None:
                # Whoever brings the file knows better which package it has to be.
                _check_name(wanted[place], package[1])
            with one_by_one:
                return channel.add(*package)

        told = [Part(wheel.name, wheel.size or 0, _steps(wheel)) for wheel in wanted]
        with contextlib.ExitStack() as stack:
            take: Callable[[int], Any]
            stack.enter_context(Progress(told))
            if download is None:
                parts = channel.path / PARTS
                coming = Fetching(wanted, use, parts, folder, platform, told, offline=offline)
                take = stack.enter_context(coming).take
            else:
                take = _one_by_one(wanted, use, folder, platform, told, offline, download)
            for place, number in enumerate(missing):
                records[number] = take(place)
    return records


def _steps(wheel: Wheel) -> Mapping[str, float]:
    """What is done with a wheel; what is unpacked while it comes is no work of its own."""
    return {**STEPS, "unpacking": 0} if (wheel.size or 0) >= WORTH_STREAMING else STEPS


def _one_by_one(
    wheels: Sequence[Wheel],
    use: Use[Any],
    folder: Path,
    platform: Platform,
    told: Sequence[Part],
    offline: bool,
    download: Callable[..., Sequence[Path]],
) -> Callable[[int], Any]:
    def take(place: int) -> Any:
        part = told[place]
        part.begin("fetching")
        (path,) = download([wheels[place]], folder, platform, offline=offline, progress=part.update)
        # Not everybody who downloads tells.
        part.size = path.stat().st_size
        part.begin("unpacking")
        record = use(place, path, part.update, lambda: None)
        part.finish()
        return record

    return take


def _check_name(wheel: Wheel, row: Mapping[str, Any]) -> None:
    if _identity(row["name"], row["version"]) != _identity(wheel.name, wheel.version):
        found, wanted = f"{row['name']} {row['version']}", quoted(f"{wheel.name} {wheel.version}")
        raise WheelError(wheel.filename, f"it holds {found}, and {wanted} was asked for")


def _unpack(
    wheel: Wheel,
    file: Path | Coming,
    folder: Path,
    channel: LocalChannel,
    progress: Told,
) -> tuple[Path, Mapping[str, Any], Mapping[str, str]]:
    """A package as `LocalChannel.add` takes it."""
    sha256 = wheel.sha256
    Inside(folder.parent).make_folder(folder)
    package, row = unpack_wheel(file, folder, channel.subdir, progress)
    if isinstance(file, Path):
        sha256 = sha256 or _sha256(file)
        Inside(file.parent).remove(file)
    assert sha256
    made_of = {"file": wheel.filename, "sha256": sha256, "url": without_credentials(wheel.url)}
    return package, row, made_of


def _identity(name: str, version: str) -> tuple[str, str]:
    """Name and version, however they are written."""

    return canonicalize_name(name), canonicalize_version(version)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        for block in iter(lambda: file.read(2**20), b""):
            digest.update(block)
    return digest.hexdigest()
