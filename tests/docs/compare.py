"""Whether a command prints what a page shows, whatever folders, sizes, hashes and dates."""

from __future__ import annotations

import re

_VARYING = (
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:B|kB|KB|MB|GB)(?![\w.])"), "SIZE"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "HASH"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?"), "DATE"),
    # What a terminal shows behind the question is the reader's own answer.
    (re.compile(r"(\(\[y\]/n\)\?)(?: y\b)?"), r"\1"),
)


def normal(text: str) -> str:
    """Text without what differs from machine to machine; every run of blanks is one."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return " ".join(text.split())


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown is what was printed; `...` stands for anything."""
    parts = [normal(part) for part in shown.split("...")]
    pattern = r"\s?.*?\s?".join(map(re.escape, parts))
    return re.fullmatch(rf"\s?{pattern}\s?", normal(printed), re.S) is not None
