"""The files that the maintainers' pages name are there."""

from __future__ import annotations

import re

import pytest

from ..conftest import PROJECT
from .imports import PACKAGE

PAGES = ["CONTRIBUTING.md", "SECURITY.md", "docs/benchmarks.md", "docs/release-checklist.md"]
PAGES += [f"docs/decisions/{path.name}" for path in (PROJECT / "docs" / "decisions").glob("*.md")]
PLACES = ("", PACKAGE)
"""From where their paths begin."""
ELSEWHERE = ("build/", "etc/", "share/", "conda-meta/", "bin/", "info/", "cuda/")
"""How paths in an environment, in a package and of what is built begin."""


def paths(text: str) -> set[str]:
    """The names of files and folders in backticks, those with a placeholder left out."""
    words = re.findall(r"`([\w~.-]+(?:/[\w~.-]+)*/?)`", text)
    named = {word for word in words if "/" in word or word.endswith((".py", ".md"))}
    kept = {word for word in named if not re.search(r"\b(?:NAME|EXT|TOPIC)\b", word)}
    return {word for word in kept if not word.startswith(ELSEWHERE)}


@pytest.mark.parametrize("page", PAGES)
def test_they_are_there(page: str) -> None:
    named = paths((PROJECT / page).read_text(encoding="utf-8"))
    assert {
        one for one in named if not any((PROJECT / at / one).exists() for at in PLACES)
    } == set()


def test_the_map_has_every_room() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (PROJECT / PACKAGE).glob("*/__init__.py")]
    assert [room for room in rooms if f"\n| `{room}/` |" not in text] == []


def test_what_is_found() -> None:
    text = "`a/b.py`, `c.py`, `d/`, `sources/NAME.py`, `etc/conda/cuda`, `word`, `make x/y`"
    assert paths(text) == {"a/b.py", "c.py", "d/"}
