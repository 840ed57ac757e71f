"""From redist archives to conda packages in the package cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...convert.archive import unpack_archive
from ...convert.package import ArchiveError
from ...local_channel import LocalChannel
from ...platforms import Platform
from ...progress import Progress
from ..staging import PARTS, remove_forgotten_parts, staging_folder
from .manifest import Archive
from .place import Place


class RedistError(ArchiveError):
    """An archive that is damaged, or that must not be unpacked."""

    hint = (
        "It has the sha256 of its manifest, so whoever wrote that holds such a file: take the "
        "toolkit from another address."
    )


def fetch_archives(archives: Sequence[Archive], place: Place, platform: Platform) -> list[Any]:
    """Download and unpack what the package cache lacks.

    Args:
        archives: what is wanted.
        place: where they lie.
        platform: what they are for.

    Returns:
        The conda records of all of them, in their order.

    Raises:
        DownloadError: when a file cannot be had, or is not what the manifest says.
        RedistError: when a file cannot be used.
    """
    channel = LocalChannel.find(platform.subdir)
    records = []
    with staging_folder(channel) as folder:
        remove_forgotten_parts(channel)
        for number, archive in enumerate(archives, 1):
            # Another command may have brought it meanwhile.
            record = channel.record_of(archive.sha256, build=archive.build)
            if record is None:
                title = f"({number}/{len(archives)}) {archive.component} {archive.version}"
                with Progress(title) as progress:
                    record = _fetch(archive, place, channel, folder, progress)
            records.append(record)
    return records


def _fetch(
    archive: Archive, place: Place, channel: LocalChannel, folder: Path, progress: Progress
) -> Any:
    part = channel.path / PARTS / f"{archive.sha256}.part"
    path = place.fetch(archive, part, progress.update)
    progress.step("unpacking")
    row = {
        "name": archive.name,
        "version": archive.version,
        "build": archive.build,
        "build_number": 0,
        "depends": [],
        "license": "LicenseRef-NVIDIA-Proprietary",
        "subdir": channel.subdir,
    }
    about = f"{archive.file}, converted by conda cuda"
    try:
        package = unpack_archive(
            path, archive.file, folder, row, about, RedistError, progress.update
        )
    finally:
        # A refused file would be refused again.
        channel.files.remove(part)
    made_of = {"file": archive.file, "sha256": archive.sha256, "url": _address(place, archive)}
    return channel.add(package, row, made_of)


def _address(place: Place, archive: Archive) -> str:
    from ...addresses import without_credentials

    return without_credentials(place.url(archive))
