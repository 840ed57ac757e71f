"""From redist archives to conda packages in the package cache."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...convert.archive import unpack_archive
from ...convert.package import ArchiveError
from ...convert.unpacked import record_of
from ...network.addresses import without_credentials
from ...packages.local_channel import PARTS, LocalChannel
from ...platforms import Platform
from ...system.progress import Progress
from ...system.progress_text import Part
from ...system.threads import Job, Jobs
from .manifest import Archive
from .place import Place

_STEPS = {"fetching": 1, "unpacking": 1}
"""What xz has packed takes its time."""


class RedistError(ArchiveError):
    """An archive that is damaged, or that must not be unpacked."""

    hint = (
        "It has the sha256 of its manifest, so whoever wrote that holds such a file: take the "
        "toolkit from another address."
    )


def fetch_archives(archives: Sequence[Archive], place: Place, platform: Platform) -> list[Any]:
    """Download and unpack what the package cache lacks; the conda records of all archives.

    Raises:
        AnswerError: when a file cannot be had, or is not what the manifest says.
        RedistError: when a file cannot be used.
    """
    channel = LocalChannel.find(platform.subdir)
    with channel.staging() as folder:
        # Another command may have brought some meanwhile.
        records = [channel.record_of(one.sha256, one.name, one.build) for one in archives]
        missing = [number for number, record in enumerate(records) if record is None]
        # The largest one first: all the others are unpacked beside it.
        missing.sort(key=lambda number: archives[number].size, reverse=True)
        parts = [
            Part(archives[number].component, archives[number].size, _STEPS) for number in missing
        ]
        one_by_one = threading.Lock()

        def fetch(number: int, job: Job) -> Any:
            archive = archives[missing[number]]
            # Files of several archives have the same names.
            aside = folder / str(number)
            channel.files.make_folder(aside)
            package = _unpacked(archive, place, channel, aside, job)
            with one_by_one:
                return channel.add(*package)

        with Progress(parts), Jobs(parts, fetch) as jobs:
            for at, number in enumerate(missing):
                records[number] = jobs.result(at)
    return records


def _unpacked(
    archive: Archive, place: Place, channel: LocalChannel, folder: Path, job: Job
) -> tuple[Path, Mapping[str, Any], Mapping[str, str]]:
    """A package as `LocalChannel.add` takes it."""
    # Several components may lie in one archive.
    part = channel.path / PARTS / f"{archive.sha256}-{archive.name}.part"
    path = place.fetch(archive, part, job)
    # Not everybody who fetches tells.
    job.part.size = path.stat().st_size
    job.part.begin("unpacking")
    row = record_of(archive.name, archive.version, archive.build, channel.subdir)
    about = f"{archive.file}, converted by conda cuda"
    try:
        package = unpack_archive(path, archive.file, folder, row, about, RedistError, job.update)
    except RedistError:
        # It would be refused again; what stops for any other reason need not be fetched again.
        channel.files.remove(part)
        raise
    channel.files.remove(part)
    url = without_credentials(place.url(archive))
    return package, row, {"file": archive.file, "sha256": archive.sha256, "url": url}
