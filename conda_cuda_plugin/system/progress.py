"""What people see while they wait for what conda has no bars for, drawn by tqdm as conda's are."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from conda.base.context import context

from ..quoting import escaped
from .progress_text import Part, announcement, bar_line, summary

_NOTICEABLE = 1.0
"""Seconds after which people want to know what is going on."""


def is_shown() -> bool:
    """Whether somebody watches who wants to see it, on a terminal that can go back in a line."""
    if _is_silent() or os.environ.get("TERM") == "dumb":
        return False
    return bool(sys.stderr and sys.stderr.isatty())


def _is_silent() -> bool:

    return bool(context.json or context.quiet)


class _Ticking:
    """Something on the screen that changes all the time, so that nobody thinks it hangs."""

    _every = _NOTICEABLE

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(self._every):
            self._tick()

    def _tick(self) -> None:
        raise NotImplementedError

    def _stop(self) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()


class Fetched:
    """All that a command fetches, one stage after the other; says at the end in which time.

    On standard error; under --json and --quiet, or where nothing was fetched, it says nothing.
    """

    _current: Fetched | None = None

    def __init__(self) -> None:
        self.parts: list[Part] = []

    @classmethod
    def now(cls) -> Fetched:
        """That of the command that runs, or one that nobody is told of."""
        return cls._current or cls()

    def __enter__(self) -> Fetched:
        Fetched._current = self
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        Fetched._current = None
        if error is None:
            self.tell()

    def tell(self) -> None:
        """Say it now, since nothing else will be fetched."""
        line, self.parts = summary(self.parts), []
        if line is not None and not _is_silent():
            print(line, file=sys.stderr)


class Progress(_Ticking):
    """One bar on standard error for all files of a command: those of the stages before count too.

    Without a terminal a line says what comes; under --json and --quiet nothing does. Only the bar's
    own thread draws: whoever works tells the parts, in whatever thread, and is not held up.

    Args:
        parts: the files of this stage; without any there is no bar.
    """

    _every = 0.2

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.parts = parts
        self._all = Fetched.now().parts
        self._all += parts
        self._bar: Any = None
        self._columns = 0
        self._rate, self._speed = Speed(3), Speed(10)

    def __enter__(self) -> Progress:
        if not self.parts:
            return self
        if is_shown():
            self._start()
        elif not _is_silent():
            print(announcement(self.parts), file=sys.stderr)
        return self

    def _tick(self) -> None:
        now = time.monotonic()
        rate = self._rate.at(now, sum(part.fetched for part in self._all))
        speed = self._speed.at(now, sum(part.work for part in self._all))
        # Nothing in the last column: some terminals go on to the next line behind it.
        columns = max(_columns() - 2, 1)
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(leave=False, file=sys.stderr, bar_format="{desc}")
        elif columns != self._columns:
            # On a screen that has become narrower the last line may take two.
            sys.stderr.write("\x1b[J")
            self._bar.sp = self._bar.status_printer(sys.stderr)
        self._columns = columns
        line = bar_line(self._all, columns, rate, speed, now)
        # What the terminal itself writes, as ^C, is at the beginning and goes with the bar.
        self._bar.display(f"{line:<{columns}}\r", pos=0)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._stop()
        if self._bar is not None:
            self._bar.close()


class Speed:
    """How much a second brings, the last seconds before all.

    Args:
        memory: the seconds after which what was counts for a third.
    """

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._last: tuple[float, float] | None = None
        self._sum = self._weight = 0.0

    def at(self, now: float, amount: float) -> float:
        """The speed, where there is so much now."""
        last, self._last = self._last, (now, amount)
        if last is None or now <= last[0]:
            return 0.0
        seconds = now - last[0]
        keep = math.exp(-seconds / self._memory)
        # A file that is fetched from its beginning again is no step back in time.
        self._sum = keep * self._sum + (1 - keep) * max(0.0, amount - last[1]) / seconds
        self._weight = keep * self._weight + (1 - keep)
        return self._sum / self._weight


def _columns() -> int:
    """The columns of the terminal that standard error is; one that does not know says 0."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class Waiting(_Ticking):
    """A line on standard error while something takes longer than a second; only on a terminal.

    Within another one it says nothing.
    """

    _outer: Waiting | None = None

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = escaped(title)
        self._bar: Any = None
        self._since = 0.0

    def __enter__(self) -> Waiting:
        if Waiting._outer is None and is_shown():
            Waiting._outer = self
            self._since = time.time()
            self._start()
        return self

    def _tick(self) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self.title, leave=False, file=sys.stderr, bar_format="{desc} ... {elapsed}"
            )
            self._bar.start_t = self._since
        self._bar.refresh()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if Waiting._outer is self:
            Waiting._outer = None
        self._stop()
        if self._bar is not None:
            self._bar.close()
