"""Every screen is as it was at the last look; `make screens` writes them anew, for another look."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator

import pytest
import wcwidth

from .golden import FOLDER, SCREENS, WIDTHS, World, make_world, text_of

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="sizes and names of packages are another platform's"
)
MARK = re.compile(r"\{(?:bold|red|green|yellow|cyan|/)\}")
UNFINISHED = re.compile(
    r"\b(?:conda|conda cuda|pip install)$|(?:--(?:for|from|flavor|components|to|index-url)|-[cnp])$"
)
OPTION = re.compile(r"--?[a-z]")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with make_world() as made:
        yield made


def sections(name: str) -> Iterator[tuple[int, list[str]]]:
    """The width and the lines of each screen in a file, without colours."""
    text = MARK.sub("", (FOLDER / f"{name}.txt").read_text(encoding="utf-8"))
    parts = re.split(r"^=+ (\d+) columns =+\n", text, flags=re.MULTILINE)
    for columns, part in zip(parts[1::2], parts[2::2], strict=True):
        yield int(columns), part.splitlines()


def test_every_file_is_a_screen() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(SCREENS)


@pytest.mark.parametrize("name", SCREENS)
def test_it_is_as_it_was(name: str, world: World) -> None:
    kept = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert text_of(world, name) == kept, "make screens writes it anew"


@pytest.mark.parametrize("name", SCREENS)
def test_without_colours_nothing_is_lost(name: str, world: World) -> None:
    shown = world.screen(SCREENS[name], 80, colours=False)
    assert not MARK.search(shown)
    assert shown.splitlines() == dict(sections(name))[80][: len(shown.splitlines())]


@pytest.mark.parametrize("name", SCREENS)
def test_no_command_is_broken_and_all_else_fits(name: str) -> None:
    assert [columns for columns, _ in sections(name)] == list(WIDTHS)
    for columns, lines in sections(name):
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            # A command is as long as it is, and so is a path.
            whole = "/" in line or re.search(r"\b(?:conda|pip) |--", line)
            assert wcwidth.wcswidth(line) <= columns or whole, line
            assert not UNFINISHED.search(line), line
            if OPTION.match(following.lstrip()) and line:
                assert line.endswith((".", ":", ",", ";", ")")), f"{line}\n{following}"
