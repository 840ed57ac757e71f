"""Colour: on a terminal that has it, never alone, and never in a pipe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..conftest import Conda
from .completing import terminal

ESCAPE = "\x1b"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LIST = ["list"]


def on_terminal(conda: Conda, prefix: Path, words: list[str], **more: str) -> str:
    """What `conda cuda` shows on a terminal."""
    variables = conda.environ(TERM="xterm-256color", NO_COLOR=None, COLUMNS="80") | more
    line = ["sh", "-c", '"$@"; echo "E""ND"', "sh", str(conda.exe), "cuda", words[0]]
    with terminal([*line, "-p", str(prefix), *words[1:]], variables, prefix) as screen:
        shown = screen.read_until("END\r\n")
    return shown.replace("\r\n", "\n").removesuffix("END\n")


def test_a_terminal_has_colours(conda: Conda, two: Path) -> None:
    shown = on_terminal(conda, two, LIST)
    (row,) = [line for line in shown.splitlines() if ESCAPE in line]
    assert COLOURS.sub("", row).startswith("*  cuda-12.4")
    # The colour says nothing that is not there without it.
    assert COLOURS.sub("", shown) == conda.cuda("list", two, COLUMNS="80").out


def test_findings_have_colours(conda: Conda, two: Path) -> None:
    (two / "cuda-12.4/toolkit.yaml").unlink()
    shown = on_terminal(conda, two, ["doctor"])
    assert re.search(r"\x1b\[31merror\x1b\[0m [a-z-]+: ", shown)
    assert COLOURS.sub("", shown) == conda.cuda("doctor", two, check=False, COLUMNS="80").out


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}], ids=str)
def test_nobody_is_forced(variables: dict[str, str], conda: Conda, two: Path) -> None:
    shown = on_terminal(conda, two, LIST, **variables)
    assert ESCAPE not in shown
    assert "*  cuda-12.4" in shown


def test_an_empty_no_color_says_nothing(conda: Conda, two: Path) -> None:
    assert ESCAPE in on_terminal(conda, two, LIST, NO_COLOR="")


@pytest.mark.parametrize("verb", ["list", "doctor", "info"])
def test_a_pipe_has_none(verb: str, conda: Conda, two: Path) -> None:
    result = conda.cuda(verb, two, check=False, TERM="xterm-256color", NO_COLOR=None)
    assert ESCAPE not in result.out + result.err
    assert ESCAPE not in conda.cuda(verb, two, "--json", check=False, TERM="xterm").out
