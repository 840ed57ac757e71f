"""The data files as documents: how they are written, and what tells two of them apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

WIDTH = 100
_READ = re.compile(r"\bread \d{4}-\d{2}\b")


def rewrite(text: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A data file with other content; what stays the same stays as it is written.

    Args:
        text: the file as it is; each key of the document starts a line, two blanks in.
        before: the document in it.
        after: the document that it shall hold, with the same keys.
    """
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith('  "')] + [len(lines) - 1]
    parts = []
    for (key, value), start, end in zip(before.items(), starts, starts[1:], strict=False):
        kept = "\n".join(lines[start:end]).rstrip(",\n ")
        fresh = f"  {json.dumps(key)}: {_render(after[key], 2, key != 'sources')}"
        parts.append(kept if after[key] == value else fresh)
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _render(value: Any, indent: int, short: bool) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value:
        return line
    deep = isinstance(value, dict) and any(isinstance(one, dict) for one in value.values())
    # A comma may follow.
    if short and not deep and indent + len(line) < WIDTH - 12:
        return line
    inside = " " * (indent + 2)
    if isinstance(value, list):
        parts = [json.dumps(one, ensure_ascii=False) for one in value]
        many = all(not isinstance(one, dict | list) for one in value)
        body = _fill(parts, inside) if many else f",\n{inside}".join(parts)
        return f"[\n{inside}{body}\n{' ' * indent}]"
    parts = [
        f"{json.dumps(key, ensure_ascii=False)}: {_render(one, indent + 2, True)}"
        for key, one in value.items()
    ]
    many = all(isinstance(one, list) for one in value.values()) and "\n" not in "".join(parts)
    body = _fill(parts, inside) if short and many else f",\n{inside}".join(parts)
    return f"{{\n{inside}{body}\n{' ' * indent}}}"


def _fill(parts: list[str], inside: str) -> str:
    """As many to a line as there is room for."""
    lines = [parts[0]]
    for part in parts[1:]:
        if len(inside) + len(lines[-1]) + 2 + len(part) < WIDTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return f",\n{inside}".join(lines)


@dataclass(frozen=True)
class Difference:
    """What tells two documents apart, one line each."""

    added: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.added or self.lost or self.changed)

    def lines(self) -> Iterator[str]:
        """The difference for people: + is new, - is lost, ~ has another value."""
        for mark, found in (("-", self.lost), ("~", self.changed), ("+", self.added)):
            yield from (f"  {mark} {line}" for line in found)


def difference(before: Any, after: Any) -> Difference:
    """Compare two documents; a list that is a whole section counts as a set.

    `sources` is left out.
    """
    found = Difference()
    _compare(before, after, "", found)
    return found


def _compare(before: Any, after: Any, path: str, found: Difference) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{path} {key}".strip()
            if here == "sources":
                continue
            if key not in after:
                found.lost.append(f"{here}: {json.dumps(before[key])}")
            elif key not in before:
                found.added.append(f"{here}: {json.dumps(after[key])}")
            else:
                _compare(before[key], after[key], here, found)
    elif before != after:
        lists = isinstance(before, list) and isinstance(after, list)
        if lists and " " not in path:
            found.lost.extend(f"{path}: {one}" for one in before if one not in after)
            found.added.extend(f"{path}: {one}" for one in after if one not in before)
        else:
            found.changed.append(f"{path}: {json.dumps(before)} -> {json.dumps(after)}")


def with_date(document: dict[str, Any], source: str, today: date) -> dict[str, Any]:
    """The document with the month of reading in one of its sources."""
    text = _READ.sub(f"read {today:%Y-%m}", document["sources"][source])
    return {**document, "sources": {**document["sources"], source: text}}
