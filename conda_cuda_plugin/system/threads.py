"""Work in several threads, which end with the command: nobody waits for what is under way then."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import Generic, TypeVar

from .operating_system import tidy, uninterrupted
from .progress_text import Part

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 4
"""Jobs at a time. More connections bring no more: the disk and the hashes are busy then."""
_LONG = 3600
"""Seconds; without a limit a wait is deaf to signals on Windows."""


class _Calls(Generic[R]):
    """Calls with the numbers from 0 to a count, in order, in a few threads from `begin` on.

    `allowed` holds back calls, if given: each takes one permit.
    """

    def __init__(
        self,
        call: Callable[[int], R],
        count: int,
        at_once: int,
        allowed: threading.Semaphore | None = None,
    ) -> None:
        self.results: deque[Future[R]] = deque(Future() for _ in range(count))
        self._call, self._todo, self._allowed = call, deque(enumerate(self.results)), allowed
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(min(at_once, count))
        ]

    def begin(self) -> None:
        """Start the threads that have not been started."""
        # A signal in the middle of `start` would leave a thread without its name in Python's lists.
        with uninterrupted():
            while self._threads:
                self._threads.pop().start()

    def _run(self) -> None:
        while True:
            if self._allowed:
                self._allowed.acquire()
            try:
                number, result = self._todo.popleft()
            except IndexError:
                return
            try:
                result.set_result(self._call(number))
            except BaseException as error:
                result.set_exception(error)

    def stop(self) -> None:
        """Begin nothing new."""
        self._todo.clear()


def in_parallel(call: Callable[[T], R], items: Sequence[T], at_once: int) -> list[R]:
    """Call a function with each item, some at a time; return the results in the order of the items.

    When a call fails, or the user interrupts, nothing new is begun.

    Raises:
        What the first call that failed has raised.
    """
    if len(items) < 2 or at_once < 2:
        return [call(item) for item in items]
    calls = _Calls(lambda number: call(items[number]), len(items), at_once)
    try:
        calls.begin()
        done, _ = wait(calls.results, _LONG, FIRST_EXCEPTION)
        for one in done:
            one.result()
        return [result.result() for result in calls.results]
    finally:
        calls.stop()


def in_order(call: Callable[[T], R], items: Sequence[T], at_once: int) -> Iterator[R]:
    """The same, but each result as soon as it is its turn.

    At most `at_once` calls are ahead of the caller. When it stops taking, nothing new is begun.

    Raises:
        What the call with the next item has raised.
    """
    allowed = threading.Semaphore(at_once)
    calls = _Calls(lambda number: call(items[number]), len(items), at_once, allowed)
    try:
        calls.begin()
        while calls.results:
            result = calls.results.popleft()
            wait([result], _LONG)
            allowed.release()
            yield result.result()
    finally:
        calls.stop()
        allowed.release(at_once)


class Job:
    """One of several jobs, as the thread that does it sees it.

    Args:
        part: is told how far it is.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.busy = threading.RLock()
        self.closed = False

    def update(self, done: int, total: int) -> None:
        """Say how many bytes of how many are done; the thread stops here when the command ends."""
        self.check()
        self.part.update(done, total)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for a server: nothing is written meanwhile, and the command may end."""
        self.busy.release()
        try:
            yield
        finally:
            self.busy.acquire()
        self.check()

    def check(self) -> None:
        """Stop when the command has ended."""
        if self.closed:
            raise _Stopped


class Jobs(Generic[T]):
    """Several jobs. Their threads write nothing any more when the context is left.

    Args:
        parts: one for each job, which is told how far it is.
        work: does a job; it gets its number and the job.
    """

    def __init__(self, parts: Sequence[Part], work: Callable[[int, Job], T]) -> None:
        self._work, self._jobs = work, [Job(part) for part in parts]
        self._calls = _Calls(self._do, len(self._jobs), _AT_ONCE)

    def __enter__(self) -> Jobs[T]:
        # No thread yet: a signal may come before the context is entered, and nobody would stop it.
        return self

    def __exit__(self, *error: object) -> None:
        tidy(self._end)

    def _end(self) -> None:
        self._calls.stop()
        for job in self._jobs:
            job.closed = True
        for job in self._jobs:
            # A thread that unpacks stops at its next block; one that waits does not go on.
            job.busy.acquire()

    def result(self, number: int) -> T:
        """The result of a job, when it is done; the first call begins them all.

        Raises:
            What the job has raised, or another one that cannot be mended.
        """
        self._calls.begin()
        result = self._calls.results[number]
        while not result.done():
            wait([result], 0.1)
            for one in self._calls.results:
                error = one.exception() if one.done() else None
                if error:
                    raise error
        return result.result()

    def _do(self, number: int) -> T:
        job = self._jobs[number]
        with job.busy:
            job.check()
            job.part.begin("fetching")
            result = self._work(number, job)
            job.part.finish()
        return result


class _Stopped(BaseException):
    """The command has ended, and another one may have the folder."""
