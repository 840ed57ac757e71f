"""Draw a terminal session as SVG, from the text of it.

usage: picture.py SESSION.txt PICTURE.svg

Lines that begin with `$ ` are what a person typed; all others are what was printed. The same
text gives the same picture, byte for byte. tests/docs/record.py runs the commands and writes it.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

COLUMNS = 60
NO_BREAK = "\u00a0"
"""A blank that is drawn wherever it stands."""
LINE, CHARACTER, SIZE = 20, 8.43, 14
LEFT, TOP = 18, 58
COLOURS = {
    "typed": "#e6edf3",
    "printed": "#adbac7",
    "prompt": "#76b900",
    "marked": "#f0c674",
    "cure": "#7ee787",
}
MARKED = re.compile(
    r"^(?P<before>\s*(?:to do|loads from|belongs to|lies in|asked by)\s)(?P<rest>.*)"
)


def wrapped(line: str) -> list[str]:
    """A line as a terminal of COLUMNS breaks it."""
    pieces = [line[i : i + COLUMNS] for i in range(0, len(line), COLUMNS)]
    return pieces or [""]


def spans(line: str) -> list[tuple[str, str]]:
    """A line in pieces, each with the name of its colour."""
    if line.startswith("$ "):
        return [("prompt", "$"), ("typed", line[1:])]
    if line.lstrip().startswith("conda cuda "):
        return [("cure", line)]
    if line.startswith("*"):
        return [("marked", line)]
    match = MARKED.match(line)
    if match:
        return [("marked", match["before"]), ("printed", match["rest"])]
    return [("printed", line)]


def picture(text: str) -> str:
    """The SVG of a session."""
    rows = [spans(piece) for line in text.rstrip("\n").split("\n") for piece in wrapped(line)]
    width = round(2 * LEFT + COLUMNS * CHARACTER)
    height = TOP + LINE * len(rows) + 8
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="A terminal session">',
        f'<rect width="{width}" height="{height}" rx="10" fill="#1c2128" stroke="#444c56"/>',
        *(
            f'<circle cx="{24 + 22 * i}" cy="22" r="6.5" fill="{colour}"/>'
            for i, colour in enumerate(("#ec6a5e", "#f4bf4f", "#61c554"))
        ),
        f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, '
        f'monospace" font-size="{SIZE}">',
    ]
    for number, row in enumerate(rows):
        y, column = TOP + LINE * number, 0
        for colour, piece in row:
            # Each piece says how wide it is, so that any fixed-width font fits.
            if piece.strip():
                bare = piece.lstrip(" ")
                x = LEFT + (column + len(piece) - len(bare)) * CHARACTER
                length = len(bare.rstrip(" ")) * CHARACTER
                out.append(
                    f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" fill="{COLOURS[colour]}">'
                    f"{escape(bare.rstrip(' ')).replace(' ', NO_BREAK)}</text>"
                )
            column += len(piece)
    return "\n".join([*out, "</g>", "</svg>"]) + "\n"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    Path(sys.argv[2]).write_text(picture(Path(sys.argv[1]).read_text(encoding="utf-8")), "utf-8")


if __name__ == "__main__":
    main()
