"""What tests look at after a command: the link, and lines on the screen."""

from __future__ import annotations

import os
from pathlib import Path

BASE = ("--from=pypi", "--flavor=base", "--yes")


def current(prefix: Path) -> str | None:
    link = prefix / "cuda"
    return os.readlink(link) if link.is_symlink() else None


def assert_fits_the_screen(text: str) -> None:
    """80 columns at most; only lines with a path may be longer."""
    assert [line for line in text.splitlines() if len(line) > 80 and "/" not in line] == []
