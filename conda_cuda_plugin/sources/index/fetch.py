"""Wheels that come, several at a time, and are unpacked by the threads that fetch them.

A wheel of some size is unpacked while it comes, where the server gives its end first.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ...archives import sums_of
from ...convert.coming import Coming, NotInOrderError
from ...convert.package import ArchiveError
from ...files import Inside
from ...platforms import Platform
from ...progress_text import Part
from .. import pip
from ..download import DownloadError
from ..incoming import Incoming
from ..pieces import piece
from .session import Session, session_of
from .settings import read_settings
from .wheel import AskPip, Wheel

T = TypeVar("T")
Use = Callable[[int, Path | Coming, Callable[[int, int], None], Callable[[], None]], T]
_AT_ONCE = 4
"""More connections bring no more: the disk and the hashes are busy then."""
_WORTH_STREAMING = 2**20
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
        self._platform, self._offline = platform, offline
        self._session: Session | None = None
        self._states: list[_State[T]] = [_State(part) for part in told]
        self._numbers = itertools.count()
        self._closed, self._several = False, threading.Lock()

    def __enter__(self) -> Fetching[T]:
        if not self._offline and any(wheel.url.startswith("http") for wheel in self._wheels):
            with contextlib.suppress(AskPip):
                self._session = session_of(read_settings())
        for _ in range(min(_AT_ONCE, len(self._wheels))):
            threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        for state in self._states:
            # Whoever unpacks stops at his next block, and who waits for a server goes on no more.
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
            state.result = self._use(number, path, state.update, _nothing)
        elif state.failure is not None:
            raise state.failure
        state.part.finish()
        return cast(T, state.result)

    def _run(self) -> None:
        while not self._closed and (number := next(self._numbers)) < len(self._wheels):
            state = self._states[number]
            state.part.begin("fetching")
            try:
                with state.busy:
                    state.result = self._make(number, state)
            except BaseException as error:
                state.failure = error
            state.end()

    def _make(self, number: int, state: _State[T]) -> T:
        wheel = self._wheels[number]
        if wheel.sha256 is None:
            raise _LeftToPip
        if wheel.url.startswith("file:"):
            target = self._folder / wheel.filename
            found = sums_of(Path(url2pathname(urlsplit(wheel.url).path)), target)
            if found.sha256 != wheel.sha256:
                raise pip.HashMismatchError(wheel.name)
            state.update(found.size, found.size)
            return self._unpack(number, target, state)
        if self._session is None:
            raise _LeftToPip
        try:
            if wheel.size and wheel.size >= _WORTH_STREAMING:
                with contextlib.suppress(NotInOrderError):
                    return self._stream(number, wheel.size, state)
            return self._fetch(number, state)
        except DownloadError as error:
            if error.wrong:
                raise pip.HashMismatchError(wheel.name) from error
            if error.unreachable:
                raise
            # Perhaps pip knows a password.
            raise _LeftToPip from error

    def _stream(self, number: int, size: int, state: _State[T]) -> T:
        """Unpack a wheel while it comes.

        Raises:
            NotInOrderError: when that is not possible; nothing has come then.
        """
        wheel, session = self._wheels[number], cast(Session, self._session)
        incoming = self._incoming(wheel, state, whole=False)

        def end(first: int, behind: int) -> bytes:
            try:
                with self._waiting(state):
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

    def _fetch(self, number: int, state: _State[T]) -> T:
        """Fetch a wheel, and unpack it then."""
        wheel = self._wheels[number]
        incoming = self._incoming(wheel, state, whole=True)
        for _ in incoming.blocks():
            pass
        incoming.check()
        target = self._folder / wheel.filename
        Inside(self._parts.parent).rename(self._part(wheel), target)
        return self._unpack(number, target, state)

    def _unpack(self, number: int, path: Path, state: _State[T]) -> T:
        state.part.begin("unpacking")
        return self._use(number, path, functools.partial(self._update, state), _nothing)

    def _incoming(self, wheel: Wheel, state: _State[T], *, whole: bool) -> Incoming:
        return Incoming(
            wheel.url,
            self._part(wheel),
            size=wheel.size,
            sha256=cast(str, wheel.sha256),
            progress=functools.partial(self._update, state),
            ask=cast(Session, self._session).get,
            waiting=functools.partial(self._waiting, state),
            whole=whole,
            several=self._several,
        )

    def _part(self, wheel: Wheel) -> Path:
        return self._parts / f"{wheel.sha256}.part"

    def _update(self, state: _State[T], done: int, total: int) -> None:
        if self._closed:
            raise _Stopped
        state.update(done, total)

    @contextlib.contextmanager
    def _waiting(self, state: _State[T]) -> Iterator[None]:
        """While a server is waited for nothing is written, and the command may end."""
        state.busy.release()
        try:
            yield
        finally:
            state.busy.acquire()
        if self._closed:
            raise _Stopped


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


def _nothing(*_: object) -> None:
    """Nothing is left to be done."""
