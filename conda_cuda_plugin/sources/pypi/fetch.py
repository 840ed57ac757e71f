"""What an offer takes of an index: from wheels to conda packages in the package cache.

Several wheels come at a time, and the threads that fetch them unpack them. A wheel of some size is
unpacked while it comes, where the server gives its end first.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import requests

from ...addons import fits
from ...convert.package import ArchiveError
from ...convert.wheel import BUILD, unpack_wheel
from ...convert.zip_stream import Coming, NotInOrderError
from ...network.addresses import is_local, path_of, without_credentials
from ...network.connections import AnswerError
from ...network.stream import Incoming, piece
from ...packages.local_channel import PARTS, LocalChannel
from ...system.files import Inside
from ...system.progress import Progress
from ...system.progress_text import STEPS, Part
from ...system.reading import hash_of
from ...system.threads import Job, Jobs, in_parallel
from ..base import Package, ToolkitRequest
from ..parts import Parts, exact_row
from .lookup import Lookup
from .wheel import HashMismatchError, IndexFailure, Wheel

_WORTH_STREAMING = 2**20
"""Bytes of a wheel that is worth a question more."""
Unpacked = tuple[Path, Mapping[str, Any], str]
"""A package's folder and record, and the hash of the wheel that it was made of."""
Bring = Callable[[Wheel, Path], Wheel]
"""From a wheel and an empty folder to the wheel as it can be had, which may lie in the folder."""


def find_parts(
    pins: Sequence[str], request: ToolkitRequest, channel: LocalChannel, lookup: Lookup
) -> Parts:
    """The parts that meet some requirements, in their order; only what is new is looked up.

    Args:
        pins: `nvidia-cudnn-cu12==8.9.*`.

    Raises:
        IndexFailure: when the index cannot be used or lacks one.
        HashMismatchError: when the index hands out something else than it says.
    """
    records: dict[str, Any] = {pin: _at_hand(pin, request, channel) for pin in pins}
    # A record of conda's compares with records only: `in` would fail on None.
    missing = [pin for pin in pins if records[pin] is None]
    wheels = dict(zip(missing, lookup.resolve(missing), strict=True)) if missing else {}
    records.update({pin: channel.record_of(wheel.sha256) for pin, wheel in wheels.items()})
    new = {pin: wheel for pin, wheel in wheels.items() if records[pin] is None}
    sizes = {pin: wheel.size for pin, wheel in new.items()}
    unknown = [] if request.quick else [pin for pin, size in sizes.items() if size is None]
    sizes.update(zip(unknown, in_parallel(_size, [new[pin] for pin in unknown], 8), strict=True))
    rows = []
    for pin in pins:
        part: Any = wheels.get(pin) or records[pin]
        file = part.filename if pin in wheels else part.fn
        exact = None
        if (wheel := wheels.get(pin)) is not None:
            exact = partial(exact_row, wheel.name, wheel.version, BUILD, wheel.url, wheel.sha256)
        rows.append(Package(part.name, part.version, sizes.get(pin, 0), file, exact=exact))

    def fetch() -> list[Any]:
        fetched = fetch_wheels(list(new.values()), channel, lookup)
        return [(records | dict(zip(new, fetched, strict=True)))[pin] for pin in pins]

    specs = tuple(f"{row.name}=={row.version}" for row in rows)
    return Parts(tuple(rows), specs, ("PyPI",), fetch)


def _at_hand(pin: str, request: ToolkitRequest, channel: LocalChannel) -> Any | None:
    """A package of the toolkit that is added to or, offline, one that was made before."""
    name, version = pin.split("==")
    for record in request.keep:
        if record.name == name and fits(version.removesuffix(".*"), record.version):
            return record
    return channel.record_named(name, version) if request.offline else None


def _size(wheel: Wheel) -> int | None:
    """The size of a file in bytes, where its page does not say; None where nobody does."""
    try:
        if is_local(wheel.url):
            return path_of(wheel.url).stat().st_size
        answer = requests.head(wheel.url, allow_redirects=True, timeout=5)
        return int(answer.headers["Content-Length"]) if answer.ok else None
    except (OSError, KeyError, ValueError):
        return None


def fetch_wheels(
    wheels: Sequence[Wheel], channel: LocalChannel, lookup: Lookup, bring: Bring | None = None
) -> Sequence[Any]:
    """Download and unpack wheels that the package cache lacks, the one while the other comes.

    What has come of a wheel when the command is stopped stays, and the next one goes on with it.

    Args:
        channel: takes the packages.
        lookup: has found the wheels, and knows how to reach them.
        bring: finds each wheel first.

    Returns:
        The conda records of all the wheels.

    Raises:
        IndexFailure, AnswerError: when a file cannot be had.
        HashMismatchError: when a file is not the one the index promised.
        WheelError: when a file cannot be used.
    """
    # A command that was killed may have left something behind the last of them.
    if not wheels and (channel.written is None or not channel.files.leftovers(channel.path)):
        # This needs no package cache that can be written.
        return []
    with channel.staging() as folder:
        files = channel.files
        # Another command may have brought some meanwhile.
        records = [channel.record_of(wheel.sha256) for wheel in wheels]
        missing = [number for number, record in enumerate(records) if record is None]
        # The largest one first: all the others are unpacked beside it.
        missing.sort(key=lambda number: wheels[number].size or 0, reverse=True)
        wanted = [wheels[number] for number in missing]
        told = [Part(wheel.name, wheel.size or 0, _steps(wheel)) for wheel in wanted]
        fetching = _Fetching(channel, files, lookup, folder, bring)

        def fetch(place: int, job: Job) -> Any:
            return fetching.fetch(wanted[place], place, job)

        with Progress(told), Jobs(told, fetch) as jobs:
            for place, number in enumerate(missing):
                records[number] = jobs.result(place)
    return records


def _steps(wheel: Wheel) -> Mapping[str, float]:
    """What is done with a wheel; what is unpacked while it comes is no work of its own."""
    return {**STEPS, "unpacking": 0} if (wheel.size or 0) >= _WORTH_STREAMING else STEPS


class _Fetching:
    """Fetches wheels into one staging folder; threads share it."""

    def __init__(
        self,
        channel: LocalChannel,
        files: Inside,
        lookup: Lookup,
        folder: Path,
        bring: Bring | None,
    ) -> None:
        self._channel, self._files, self._folder = channel, files, folder
        self._lookup, self._bring = lookup, bring
        self._several, self._one_by_one = threading.Lock(), threading.Lock()

    def fetch(self, wheel: Wheel, number: int, job: Job) -> Any:
        """The conda record of a wheel, which was fetched and unpacked."""
        aside = self._folder / str(number)
        self._files.make_folder(aside)
        try:
            found = self._bring(wheel, aside) if self._bring else wheel
            package, row, sha256 = self._unpacked(found, aside, job)
        except AnswerError as error:
            if error.wrong:
                raise HashMismatchError(wheel.name) from error
            raise
        url = without_credentials(wheel.url)
        made_of = {"file": wheel.filename, "sha256": sha256, "url": url}
        with self._one_by_one:
            return self._channel.add(package, row, made_of)

    def _unpacked(self, wheel: Wheel, aside: Path, job: Job) -> Unpacked:
        if wheel.url.startswith("file:"):
            path = aside / wheel.filename
            source = path_of(wheel.url)
            if source != path:
                self._files.copy(source, path)
            if wheel.sha256 not in (None, hash_of(path, progress=job.update)):
                raise HashMismatchError(wheel.name)
            return self._unpack(wheel, path, job)
        if wheel.sha256 and wheel.size and wheel.size >= _WORTH_STREAMING:
            with contextlib.suppress(NotInOrderError):
                return self._stream(wheel, wheel.sha256, wheel.size, aside, job)
        return self._download(wheel, aside, job)

    def _stream(self, wheel: Wheel, sha256: str, size: int, aside: Path, job: Job) -> Unpacked:
        """Unpack a wheel while it comes.

        Raises:
            NotInOrderError: when that is not possible; nothing has come then.
        """
        incoming = self._incoming(wheel, self._part(wheel), job, whole=False)

        def end(first: int, behind: int) -> bytes:
            try:
                with job.waiting():
                    return piece(wheel.url, first, behind, size, incoming.ask)
            except (AnswerError, IndexFailure) as error:
                # Whatever is wrong, the file itself shows it better.
                raise NotInOrderError from error

        coming = Coming(wheel.filename, size, incoming.blocks(), end)

        def check() -> None:
            same = coming.finish()
            incoming.check()
            if not same:
                raise HashMismatchError(wheel.name)
            incoming.forget()

        try:
            wanted = self._wanted(wheel)
            package, row = unpack_wheel(coming, aside, self._channel.subdir, wanted=wanted)
        except ArchiveError:
            # Of another file nothing is said but that.
            check()
            raise
        check()
        return package, row, sha256

    def _download(self, wheel: Wheel, aside: Path, job: Job) -> Unpacked:
        """Fetch a wheel, and unpack it then."""
        path = aside / wheel.filename
        part = self._part(wheel) if wheel.sha256 else path
        self._incoming(wheel, part, job, whole=True).whole()
        if part != path:
            self._files.rename(part, path)
        return self._unpack(wheel, path, job)

    def _unpack(self, wheel: Wheel, path: Path, job: Job) -> Unpacked:
        # Not every server says before how much there is.
        job.part.size = path.stat().st_size
        job.part.begin("unpacking")
        subdir, wanted = self._channel.subdir, self._wanted(wheel)
        package, row = unpack_wheel(path, path.parent, subdir, job.update, wanted)
        sha256 = wheel.sha256 or hash_of(path)
        self._files.remove(path)
        return package, row, sha256

    def _wanted(self, wheel: Wheel) -> tuple[str, str] | None:
        # Who brings a wheel knows better which package it has to be.
        return (wheel.name, wheel.version) if self._bring is None else None

    def _incoming(self, wheel: Wheel, part: Path, job: Job, *, whole: bool) -> Incoming:
        client = self._lookup.client

        def ask(url: str, headers: dict[str, str]) -> Any:
            return client.get(url, headers, hashed=wheel.sha256 is not None)

        return Incoming(
            wheel.url,
            part,
            size=wheel.size,
            sha256=wheel.sha256,
            progress=job.update,
            ask=ask,
            waiting=job.waiting,
            whole=whole,
            several=self._several,
        )

    def _part(self, wheel: Wheel) -> Path:
        """Where the part of a wheel that has come stays for the next command."""
        # An index may have one file under two names.
        return self._channel.path / PARTS / f"{wheel.sha256}-{wheel.name}.part"
