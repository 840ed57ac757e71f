"""Wheels that come, several at a time, and are unpacked by the threads that fetched them."""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...archives import sums_of
from ...files import Inside
from ...platforms import Platform
from ...progress_text import Part
from .. import pip
from ..download import DownloadError, download
from .session import Session, session_of
from .settings import read_settings
from .wheel import AskPip, Wheel

T = TypeVar("T")
_AT_ONCE = 4
"""More connections bring no more: the disk and the hashes are busy then."""


class Fetching(Generic[T]):
    """Some wheels on their way, in the order in which they are wanted.

    What has come of a wheel when the command is stopped stays, and the next one goes on with it.

    Args:
        wheels: what is wanted.
        use: makes something of a wheel's file; it gets the wheel's place, the file, and what to
            call with bytes done and bytes in all.
        parts: the folder for what has come in part.
        folder: an empty folder for the files.
        platform: what they are for.
        told: is told how far each wheel is.
        offline: use local folders only.
    """

    def __init__(
        self,
        wheels: Sequence[Wheel],
        use: Callable[[int, Path, Callable[[int, int], None]], T],
        parts: Path,
        folder: Path,
        platform: Platform,
        told: Sequence[Part],
        *,
        offline: bool,
    ) -> None:
        self._wheels, self._use, self._parts, self._folder = wheels, use, parts, folder
        self._platform, self._offline = platform, offline
        self._session: Session | None = None
        self._states: list[_State[T]] = [_State(part) for part in told]
        self._numbers = itertools.count()
        self._gate = threading.Lock()
        self._closed = False

    def __enter__(self) -> Fetching[T]:
        if not self._offline and any(wheel.url.startswith("http") for wheel in self._wheels):
            with contextlib.suppress(AskPip):
                self._session = session_of(read_settings())
        for _ in range(min(_AT_ONCE, len(self._wheels))):
            threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._gate:
            # From now on nothing is written, however long a thread still waits for a server.
            self._closed = True
        for state in self._states:
            # Whoever unpacks stops at his next block; nobody begins from now on.
            state.busy.acquire()

    def take(self, number: int) -> T:
        """What was made of a wheel, when it has come and is what the index promised.

        Args:
            number: its place among the wheels.

        Raises:
            HashMismatchError: when it is another file.
            DownloadError, PipError: when it cannot be had.
        """
        state = self._states[number]
        # Without a limit of time no signal would be heard on Windows.
        while not state.ended.wait(0.1):
            pass
        if isinstance(state.failure, (AskPip, _LeftToPip)):
            state.part.begin("fetching")
            (path,) = pip.download(
                [self._wheels[number]],
                self._folder,
                self._platform,
                offline=self._offline,
                progress=state.update,
            )
            state.part.begin("unpacking")
            state.result = self._use(number, path, state.update)
        elif state.failure is not None:
            raise state.failure
        state.part.finish()
        return cast(T, state.result)

    def _run(self) -> None:
        while not self._closed and (number := next(self._numbers)) < len(self._wheels):
            state = self._states[number]
            state.part.begin("fetching")
            try:
                path = self._fetch(self._wheels[number], state)
                with state.busy:
                    state.part.begin("unpacking")
                    state.result = self._use(number, path, functools.partial(self._update, state))
            except BaseException as error:
                state.failure = error
            state.end()

    def _fetch(self, wheel: Wheel, state: _State[T]) -> Path:
        target = self._folder / wheel.filename
        if wheel.sha256 is None:
            raise _LeftToPip
        if wheel.url.startswith("file:"):
            with state.busy:
                found = sums_of(Path(url2pathname(urlsplit(wheel.url).path)), target)
            if found.sha256 != wheel.sha256:
                raise pip.HashMismatchError(wheel.name)
            state.update(found.size, found.size)
            return target
        if self._session is None:
            raise _LeftToPip
        part = self._parts / f"{wheel.sha256}.part"
        try:
            download(
                wheel.url,
                part,
                size=wheel.size,
                sha256=wheel.sha256,
                progress=state.update,
                get=self._session.get,
                writing=self._writing,
            )
        except DownloadError as error:
            if error.wrong:
                raise pip.HashMismatchError(wheel.name) from error
            if error.unreachable:
                raise
            # Perhaps pip knows a password.
            raise _LeftToPip from error
        with state.busy:
            Inside(self._parts.parent).rename(part, target)
        return target

    def _update(self, state: _State[T], done: int, total: int) -> None:
        if self._closed:
            raise _Stopped
        state.update(done, total)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._gate:
            if self._closed:
                raise _Stopped
            yield


class _State(Generic[T]):
    """How far a wheel is, and what came of it."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.ended, self.busy = threading.Event(), threading.Lock()
        self.result: T | None = None
        self.failure: BaseException | None = None

    def update(self, done: int, total: int) -> None:
        self.part.update(done, total)

    def end(self) -> None:
        """Whoever waits for it may go on."""
        if self.failure is None:
            self.part.finish()
        self.ended.set()


class _LeftToPip(Exception):
    """A file that pip may get where we do not."""


class _Stopped(BaseException):
    """The command has ended, and another one may have the folder."""
