"""The sentences of data/messages.json as patterns, and where they stand in a text.

A sentence has slots: `{file}: cannot open shared object`. Blanks, letter case and quotes do not
matter, `...` is a gap, and what a slot takes is said once, in `SLOTS`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

from ..data import read_data

LIMIT = 2**20
"""Characters that are looked at: the last ones, where logs have their error."""
_MOST_PLACES = 4000
"""Places that are looked at closely; a text with more complaints repeats itself."""
_BEFORE, _BEHIND = 400, 4200
"""Characters around the fixed part of a sentence, so that the time is in proportion to the text."""

SO = r"(?<!\w)lib[\w.+-]{1,80}?\.so(?:\.\d{1,9}){0,6}(?!\.?\w)"
DLL = r"(?<![\w.+-])[\w.+-]{1,80}?\.(?:dll|pyd)(?!\w)"
_ARCHIVE = r"(?<![\w.+-])[\w.+-]{1,80}?\.(?:a|lib)(?!\.?\w)"
_QUOTES = "'\"`´‘’“”„«»「」"
_FOLDER = rf"(?:[A-Za-z]:)?[^\s:<>|*?{_QUOTES}(){{}}\[\],;]{{0,200}}[\\/]"
_FOLDER_WITH_BLANKS = rf"(?:[A-Za-z]:[\\/]|[\\/])[^:<>|*?{_QUOTES}]{{0,300}}[\\/]"
_VERSION = r"\d{1,2}\.\d{1,3}(?:\.\d{1,4}){0,2}"
_CUDNN = r"(?:\d{4,6}|\d{1,2}(?:[., ]{1,2}\d{1,3}){0,3})"
SLOTS = {
    "file": f"{SO}|{DLL}",
    "part": f"{SO}|{DLL}|{_ARCHIVE}",
    "header": r"(?<![\w+-])(?:[\w+-]{1,60}\.(?:h|hpp|cuh|inl)|(?:nv|cuda)/[\w/]{1,60})(?!\w)",
    "tool": r"(?<![\w.+-])[\w+-]{1,40}(?:\.exe)?(?![\w-])",
    "by": r"[^\n)'\"<>|]{1,4000}?",
    "path": r"/[^'\"\]]{1,300}",
    "symbol": r"\w{1,300}",
    "word": r":?[\w.+-]{1,80}(?![\w.+-]|::)",
    "title": r"\w{2,20}",
    "number": r"\d{1,5}",
    "here": _VERSION,
    "built": _VERSION,
    "release": _VERSION,
    "major": r"\d{1,2}",
    "torch": r"\d{1,2}(?:\.\d{1,3}){1,2}",
    "gpu": r"(?:(?:sm|compute)_?\d{2,3}[af]?|\d{1,2}\.\d)",
    "cu": r"\d{3}",
    "ptx": r"\d\.\d",
    "ptx_here": r"\d\.\d",
    "cudnn": _CUDNN,
    "cudnn_here": _CUDNN,
    "cuda": r"\d{5}",
    "cuda_here": r"\d{5}",
}
"""What each slot of a sentence takes."""
_PATHS = ("file", "part", "header", "tool")
"""Slots that may have a folder before the name."""
_TOKEN = re.compile(r"\{(\w+)\}|(\.\.\.)|(')|( )|([^{.' ]+|[.{])")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
# Colours and titles that programs send to a terminal.
_STEERING = re.compile(r"\x1b(?:\[[0-9;?]{0,40}[ -/]?[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)?|.)")


class Found(NamedTuple):
    """A sentence in a text."""

    start: int
    end: int
    row: Mapping[str, Any]
    slots: Mapping[str, str]

    def within(self, other: Found) -> bool:
        """Whether another one of its kind says the same and more."""
        alike = ("means" in other.row) is ("means" in self.row)
        meets = other.start < self.end and self.start < other.end
        return alike and meets and self.end - self.start < other.end - other.start


@dataclass(frozen=True)
class _Sentence:
    """A sentence as patterns around its longest fixed part."""

    text: str
    row: Mapping[str, Any]

    @cached_property
    def _parts(self) -> tuple[int, str, list[tuple[str | None, str | None, str]]]:
        """Where the key stands among the tokens, the key, and (slot, gap, literal) of each."""
        tokens: list[tuple[str | None, str | None, str]] = []
        for slot, gap, quote, blank, literal in _TOKEN.findall(self.text):
            plain = blank or literal
            if plain and tokens and tokens[-1][2]:
                tokens[-1] = (None, None, tokens[-1][2] + plain)
            else:
                tokens.append((slot or None, gap or quote or None, plain))
        at = max(range(len(tokens)), key=lambda number: len(tokens[number][2]))
        return at, tokens[at][2].lower(), tokens

    @property
    def key(self) -> str:
        """The longest part without slots, in lower case."""
        return self._parts[1]

    @cached_property
    def before(self) -> re.Pattern[str]:
        """What stands right before the key."""
        at, _, tokens = self._parts
        return _compiled(tokens[:at], "{}\\Z", blanks=False)

    @cached_property
    def one_word(self) -> bool:
        """Whether what stands before the key has no blank in it."""
        at, _, tokens = self._parts
        return all(
            gap != "..." and " " not in text and slot != "by" for slot, gap, text in tokens[:at]
        )

    @cached_property
    def behind(self) -> re.Pattern[str]:
        """What stands right behind it."""
        at, _, tokens = self._parts
        return _compiled(tokens[at + 1 :], "{}", blanks=True)


def _compiled(
    tokens: list[tuple[str | None, str | None, str]], frame: str, *, blanks: bool
) -> re.Pattern[str]:
    pattern = ""
    for slot, gap, literal in tokens:
        if slot:
            name = f"(?P<{slot}>{SLOTS[slot]})"
            folders = f"{_FOLDER_WITH_BLANKS}|{_FOLDER}" if blanks else _FOLDER
            pattern += f"(?P<{slot}_in>{folders})?{name}" if slot in _PATHS else name
        elif gap:
            pattern += ".{0,200}?" if gap == "..." else f"[{_QUOTES}]{{0,2}}"
        else:
            pattern += re.escape(literal)
    return re.compile(frame.format(pattern), re.IGNORECASE)


@cache
def _sentences() -> tuple[_Sentence, ...]:
    rows = read_data("messages.json")["messages"]
    return tuple(_Sentence(says, row) for row in rows for says in row["says"])


class Text:
    """A message or a log: its words, one blank between each, and the lines they stand on."""

    def __init__(self, text: str, lines_before: int = 0) -> None:
        cut = max(0, len(text) - LIMIT)
        self._dropped = lines_before + text.count("\n", 0, cut)
        self._starts: list[int] = []
        parts: list[str] = []
        at = 0
        for line in _STEERING.sub("", text[cut:]).split("\n"):
            self._starts.append(at)
            words = " ".join(line.split())
            if words:
                parts.append(words)
                at += len(words) + 1
        self.words = " ".join(parts)
        """Terminals wrap anywhere, and programs indent as they like."""

    @property
    def is_long(self) -> bool:
        """Whether it has so many lines that one has to be named."""
        return self._dropped + len(self._starts) > 2

    def line_at(self, place: int) -> int:
        """The number of the line on which a place in `words` stands, from 1."""
        return self._dropped + bisect_right(self._starts, place)

    def sentences(self) -> Iterator[Found]:
        """The known sentences in it, in no order."""
        low = self.words.translate(_LOWER)
        places: dict[str, list[int]] = {}
        for sentence in _sentences():
            key = sentence.key
            if key not in places:
                places[key] = list(_places(low, key))
            for at in places[key]:
                found = self._matched(sentence, at)
                if found is not None:
                    yield found

    def _matched(self, sentence: _Sentence, at: int) -> Found | None:
        end = at + len(sentence.key)
        begin = max(0, at - _BEFORE)
        if sentence.one_word:
            begin = max(begin, self.words.rfind(" ", begin, at))
        before = sentence.before.search(self.words[begin:at])
        behind = sentence.behind.match(self.words[end : end + _BEHIND])
        if before is None or behind is None:
            return None
        slots = {**before.groupdict(), **behind.groupdict()}
        start = at - (before.end() - before.start())
        return Found(
            start,
            end + behind.end(),
            sentence.row,
            {name: value for name, value in slots.items() if value is not None},
        )


def _places(low: str, key: str) -> Iterator[int]:
    at = low.find(key)
    for _ in range(_MOST_PLACES):
        if at < 0:
            return
        yield at
        at = low.find(key, at + len(key))
