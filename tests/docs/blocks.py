"""The code blocks of the documentation, as markdown has them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"

_FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>```+|~~~+)(?P<info>.*)$")
_NOTE = re.compile(r"<!--\s*(?P<name>not run|exit codes|before|file):\s*(?P<text>.*?)\s*-->", re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Args:
        page: the file, from the project's root.
        line: the number of its first line, the fence.
        language: the word behind the fence.
        text: what it holds.
        not_run: why it cannot run in the sandbox, where the page says so.
        exit_codes: what the commands end with, where that is not 0 throughout.
        before: commands that put down what the reader has and the page does not show.
        file: where the reader saves it.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None = None
    exit_codes: tuple[int, ...] | None = None
    before: str = ""
    file: str | None = None

    @property
    def name(self) -> str:
        """`page:line`."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Step:
    """A command, and what the page shows of its output; None where it shows nothing."""

    command: str
    shown: str | None


def pages() -> list[str]:
    """Every page with code: README.md and the documentation."""
    found = [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]
    return [str(path.relative_to(PROJECT)) for path in found]


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, with what the comments between it and the last one say."""
    found = []
    notes: list[str] = []
    lines = iter(enumerate((PROJECT / page).read_text().splitlines(), 1))
    for number, line in lines:
        match = _FENCE.match(line)
        if match:
            body = list(_body(lines, match))
            found.append(_block(page, number, match["info"].strip(), body, "\n".join(notes)))
            notes = []
        elif line.strip().startswith("<!--"):
            comment = [line]
            while "-->" not in comment[-1]:
                comment.append(next(lines)[1])
            notes.append("\n".join(comment))
    if any(_NOTE.search(note) for note in notes):
        raise ValueError(f"{page}: no block follows {notes}")
    return found


def _body(lines: Iterator[tuple[int, str]], fence: re.Match[str]) -> Iterator[str]:
    for _, line in lines:
        if line.strip() == fence["ticks"]:
            return
        yield line.removeprefix(fence["indent"])
    raise ValueError("a block is not closed")


def _block(page: str, number: int, info: str, body: list[str], notes: str) -> Block:
    said = {note["name"]: note["text"] for note in _NOTE.finditer(notes)}
    codes = said.get("exit codes")
    return Block(
        page,
        number,
        info.split(" ")[0].strip("{}. "),
        "\n".join(body),
        said.get("not run"),
        tuple(map(int, codes.split(","))) if codes else None,
        said.get("before", ""),
        said.get("file"),
    )


def steps_of(block: Block) -> list[Step]:
    """The commands of a `bash` or `console` block."""
    if block.language == "bash":
        return [Step(command, None) for command in _commands(block.text)]
    found: list[Step] = []
    command: list[str] = []
    shown: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found += _step(command, shown)
            command, shown = [line[2:]], []
        elif line.startswith("> ") and command and not shown:
            command.append(line[2:])
        else:
            shown.append(line)
    return found + _step(command, shown)


def docker_commands(block: Block) -> list[str]:
    """What an image's RUN lines do with conda, except that they install the plugin."""
    text = re.sub(r"\\\n", " ", block.text)
    runs = [line.removeprefix("RUN ") for line in text.splitlines() if line.startswith("RUN ")]
    commands = [part.strip() for run in runs for part in run.split("&&")]
    return [one for one in commands if one.startswith("conda ") and " pip " not in one]


def _step(command: list[str], shown: list[str]) -> list[Step]:
    if not command:
        return []
    text = "\n".join(shown).strip("\n")
    return [Step("\n".join(command), text or None)]


def _commands(text: str) -> Iterator[str]:
    """A script in pieces that are whole for bash."""
    piece: list[str] = []
    for line in text.splitlines():
        piece.append(line)
        if not any(part.strip() and not part.startswith("#") for part in piece):
            piece = []
        elif _is_whole("\n".join(piece)):
            yield "\n".join(piece)
            piece = []
    if piece:
        raise ValueError(f"bash cannot read {piece}")


def _is_whole(command: str) -> bool:
    if command.endswith("\\"):
        return False
    done = subprocess.run(["bash", "-n"], input=command, text=True, capture_output=True)
    return done.returncode == 0 and not done.stderr
