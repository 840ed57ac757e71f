"""Measure how good it is, as ratios in one run.

usage: python -m benchmarks.bench [ROW ...]

Without rows all of them are measured, and docs/benchmarks.json and docs/benchmarks.svg are
written; with rows they are only printed.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .chart import svg
from .figure import Figure
from .rows import ROWS
from .world import World

PROJECT = Path(__file__).resolve().parent.parent
ROUNDS = 5


def main() -> None:
    """Measure the rows of the command line."""
    names = sys.argv[1:] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"There is no row {unknown[0]}. Rows: {', '.join(ROWS)}.")
    exe = Path(os.environ.get("CONDA_UNDER_TEST") or PROJECT / "build/conda/bin/conda").absolute()
    if not exe.exists():
        sys.exit(f"{exe} is missing: make base assembles it.")
    folder = Path(tempfile.mkdtemp(prefix="conda-cuda-bench-"))
    figures: dict[str, list[Figure]] = {}
    try:
        world = World(exe, folder, ROUNDS)
        for name in names:
            start = time.monotonic()
            figures[name] = ROWS[name].measure(world)
            print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = [figure for group in figures.values() for figure in group]
    print(*_table(found), sep="\n")
    for figure in found:
        shown = ", ".join(f"{name} {value}" for name, value in figure.details.items())
        print(f"{figure.what}: {shown}", file=sys.stderr)
    if not sys.argv[1:]:
        _write(figures, exe)


def _table(figures: Sequence[Figure]) -> list[str]:
    """The figures as aligned lines."""
    rows = [("what", "against", "ratio", "spread", "goal", "")]
    for figure in figures:
        rows.append(
            (
                figure.what,
                figure.against,
                f"{figure.ratio:.2f}" if figure.ratio > 1.1 else f"{figure.ratio:.4g}",
                f"{figure.spread:.0%}" if figure.spread else "",
                figure.goal_text,
                "reached" if figure.reached else "MISSED",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _write(figures: dict[str, list[Figure]], exe: Path) -> None:
    """Keep the figures, for machines and as a picture."""
    import subprocess

    version = subprocess.run([exe, "--version"], capture_output=True, text=True, check=True).stdout
    document = {
        "conda": version.split()[-1],
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}",
        "python": platform.python_version(),
        "rows": {name: [figure.document() for figure in group] for name, group in figures.items()},
    }
    docs = PROJECT / "docs"
    docs.joinpath("benchmarks.json").write_text(json.dumps(document, indent=2) + "\n")
    flat = [figure for group in figures.values() for figure in group]
    title = f"conda cuda: what it takes, with conda {document['conda']}"
    docs.joinpath("benchmarks.svg").write_text(svg(flat, title))


if __name__ == "__main__":
    main()
