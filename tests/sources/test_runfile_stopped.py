"""A signal at any moment while an installer begins: it does not run on behind the command."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from conda.exceptions import CondaSignalInterrupt

from conda_cuda_plugin.sources.runfile.unpack import Workplace
from conda_cuda_plugin.system.stopping import stoppable

TRIES = 15
LONGEST = 0.02
"""Seconds from the beginning in which the signals come: within them the program is started."""


def running(folder: Path) -> list[str]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder) in os.fsdecode((process / "cmdline").read_bytes()):
                found.append(process.name)
    return found


def test_it_ends_with_the_command(tmp_path: Path) -> None:
    place = Workplace(tmp_path, tmp_path / "file", "title")
    (tmp_path / "tmp" / "script").write_text("sleep 60\n")
    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        for number in range(TRIES):
            with pytest.raises(CondaSignalInterrupt), stoppable():
                signal.setitimer(signal.ITIMER_REAL, LONGEST * (number + 1) / TRIES)
                place.run("script")
            end = time.monotonic() + 60
            # What was killed takes a moment to go, and the kernel long to take down its mounts.
            while (left := running(tmp_path)) and time.monotonic() < end:
                time.sleep(0.01)
            assert not left, f"try {number}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
