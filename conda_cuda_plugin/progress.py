"""Progress bars for what conda's own do not cover, drawn by tqdm as conda's are."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import Any

from .quoting import escaped

_NOTICEABLE = 1.0
"""Seconds after which people want to know what is going on."""


def is_shown() -> bool:
    """Whether somebody watches who wants to see it, on a terminal that can go back in a line."""
    from conda.base.context import context

    if context.json or context.quiet or os.environ.get("TERM") == "dumb":
        return False
    return bool(sys.stderr and sys.stderr.isatty())


class _Ticking:
    """Something on the screen that changes every second, so that nobody thinks it hangs."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._done.wait(_NOTICEABLE):
            self._tick()

    def _tick(self) -> None:
        raise NotImplementedError

    def _stop(self) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()


class Progress(_Ticking):
    """One bar on standard error for one file.

    Without a terminal only the title is printed; under --json and --quiet nothing.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = escaped(title)
        self._bar: Any = None
        self._word, self._since = "", 0.0

    def __enter__(self) -> Progress:
        from conda.base.context import context

        if is_shown():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self.title,
                unit="B",
                unit_scale=True,
                leave=False,
                file=sys.stderr,
                dynamic_ncols=True,
                bar_format="{desc}  {bar} {n_fmt}/{total_fmt} {rate_fmt}",
            )
            self._start()
        elif not context.json and not context.quiet:
            print(self.title, file=sys.stderr)
        return self

    def update(self, done: int, total: int) -> None:
        """Show how many bytes of how many are done."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def update_part(self, before: int, total: int, done: int, of_part: int) -> None:
        """Show how many bytes are done where several files follow each other.

        Args:
            before: the bytes of the files before this one.
            total: the bytes of all files.
            done: the bytes of this one that are done.
            of_part: the bytes of this one.
        """
        self.update(before + done, total)

    def step(self, word: str) -> None:
        """Say what is done now."""
        if self._bar is not None:
            self._word, self._since = word, time.monotonic()
            self._bar.bar_format = "{desc}  {bar} {n_fmt}/{total_fmt}{postfix}"
            self._bar.reset()
            self._bar.set_postfix_str(word)

    def _tick(self) -> None:
        if self._word:
            seconds = int(time.monotonic() - self._since)
            self._bar.set_postfix_str(f"{self._word} {seconds} s")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        if self._bar is not None:
            self._bar.close()


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if Waiting._outer is self:
            Waiting._outer = None
        self._stop()
        if self._bar is not None:
            self._bar.close()
