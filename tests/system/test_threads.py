"""Many things done at once are done in order, each once, and not further ahead than they may be."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.system.threads import in_order, in_parallel


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(), max_size=30), st.integers(1, 6))
def test_everything_comes_once_and_in_order(items: list[int], at_once: int) -> None:
    asked: list[int] = []
    lock = threading.Lock()
    taken = 0

    def call(number: int) -> int:
        with lock:
            asked.append(number)
            assert len(asked) - taken <= at_once + 1
        return number

    found = []
    for result in in_order(call, items, at_once):
        found.append(result)
        taken += 1
    assert found == items
    assert sorted(asked) == sorted(items)
    assert in_parallel(lambda number: number, items, at_once) == items


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 19), st.integers(1, 6))
def test_what_fails_is_raised_where_it_would_come(place: int, at_once: int) -> None:
    def call(number: int) -> int:
        if number == place:
            raise KeyError(number)
        return number

    found = []
    with pytest.raises(KeyError):
        for result in in_order(call, range(20), at_once):
            found.append(result)
    assert found == list(range(place))


def test_nothing_is_begun_when_nobody_takes_any_more() -> None:
    before = threading.active_count()
    begun: list[int] = []
    results = in_order(lambda number: begun.append(number), range(1000), 3)
    next(results)
    results.close()  # type: ignore[attr-defined]
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.1)
    assert threading.active_count() <= before
    assert len(begun) <= 5
