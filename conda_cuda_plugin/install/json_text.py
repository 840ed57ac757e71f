"""Changing members of a JSON object in its text, so that all the rest stays byte for byte.

The text is one that `json.loads` accepts; positions are offsets in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Member:
    """One member of an object.

    Attributes:
        name: its name.
        start: where its name begins.
        value: where its value begins.
        end: behind its value.
    """

    name: str
    start: int
    value: int
    end: int


@dataclass(frozen=True)
class Span:
    """An object in a text.

    Attributes:
        open: behind its opening brace.
        members: in order.
        close: its closing brace.
    """

    open: int
    members: tuple[Member, ...]
    close: int

    def member(self, name: str) -> Member | None:
        """The member that counts, of those with a name: the last one."""
        return next((member for member in reversed(self.members) if member.name == name), None)


def find_object(text: str, at: int = 0) -> Span:
    """The object that begins at a position, after blanks."""
    at = open_ = _blank(text, at) + 1
    members: list[Member] = []
    at = _blank(text, at)
    while text[at] != "}":
        start = at if text[at] != "," else _blank(text, at + 1)
        name, at = _DECODER.raw_decode(text, start)
        value = _blank(text, _blank(text, at) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(Member(name, start, value, end))
        at = _blank(text, end)
    return Span(open_, tuple(members), at)


@dataclass(frozen=True)
class Style:
    """How a text is laid out.

    Attributes:
        outer: what stands before each member of the outermost object.
        inner: the same one level deeper.
    """

    outer: str = ""
    inner: str = ""


def style_of(text: str) -> Style:
    """The layout of a text, by the first member of its outermost object."""
    span = find_object(text)
    outer = text[span.open : span.members[0].start] if span.members else ""
    if "\n" not in outer:
        return Style(outer)
    return Style(outer, outer + outer.rpartition("\n")[2])


def add_members(text: str, at: int, values: Mapping[str, str], style: Style) -> str:
    """Put members at the end of the object at a position.

    Args:
        text: the text.
        at: where the object begins.
        values: names and raw JSON values.
        style: the layout of an object inside the outermost one, if it has no members yet.
    """
    span = find_object(text, at)
    lead, colon = style.inner, ": "
    if span.members:
        first = span.members[0]
        lead = text[span.open : first.start]
        between = text[first.start : first.value].removeprefix(encoded(first.name))
        colon = between if between.strip() == ":" else colon
    comma = f",{lead}" if lead else ", "
    written = comma.join(f"{encoded(name)}{colon}{value}" for name, value in values.items())
    if span.members:
        end = span.members[-1].end
        return f"{text[:end]}{comma}{written}{text[end:]}"
    # Blanks in an empty object stay, before its end.
    closing = text[span.open : span.close] or (style.outer if lead else "")
    return f"{text[: span.open]}{lead}{written}{closing}{text[span.close :]}"


def remove_members(text: str, at: int, names: Collection[str], *, tight: bool = False) -> str:
    """Take members away from the object at a position, with the commas that go with them.

    Args:
        text: the text.
        at: where the object begins.
        names: the members' names; of several with one name the last one goes.
        tight: whether blanks go too, when nothing is left.
    """
    for name in names:
        span = find_object(text, at)
        member = span.member(name)
        if member is None:
            continue
        index = span.members.index(member)
        if index:
            start, end = span.members[index - 1].end, member.end
        elif len(span.members) > 1:
            start, end = member.start, span.members[1].start
        else:
            start, end = span.open, span.close if tight else member.end
        text = text[:start] + text[end:]
    return text


def replace_value(text: str, member: Member, raw: str) -> str:
    """Put another raw JSON value in the place of a member's."""
    return text[: member.value] + raw + text[member.end :]


def encoded(value: str) -> str:
    """A string as JSON, with the characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()
