"""The picture of a session shows what the commands print now."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from .blocks import DOCS
from .record import PICTURE, SESSION, session_block
from .world import World, open_session


def test_the_commands_print_what_it_shows(
    world: World, address: str, reader_folder: Callable[[], Path]
) -> None:
    block = session_block()
    session = open_session(world, reader_folder(), address)
    session.read([block])
    session.check(block)


def test_it_is_drawn_from_that_text(tmp_path: Path) -> None:
    again = tmp_path / "session.svg"
    command = [sys.executable, DOCS / "demo" / "picture.py", SESSION, again]
    subprocess.run(command, check=True)
    assert again.read_bytes() == PICTURE.read_bytes()


def test_verdicts_are_drawn_from_the_tables(conda_exe: Path, tmp_path: Path) -> None:
    again = tmp_path / "verdicts.svg"
    command = [conda_exe.parent / "python", DOCS / "demo" / "verdicts.py", again]
    subprocess.run(command, check=True)
    assert again.read_bytes() == (DOCS / "images" / "verdicts.svg").read_bytes()


def test_it_holds_every_word_of_it() -> None:
    """Long words are broken where the terminal ends."""
    drawn = unescape(" ".join(re.findall(r">([^<]+)</text>", PICTURE.read_text())))
    assert "".join(drawn.split()) == "".join(SESSION.read_text().split())


@pytest.mark.parametrize("path", sorted((DOCS / "images").glob("*.svg")), ids=lambda p: p.name)
def test_pictures_load_nothing(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"(?:href|src|url\()\W*https?:", text) == []
    assert "<script" not in text
