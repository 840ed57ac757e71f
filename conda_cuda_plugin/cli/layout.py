"""The layout of text on the screen: width, columns, wrapped lines, colour."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from ..quoting import escaped

WIDTH = 80
"""Columns that running text takes at most."""
_LEAST = 40
_COLUMN = 8
"""What a column keeps at least, however narrow the screen is."""
_COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def screen_width() -> int | None:
    """COLUMNS, else the columns of the terminal; None in a pipe, where nothing is cut."""
    columns = shutil.get_terminal_size((0, 0)).columns
    return max(_LEAST, columns) if columns else None


def text_width() -> int:
    """The columns that running text may take."""
    return min(WIDTH, screen_width() or WIDTH)


def table(
    rows: Sequence[Sequence[str]],
    indent: str = "  ",
    *,
    whole: bool = False,
    painted: Mapping[int, str] = {},
) -> list[str]:
    """Rows as aligned lines that fit the screen; the last column is never padded.

    On a narrow screen the widest columns give way: words go on below, and a word that is too long
    is shortened in the middle.

    Args:
        rows: the cells; the first row may be a header.
        indent: what each line begins with.
        whole: leave the last column as it is, for paths that people copy.
        painted: the colours of some rows, by number.
    """
    rows = [[escaped(cell) for cell in row] for row in rows]
    widths = _widths(rows, len(indent), whole)
    lines = []
    for number, row in enumerate(rows):
        cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=False)]
        if whole and len(row) == len(widths):
            cells[-1] = [row[-1]]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = (part.ljust(width) for part, width in zip(parts, widths, strict=False))
            text = "  ".join(padded).rstrip()
            lines.append(paint(text, painted.get(number), before=indent) if text else "")
    return lines


def _widths(rows: Sequence[Sequence[str]], indent: int, whole: bool) -> list[int]:
    """How wide each column is to be."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    limit = screen_width()
    if limit is None:
        return widths
    flexible = range(len(widths) - 1 if whole else len(widths))
    room = limit - indent - 2 * (len(widths) - 1)
    while sum(widths) > room:
        widest = max(flexible, key=lambda column: widths[column], default=None)
        if widest is None or widths[widest] <= _COLUMN:
            break
        widths[widest] -= 1
    return widths


def paragraph(
    text: str, indent: str = "", more: str | None = None, width: int | None = None
) -> list[str]:
    """Text in lines that fit the screen. Paths stay whole, so that they can be copied.

    The first line begins with `indent`, the others with `more` (by default the same).
    """
    return textwrap.wrap(
        text,
        width or text_width() - 2,
        initial_indent=indent,
        subsequent_indent=indent if more is None else more,
        break_long_words=False,
        break_on_hyphens=False,
    )


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of a width; longer words are shortened in the middle."""
    if len(text) <= width:
        return [text]
    return [shortened(part, width) for part in paragraph(text, width=width)]


def shortened(text: str, width: int) -> str:
    """A word that fits, its beginning and its end kept."""
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"


def fields(rows: Sequence[tuple[str, str]]) -> list[str]:
    """`name  value` lines; long values go on below themselves."""
    width = max(len(name) for name, _ in rows)
    lines = []
    for name, value in rows:
        parts = paragraph(escaped(value), width=text_width() - width - 6) or [""]
        names = (name, *[""] * (len(parts) - 1))
        lines += [
            f"  {one:{width}}  {part}".rstrip() for one, part in zip(names, parts, strict=True)
        ]
    return lines


def heading(text: str, path: str | Path) -> list[str]:
    """A title with the path that it is about: beside it, or below where there is no room."""
    line, width = f"{text} ({path})", screen_width()
    if width is None or len(line) <= width:
        return [line]
    mark = "# " if text.startswith("#") else "  "
    return [text, f"{mark}{path}"]


class Painted(str):
    """A line with colours of ours; whatever else in it could steer a terminal is escaped."""

    __slots__ = ()


def paint(text: str, colour: str | None, *, before: str = "", after: str = "") -> str:
    """A line with a coloured part, between what stands before and after it.

    A colour never means anything alone: a screen may have none.
    """
    if not colour or not text or not has_colours():
        return f"{before}{text}{after}"
    painted = f"\x1b[{_COLOURS[colour]}m{escaped(text)}\x1b[0m"
    return Painted(f"{escaped(before)}{painted}{escaped(after)}")


def has_colours() -> bool:
    """Whether standard output is a terminal with colours, and the user wants them.

    https://no-color.org: any value of NO_COLOR but the empty one means no.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("", "dumb"):
        return False
    return bool(sys.stdout and sys.stdout.isatty())
