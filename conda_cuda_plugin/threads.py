"""Doing the same with many things, several at a time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

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
