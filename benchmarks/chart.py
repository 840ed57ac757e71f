"""The figures as a bar chart, drawn without any library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from .figure import Figure

WIDTH, LEFT, RIGHT = 900, 350, 130
LINE, BAR, TOP = 30, 12, 64
COLORS = {True: "#2c7fb8", False: "#d95f0e"}
FONT = 'font-family="sans-serif"'


def svg(figures: Sequence[Figure], title: str) -> str:
    """One bar a figure: the ratio as a share of its goal, on a logarithmic scale.

    A bar that ends left of the line has reached its goal.
    """
    height = TOP + LINE * len(figures) + 20
    span = WIDTH - LEFT - RIGHT
    shares = [_share(figure) for figure in figures]
    low = min([0.1, *shares]) / 1.2
    high = max([2.0, *shares]) * 1.2

    def place(share: float) -> float:
        return LEFT + span * math.log(share / low) / math.log(high / low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="12" y="24" {FONT} font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="42" {FONT} font-size="10" fill="#777">A bar is the share of what the '
        "goal allows, on a logarithmic scale: shorter is better.</text>",
        f'<text x="12" y="55" {FONT} font-size="10" fill="{COLORS[False]}">Orange misses its goal; '
        "the text below the chart says why.</text>",
        f'<text x="{place(1):.1f}" y="48" {FONT} text-anchor="middle" fill="#555">goal</text>',
    ]
    for number, (figure, share) in enumerate(zip(figures, shares, strict=True)):
        y = TOP + number * LINE
        text = f"{figure.ratio:.2f}x  (goal {figure.goal_text})"
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 6}" {FONT} text-anchor="end">'
            f"{escape(figure.what)}</text>",
            f'<text x="{LEFT - 8}" y="{y + 19}" {FONT} font-size="10" text-anchor="end" '
            f'fill="#777">{"faster than" if figure.at_least else "against"} '
            f"{escape(figure.against)}</text>",
            f'<rect x="{LEFT}" y="{y}" width="{max(place(share) - LEFT, 1):.1f}" height="{BAR}" '
            f'fill="{COLORS[figure.reached]}"/>',
            f'<text x="{WIDTH - RIGHT + 4}" y="{y + 10}" {FONT} font-size="11">'
            f"{escape(text)}</text>",
        ]
    parts += [
        f'<line x1="{place(1):.1f}" y1="52" x2="{place(1):.1f}" y2="{height - 14}" '
        'stroke="#555" stroke-dasharray="4 3"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _share(figure: Figure) -> float:
    """How much of what the goal allows is taken up; 1 is the goal itself."""
    if not figure.goal:
        # Nothing is allowed: as good as can be, or as far beyond as the chart goes.
        return 2.0 if figure.ratio else 0.01
    share = figure.goal / figure.ratio if figure.at_least else figure.ratio / figure.goal
    return max(share, 0.01)
