"""One signal stops a command; those behind it do not stop what it tidies up."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from conda.exceptions import CondaSignalInterrupt
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.system.operating_system import tidy
from conda_cuda_plugin.system.stopping import stoppable

SIGNALS = st.sampled_from([signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])


@given(st.lists(SIGNALS, min_size=1), st.integers(0, 3))
def test_the_first_one_stops_and_all_is_tidied_up(numbers: list[int], depth: int) -> None:
    first, *others = numbers
    done = []

    def nested(depth: int) -> None:
        try:
            if depth:
                nested(depth - 1)
            else:
                os.kill(os.getpid(), first)
        except OSError:
            done.append("never")
        finally:
            for number in others:
                os.kill(os.getpid(), number)
            done.append("tidied")

    with pytest.raises(CondaSignalInterrupt, match=signal.Signals(first).name), stoppable():
        nested(depth)
    assert done == ["tidied"] * (depth + 1)


def test_what_raises_another_error_meanwhile_is_not_disturbed_either() -> None:
    done = []
    with pytest.raises(KeyError), stoppable():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except CondaSignalInterrupt as error:
            try:
                raise KeyError("another") from error
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("tidied")
    assert done == ["tidied"]


def test_when_somebody_has_swallowed_the_first_one_the_next_one_stops() -> None:
    with stoppable():
        for _ in range(2):
            with contextlib.suppress(Exception):
                os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(CondaSignalInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


@given(st.integers(0, 3))
def test_what_must_be_done_is_done_though_a_signal_comes_in_it(steps: int) -> None:
    """Its steps are begun again, and no second signal comes."""
    done: list[int] = []

    def work() -> None:
        for step in range(4):
            done.append(step)
            if step == steps:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(CondaSignalInterrupt), stoppable():
        tidy(work)
    assert done == [*range(steps + 1), *range(4)]
