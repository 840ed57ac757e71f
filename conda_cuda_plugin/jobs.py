"""Files that are fetched and unpacked several at a time, until the command ends."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, cast

from .progress_text import Part

T = TypeVar("T")
_AT_ONCE = 4
"""More connections bring no more: the disk and the hashes are busy then."""


class Job:
    """One of them, as whoever works on it sees it.

    Args:
        part: is told how far it is.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.busy = threading.Lock()
        self.closed = False

    def update(self, done: int, total: int) -> None:
        """Say how many bytes of how many are done; the last word when the command has ended."""
        self._go_on()
        self.part.update(done, total)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While a server is waited for nothing is written, and the command may end."""
        self.busy.release()
        try:
            yield
        finally:
            self.busy.acquire()
        self._go_on()

    def _go_on(self) -> None:
        if self.closed:
            raise _Stopped


class Jobs(Generic[T]):
    """All of them. Nothing is written by a thread of theirs any more when the context is left.

    Args:
        parts: one for each, which is told how far it is.
        work: does one; it gets its place and the job.
        mendable: what work raises where there is another way for the one alone.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        work: Callable[[int, Job], T],
        mendable: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._work, self._jobs, self._mendable = work, [Job(part) for part in parts], mendable
        self._ended = [threading.Event() for _ in parts]
        self._results: dict[int, T] = {}
        self._failures: dict[int, BaseException] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Jobs[T]:
        for _ in range(min(_AT_ONCE, len(self._jobs))):
            threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for job in self._jobs:
            job.closed = True
        for job in self._jobs:
            # Whoever unpacks stops at his next block, and who waits for a server goes on no more.
            job.busy.acquire()

    def result(self, number: int) -> T:
        """What came of one, when it is done.

        Args:
            number: its place.

        Raises:
            What its work has raised; or that of another, without which nothing comes of all.
        """
        # Without a limit of time no signal would be heard on Windows.
        while not self._ended[number].wait(0.1):
            for failure in list(self._failures.values()):
                if not isinstance(failure, self._mendable):
                    raise failure
        if number in self._failures:
            raise self._failures[number]
        return cast(T, self._results.get(number))

    def _run(self) -> None:
        while (number := next(self._numbers)) < len(self._jobs):
            job = self._jobs[number]
            try:
                with job.busy:
                    if job.closed:
                        return
                    job.part.begin("fetching")
                    self._results[number] = self._work(number, job)
                    job.part.finish()
            except BaseException as error:
                self._failures[number] = error
            self._ended[number].set()


class _Stopped(BaseException):
    """The command has ended, and another one may have the folder."""
