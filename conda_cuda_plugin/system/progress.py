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
from .progress_text import Part, announcement, bar_line, clock, cut, summary


def is_shown() -> bool:
    """Whether somebody wants to see it, on a terminal that can go back in a line."""
    if _is_silent() or os.environ.get("TERM") == "dumb":
        return False
    return bool(sys.stderr and sys.stderr.isatty())


def _is_silent() -> bool:
    return bool(context.json or context.quiet)


class _Line:
    """A line on standard error that a thread of its own draws again and again, until `stop`."""

    seconds = 1.0
    """How often; for a first time, too."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def text(self, columns: int) -> str:
        """The line, at most so long."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to draw."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Remove the line."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        bar: Any = None
        before = 0
        while not self._done.wait(self.seconds):
            # Nothing in the last column: some terminals go on to the next line behind it.
            columns = max(_columns() - 2, 1)
            if bar is None:
                # Not at the top: most commands draw nothing.
                from tqdm import tqdm

                bar = tqdm(leave=False, file=sys.stderr, bar_format="{desc}")
            elif columns != before:
                # On a screen that has become narrower the last line may take two.
                sys.stderr.write("\x1b[J")
                bar.sp = bar.status_printer(sys.stderr)
            before = columns
            # What the terminal itself writes, as ^C, is at the beginning and goes with the line.
            bar.display(f"{self.text(columns):<{columns}}\r", pos=0)
        if bar is not None:
            bar.close()


class Fetched:
    """All that a command fetches, stage by stage; says at the end how long it took.

    On standard error; under --json and --quiet, or where nothing was fetched, it says nothing.
    """

    _current: Fetched | None = None

    def __init__(self) -> None:
        self.parts: list[Part] = []

    @classmethod
    def now(cls) -> Fetched:
        """The one of the running command, or one that says nothing."""
        return cls._current or cls()

    def __enter__(self) -> Fetched:
        Fetched._current = self
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        Fetched._current = None
        if error is None:
            self.tell()

    def tell(self) -> None:
        """Say it now: nothing else will be fetched."""
        line, self.parts = summary(self.parts), []
        if line is not None and not _is_silent():
            print(line, file=sys.stderr)


class Progress(_Line):
    """One bar on standard error for all files of a command: those of the stages before count too.

    Without a terminal a line says what comes; under --json and --quiet nothing does. Whoever works
    tells the parts, in whatever thread, and never waits for the drawing.

    Args:
        parts: the files of this stage; without any there is no bar.
    """

    seconds = 0.2

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.parts = parts
        self._all = Fetched.now().parts
        self._all += parts
        self._rate, self._speed = Speed(3), Speed(10)

    def __enter__(self) -> Progress:
        if self.parts and is_shown():
            self.start()
        elif self.parts and not _is_silent():
            print(announcement(self.parts), file=sys.stderr)
        return self

    def text(self, columns: int) -> str:
        """The bar."""
        now = time.monotonic()
        rate = self._rate.at(now, sum(part.fetched for part in self._all))
        speed = self._speed.at(now, sum(part.work for part in self._all))
        return bar_line(self._all, columns, rate, speed, now)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.stop()


class Speed:
    """The amount per second; the last seconds count most.

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
        # A file may be fetched from its beginning again.
        self._sum = keep * self._sum + (1 - keep) * max(0.0, amount - last[1]) / seconds
        self._weight = keep * self._weight + (1 - keep)
        return self._sum / self._weight


def _columns() -> int:
    """The columns of the terminal on standard error; one that does not know says 0."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class Waiting(_Line):
    """A line on standard error while something takes longer than a second; only on a terminal.

    Within another one it says nothing.
    """

    _outer: Waiting | None = None

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = escaped(title)
        self._since = time.monotonic()

    def __enter__(self) -> Waiting:
        if Waiting._outer is None and is_shown():
            Waiting._outer = self
            self.start()
        return self

    def text(self, columns: int) -> str:
        """What is waited for, and for how long."""
        return cut(f"{self.title} ... {clock(time.monotonic() - self._since)}", columns)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if Waiting._outer is self:
            Waiting._outer = None
        self.stop()
