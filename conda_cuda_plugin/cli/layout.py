"""The layout of text on the screen: width, columns, wrapped lines, colour."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from conda.base.context import context

from ..errors import CudaError
from ..quoting import escaped

WIDTH = 80
"""Columns that running text takes at most."""
_LEAST = 40
_COLUMN = 8
"""What a column keeps at least, however narrow the screen is."""
# Where a command in running text ends cannot be told: words that are not of it do no harm. An
# argument is an option with its value, or has a digit, a capital or a sign that words have not.
_WORD = r"(?: (?!['\"-])\S*[^\s.,;:()])"
_ARGUMENT = (
    r"""(?:(?<![.,;:]) (?:-\S*[^\s.,;:)] (?!-)\S+|-\S+|"[^"]*"|'[^']*'|[^\s(]*[0-9A-Z=/<>*-]\S*))"""
)
_PROGRAM = r"(?:conda|pip|python3?|uv|export|unset|unsetenv|setenv|set -[ex])"
_SET = r"(?:env(?: [A-Z_]+=\S*)+ )?"
_WHOLE = re.compile(
    rf"(?<![\w./-])(?:{_SET}{_PROGRAM}{_WORD}{{1,3}}|--[a-z][\w-]*(?![\w-]){_WORD}?){_ARGUMENT}*"
    r'|"[^"]*"'
)
_COLOURS = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
LEVELS = {"native": "green", "minor": "yellow", "compat": "yellow", "cannot": "red"}
"""The colours of verdicts: it runs, it runs with limits, it does not run."""


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
            padded = (filled(part, width) for part, width in zip(parts, widths, strict=False))
            text = "  ".join(padded).rstrip()
            lines.append(paint(text, painted.get(number), before=indent) if text else "")
    return lines


def _widths(rows: Sequence[Sequence[str]], indent: int, whole: bool) -> list[int]:
    """How wide each column is to be."""
    widths = [max(map(columns, column)) for column in zip_longest(*rows, fillvalue="")]
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


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian letters two, accents none."""
    return sum(_columns(one) for one in text)


def _columns(one: str) -> int:
    if one.isascii():
        return 1
    if unicodedata.category(one) in ("Mn", "Me", "Cf") or "\u1160" <= one <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def filled(text: str, width: int) -> str:
    """A text with blanks behind it, up to a number of columns."""
    return text + " " * (width - columns(text))


def paragraph(
    text: str, indent: str = "", more: str | None = None, width: int | None = None
) -> list[str]:
    """Text in lines that fit the screen. Paths and commands stay whole, so that they can be copied.

    The first line begins with `indent`, the others with `more` (by default the same).
    """
    width = width or text_width() - 2
    lines, line, begins = [], indent, True
    for unit in _units(text):
        if not begins and columns(line) + 1 + columns(unit) > width:
            lines.append(line)
            line, begins = indent if more is None else more, True
        line, begins = f"{line}{'' if begins else ' '}{unit}", False
    return lines if begins else [*lines, line]


def _units(text: str) -> list[str]:
    """The words of a text; commands are one."""
    text = " ".join(text.split())
    # No text has a line's end in it any more.
    glued = _WHOLE.sub(lambda found: found[0].replace(" ", "\n"), text)
    return [unit.replace("\n", " ") for unit in glued.split(" ")]


def lay_out(error: BaseException) -> None:
    """Let an error of ours fit the screen; conda puts its name in front."""
    screen = screen_width()
    if screen is None or context.json or not isinstance(error, CudaError):
        return
    name, width = f"{type(error).__name__}: ", screen - 1
    first, *rest = paragraph(f"{name}{escaped(error.message)}", more="  ", width=width)
    for hint in error.hints:
        rest += paragraph(escaped(hint), "  ", "    ", width)
    error.laid_out = "\n".join([first.removeprefix(name), *rest])


def fitted(line: str) -> list[str]:
    """A line of running text in lines that fit the screen; tables and commands stay as they are."""
    width, text = screen_width(), line.strip()
    stays = isinstance(line, Painted) or "  " in text or re.match(_PROGRAM + " ", text)
    if width is None or columns(line) <= width or stays:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    more = "# " if line.startswith("# ") else f"{indent}  "
    lines = paragraph(escaped(text), indent, more, width)
    # A title with a name that is longer than the screen is no better in two lines.
    return [line] if line.startswith("# ") and max(map(columns, lines)) > width else lines


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines of a width; longer words are shortened in the middle."""
    if columns(text) <= width:
        return [text]
    lines = []
    for part in paragraph(text, width=width):
        # An option and its value stand together where there is room.
        pieces = [part] if columns(part) <= width else part.split()
        lines += [shortened(piece, width) for piece in pieces]
    return lines


def shortened(text: str, width: int) -> str:
    """A word that fits, its beginning and its end kept."""
    if columns(text) <= width:
        return text
    head, tail = text, text
    while columns(tail) > (width - 3) // 2:
        tail = tail[1:]
    while columns(head) > width - 3 - columns(tail):
        head = head[:-1]
    return f"{head}...{tail}"


def fields(rows: Sequence[tuple[str, str]], painted: Mapping[str, str | None] = {}) -> list[str]:
    """`name  value` lines; long values go on below themselves.

    `painted` are the colours of some values, by name.
    """
    width = max(len(name) for name, _ in rows)
    lines = []
    for name, value in rows:
        parts = paragraph(escaped(value), width=text_width() - width - 6) or [""]
        names = (name, *[""] * (len(parts) - 1))
        for one, part in zip(names, parts, strict=True):
            text = paint(part, painted.get(name), before=f"  {one:{width}}  ")
            lines.append(text if part else text.rstrip())
    return lines


def heading(text: str, path: str | Path) -> list[str]:
    """A title with the path that it is about: beside it, or below where there is no room."""
    line, width = f"{text} ({path})", screen_width()
    if width is None or columns(line) <= width:
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
