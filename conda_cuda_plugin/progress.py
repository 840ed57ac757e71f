"""Progress bars for what conda's own do not cover."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Progress:
    """One bar on standard error for one file; silent under --json, --quiet and in pipes."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._bar: Any = None

    def __enter__(self) -> Progress:
        from conda.base.context import context

        if not context.json and not context.quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self.title,
                unit="B",
                unit_scale=True,
                leave=False,
                file=sys.stderr,
                bar_format="{desc}  {bar:24} {n_fmt}/{total_fmt} {rate_fmt}{postfix}",
            )
        elif not context.json and not context.quiet:
            print(self.title, file=sys.stderr)
        return self

    def update(self, done: int, total: int) -> None:
        """Show how many bytes of how many are done."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def step(self, word: str) -> None:
        """Say what is done now."""
        if self._bar is not None:
            self._bar.set_postfix_str(word)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
