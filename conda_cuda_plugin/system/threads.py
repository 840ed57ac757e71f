"""Work done several at a time, until the command ends."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, cast

from .progress_text import Part

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(call: Callable[[T], R], items: Sequence[T], at_once: int) -> list[R]:
    """What a call gives for each item, in their order.

    When one fails nothing new is begun. Nobody has to wait for what is under way then, or when the
    user interrupts it: the threads end with the command.

    Args:
        call: what to do; it runs in threads.
        items: what to do it with.
        at_once: how many at a time.

    Raises:
        What the first one that failed has raised.
    """
    if len(items) < 2 or at_once < 2:
        return [call(item) for item in items]
    results: dict[int, R] = {}
    failures: list[BaseException] = []
    numbers, done, left = itertools.count(), threading.Event(), [len(items)]
    lock = threading.Lock()

    def run() -> None:
        while not failures and (number := next(numbers)) < len(items):
            try:
                result = call(items[number])
            except BaseException as error:
                failures.append(error)
                done.set()
                return
            with lock:
                results[number] = result
                left[0] -= 1
                if not left[0]:
                    done.set()

    for _ in range(min(at_once, len(items))):
        threading.Thread(target=run, daemon=True).start()
    # Without a limit of time no signal would be heard on Windows.
    while not done.wait(3600):
        pass
    if failures:
        raise failures[0]
    return [results[number] for number in range(len(items))]


def in_order(call: Callable[[T], R], items: Sequence[T], at_once: int) -> Iterator[R]:
    """What a call gives for each item, in their order, as soon as it is there.

    So many calls are ahead of what was taken at most. When whoever takes stops, nothing new is
    begun, and nobody waits for what is under way.

    Args:
        call: what to do; it runs in threads.
        items: what to do it with.
        at_once: how many at a time.

    Raises:
        What the call raised for the item that is next.
    """
    results: dict[int, tuple[R | None, BaseException | None]] = {}
    changed, begun, wanted = threading.Condition(), 0, at_once

    def run() -> None:
        nonlocal begun
        while True:
            with changed:
                while 0 <= wanted <= begun:
                    changed.wait(3600)
                if wanted < 0 or begun >= len(items):
                    return
                number, begun = begun, begun + 1
            result = error = None
            try:
                result = call(items[number])
            except BaseException as failure:
                error = failure
            with changed:
                results[number] = result, error
                changed.notify_all()

    for _ in range(min(at_once, len(items))):
        threading.Thread(target=run, daemon=True).start()
    try:
        for number in range(len(items)):
            with changed:
                while number not in results:
                    # Without a limit of time no signal would be heard on Windows.
                    changed.wait(3600)
                result, error = results.pop(number)
                wanted += 1
                changed.notify_all()
            if error is not None:
                raise error
            yield cast(R, result)
    finally:
        with changed:
            wanted = -1
            changed.notify_all()


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
    """

    def __init__(self, parts: Sequence[Part], work: Callable[[int, Job], T]) -> None:
        self._work, self._jobs = work, [Job(part) for part in parts]
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
