"""Signals that ask to stop: the first one stops the command, no other disturbs the tidying up."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType

from conda import conda_signal_handler
from conda.common.signals import signal_handler
from conda.exceptions import CondaSignalInterrupt


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise conda's CondaSignalInterrupt on Ctrl-C, and on signals that ask to stop."""
    with signal_handler(_stop):
        yield


def _stop(number: int, frame: FrameType | None) -> None:
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, CondaSignalInterrupt):
            # It is on its way out, past all that has to be tidied up.
            return
        error = error.__context__
    conda_signal_handler(number, frame)
