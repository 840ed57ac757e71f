"""Wheels that come, several at a time, and are unpacked by the threads that fetch them.

A wheel of some size is unpacked while it comes, where the server gives its end first.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...build.package import ArchiveError
from ...build.zip_stream import Coming, NotInOrderError
from ...network.download import DownloadError
from ...network.stream import Incoming, piece
from ...packages.archives import sums_of
from ...platforms import Platform
from ...system.files import Inside
from ...system.progress_text import Part
from ...system.threads import Job, Jobs
from . import pip
from .session import Session, read_settings, session_of
from .wheel import AskPip, Wheel

T = TypeVar("T")
Use = Callable[[int, Path | Coming, Callable[[int, int], None], Callable[[], None]], T]
WORTH_STREAMING = 2**20
"""Bytes of a wheel that is worth a question more."""


class Fetching(Generic[T]):
    """Some wheels on their way, in the order in which they are wanted.

    What has come of a wheel when the command is stopped stays, and the next one goes on with it.

    Args:
        wheels: what is wanted.
        use: makes something of a wheel; it gets the wheel's place, its file or what is there of it
            until now, what to call with bytes done and bytes in all, and what makes sure at last,
            by raising, that it was the right one.
        parts: the folder for what has come in part.
        folder: an empty folder for the files.
        platform: what they are for.
        told: is told how far each wheel is.
        offline: use local folders only.
    """

    def __init__(
        self,
        wheels: Sequence[Wheel],
        use: Use[T],
        parts: Path,
        folder: Path,
        platform: Platform,
        told: Sequence[Part],
        *,
        offline: bool,
    ) -> None:
        self._wheels, self._use, self._parts, self._folder = wheels, use, parts, folder
        self._platform, self._offline, self._told = platform, offline, told
        self._session: Session | None = None
        self._several = threading.Lock()
        self._jobs = Jobs(told, self._make, _MENDABLE)

    def __enter__(self) -> Fetching[T]:
        if not self._offline and any(wheel.url.startswith("http") for wheel in self._wheels):
            with contextlib.suppress(AskPip):
                self._session = session_of(read_settings())
        self._jobs.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._jobs.__exit__(*error)

    def take(self, number: int) -> T:
        """What was made of a wheel, when it has come and is what the index promised.

        Args:
            number: its place among the wheels.

        Raises:
            HashMismatchError: when it is another file.
            DownloadError, PipError: when it cannot be had.
        """
        try:
            return self._jobs.result(number)
        except _MENDABLE:
            part = self._told[number]
            part.begin("fetching")
            (path,) = pip.download(
                [self._wheels[number]],
                self._folder,
                self._platform,
                offline=self._offline,
                progress=part.update,
            )
            part.begin("unpacking")
            result = self._use(number, path, part.update, _nothing)
            # Nobody goes on with what had come before.
            Inside(self._parts.parent).remove(self._part(self._wheels[number]))
            part.finish()
            return result

    def _make(self, number: int, job: Job) -> T:
        wheel = self._wheels[number]
        if wheel.sha256 is None:
            raise _LeftToPip
        if wheel.url.startswith("file:"):
            target = self._folder / wheel.filename
            found = sums_of(Path(url2pathname(urlsplit(wheel.url).path)), target)
            if found.sha256 != wheel.sha256:
                raise pip.HashMismatchError(wheel.name)
            job.update(found.size, found.size)
            return self._unpack(number, target, job)
        if self._session is None:
            raise _LeftToPip
        try:
            if wheel.size and wheel.size >= WORTH_STREAMING:
                with contextlib.suppress(NotInOrderError):
                    return self._stream(number, wheel.size, job)
            return self._fetch(number, job)
        except DownloadError as error:
            if error.wrong:
                raise pip.HashMismatchError(wheel.name) from error
            if error.unreachable:
                raise
            # Perhaps pip knows a password.
            raise _LeftToPip from error

    def _stream(self, number: int, size: int, job: Job) -> T:
        """Unpack a wheel while it comes.

        Raises:
            NotInOrderError: when that is not possible; nothing has come then.
        """
        wheel, session = self._wheels[number], cast(Session, self._session)
        incoming = self._incoming(wheel, job, whole=False)

        def end(first: int, behind: int) -> bytes:
            try:
                with job.waiting():
                    return piece(wheel.url, first, behind, size, session.get)
            except DownloadError as error:
                # Whatever is wrong, the file itself shows it better.
                raise NotInOrderError from error

        coming = Coming(wheel.filename, size, incoming.blocks(), end)

        def check() -> None:
            same = coming.finish()
            incoming.check()
            if not same:
                raise pip.HashMismatchError(wheel.name)
            incoming.forget()

        try:
            return self._use(number, coming, _nothing, check)
        except ArchiveError:
            # Of another file nothing is said but that.
            check()
            raise

    def _fetch(self, number: int, job: Job) -> T:
        """Fetch a wheel, and unpack it then."""
        wheel = self._wheels[number]
        incoming = self._incoming(wheel, job, whole=True)
        for _ in incoming.blocks():
            pass
        incoming.check()
        target = self._folder / wheel.filename
        Inside(self._parts.parent).rename(self._part(wheel), target)
        return self._unpack(number, target, job)

    def _unpack(self, number: int, path: Path, job: Job) -> T:
        job.part.begin("unpacking")
        return self._use(number, path, job.update, _nothing)

    def _incoming(self, wheel: Wheel, job: Job, *, whole: bool) -> Incoming:
        return Incoming(
            wheel.url,
            self._part(wheel),
            size=wheel.size,
            sha256=cast(str, wheel.sha256),
            progress=job.update,
            ask=cast(Session, self._session).get,
            waiting=job.waiting,
            whole=whole,
            several=self._several,
        )

    def _part(self, wheel: Wheel) -> Path:
        # An index may have one file under two names.
        return self._parts / f"{wheel.sha256}-{wheel.name}.part"


class _LeftToPip(Exception):
    """A file that pip may get where we do not."""


_MENDABLE = (AskPip, _LeftToPip)


def _nothing(*_: object) -> None:
    """Nothing is left to be done."""
