"""Wheels that come, several at a time, while the first of them are used."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...archives import sums_of
from ...files import Inside
from ...platforms import Platform
from .. import pip
from ..download import DownloadError, download
from .session import Session, session_of
from .settings import read_settings
from .wheel import AskPip, Wheel

_AT_ONCE = 4
"""More connections bring no more: the disk and the hashes are busy then."""


class Fetching:
    """Some wheels on their way, in the order in which they are wanted.

    What has come of a wheel when the command is stopped stays, and the next one goes on with it.

    Args:
        wheels: what is wanted.
        parts: the folder for what has come in part.
        folder: an empty folder for the files.
        platform: what they are for.
        offline: use local folders only.
    """

    def __init__(
        self,
        wheels: Sequence[Wheel],
        parts: Path,
        folder: Path,
        platform: Platform,
        *,
        offline: bool,
    ) -> None:
        self._wheels, self._parts, self._folder = wheels, parts, folder
        self._platform, self._offline = platform, offline
        self._session: Session | None = None
        self._states = [_State() for _ in wheels]
        self._numbers = itertools.count()
        self._gate = threading.Lock()
        self._closed = False

    def __enter__(self) -> Fetching:
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

    def take(self, number: int, progress: Callable[[int, int], None]) -> Path:
        """The file of a wheel, when it has come and is what the index promised.

        Args:
            number: its place among the wheels.
            progress: called with bytes done and bytes in all.

        Raises:
            HashMismatchError: when it is another file.
            DownloadError, PipError: when it cannot be had.
        """
        state = self._states[number]
        while not state.ended.wait(0.1):
            progress(state.done, state.total)
        if isinstance(state.failure, (AskPip, _LeftToPip)):
            (path,) = pip.download(
                [self._wheels[number]],
                self._folder,
                self._platform,
                offline=self._offline,
                progress=progress,
            )
            return path
        if state.failure is not None:
            raise state.failure
        assert state.path is not None
        return state.path

    def _run(self) -> None:
        while not self._closed and (number := next(self._numbers)) < len(self._wheels):
            state = self._states[number]
            try:
                state.path = self._fetch(self._wheels[number], state)
            except BaseException as error:
                state.failure = error
            state.ended.set()

    def _fetch(self, wheel: Wheel, state: _State) -> Path:
        target = self._folder / wheel.filename
        if wheel.sha256 is None:
            raise _LeftToPip
        if wheel.url.startswith("file:"):
            found = sums_of(Path(url2pathname(urlsplit(wheel.url).path)), target)
            if found.sha256 != wheel.sha256:
                raise pip.HashMismatchError(wheel.name)
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
        Inside(self._parts.parent).rename(part, target)
        return target

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        with self._gate:
            if self._closed:
                raise _Stopped
            yield


class _State:
    """How far a wheel is."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.path: Path | None = None
        self.failure: BaseException | None = None
        self.done, self.total = 0, 0

    def update(self, done: int, total: int) -> None:
        self.done, self.total = done, total


class _LeftToPip(Exception):
    """A file that pip may get where we do not."""


class _Stopped(BaseException):
    """The command has ended, and another one may have the folder."""
