"""How text is laid out on the screen: its width, columns, wrapped lines, colour."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..quoting import escaped

WIDTH = 80
"""Columns that running text takes at most."""
_LEAST = 40
_COLUMN = 8
"""What a column keeps at least, however narrow the screen is."""
_COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def screen_width() -> int | None:
    """The columns there are: COLUMNS, else the terminal's; None in a pipe, where nothing is cut."""
    named = os.environ.get("COLUMNS", "")
    # Numbers that Python does not take, of 4 300 digits and more, mean nothing either.
    if named.isascii() and named.isdigit() and len(named) < 10 and int(named) > 0:
        return max(_LEAST, int(named))
    try:
        # A terminal that does not know says 0.
        return max(_LEAST, os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH)
    except (OSError, ValueError, AttributeError):
        return None


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
    last = len(widths) - 1
    lines = []
    for number, row in enumerate(rows):
        cells = [
            [cell] if whole and column == last else wrapped(cell, widths[column])
            for column, cell in enumerate(row)
        ]
        for line in range(max(map(len, cells), default=0)):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            text = "  ".join(part.ljust(widths[i]) for i, part in enumerate(parts))
            text = text.rstrip()
            lines.append(paint(text, painted.get(number), before=indent) if text else "")
    return lines


def _widths(rows: Sequence[Sequence[str]], indent: int, whole: bool) -> list[int]:
    """How wide each column is to be."""
    widths = [
        max(len(row[column]) for row in rows if column < len(row))
        for column in range(max(map(len, rows), default=0))
    ]
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


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of a width; words that are longer are shortened in the middle."""

    if len(text) <= width:
        return [text]
    parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [shortened(part, width) for part in parts]


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
        # Paths stay whole, so that they can be copied.
        parts = textwrap.wrap(
            escaped(value),
            text_width() - 2 - width - 4,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
        lines.append(f"  {name.ljust(width)}  {parts[0]}".rstrip())
        lines += [f"  {' ' * width}  {part}" for part in parts[1:]]
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
    """A line with a coloured part, where the screen has colours; they never mean anything alone.

    Args:
        text: what is coloured.
        colour: its name; None for none.
        before: what stands before it.
        after: what stands behind it.
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
