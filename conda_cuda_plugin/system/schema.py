"""Say what a file may hold, and read such files.

A schema is a function. It gets a value, its place in the file and a list for problems, and returns
the value that can be used. What is wrong is left out, unless the rest makes no sense without it.
A file can nest no deeper than its schema does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Schema = Callable[[Any, str, list[str]], Any]
_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
"""Also what is not an address may hold a password where addresses have one."""


class Wrong(ValueError):
    """A value cannot be used.

    Args:
        place: where it is, such as `request.components[2]`; empty for the whole file.
        reason: the end of a sentence that begins with the place.
    """

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place} {reason}" if place else f"it {reason}")


def unusable(place: str, value: Any) -> Wrong:
    """The error for a value that breaks a rule: with the value, but for a password in it."""
    shown = _SECRET.sub("", repr(value))
    return Wrong(place, f"has no usable value: {shown[:80]}{'...' if len(shown) > 80 else ''}")


def read(schema: Schema, value: Any) -> tuple[Any, tuple[str, ...]]:
    """The part of a value that can be used, or None, and its problems."""
    problems: list[str] = []
    try:
        found = schema(value, "", problems)
    except Wrong as error:
        return None, (*problems, str(error))
    return found, tuple(problems)


def text(pattern: str = r"[^\x00-\x1f\x7f]{1,2000}") -> Schema:
    """A text that matches a pattern."""
    fits = re.compile(pattern, re.ASCII)

    def check(value: Any, place: str, problems: list[str]) -> str:
        if not isinstance(value, str):
            raise Wrong(place, "is not a text")
        if not fits.fullmatch(value):
            raise unusable(place, value)
        return value

    return check


NAME = text(r"(?!\.\.?$)[^/\\\x00-\x1f\x7f]{1,255}")
"""The name of a file or folder, without any path."""


def flag(value: Any, place: str, problems: list[str]) -> bool:
    """True or false; YAML is read as text."""
    if value not in (True, False, "true", "false"):
        raise Wrong(place, "is neither true nor false")
    return value in (True, "true")


def number(value: Any, place: str, problems: list[str]) -> int:
    """A whole number, 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Wrong(place, "is not a whole number")
    return value


def mapping(value: Any, place: str, problems: list[str]) -> Mapping[str, Any]:
    """Names with values of any kind."""
    return _mapping(value, place, 1000)


def choice(words: Sequence[str]) -> Schema:
    """One of some words."""

    def check(value: Any, place: str, problems: list[str]) -> str:
        if not isinstance(value, str) or value not in words:
            raise Wrong(place, f"is not one of {', '.join(words)}")
        return value

    return check


def items(schema: Schema, most: int = 100_000) -> Schema:
    """A list of values of one kind."""

    def check(value: Any, place: str, problems: list[str]) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(place, "is not a list")
        if len(value) > most:
            raise Wrong(place, "is longer than any such list")
        found = []
        for number, item in enumerate(value):
            try:
                found.append(schema(item, f"{place}[{number}]", problems))
            except Wrong as error:
                problems.append(str(error))
        return found

    return check


def table(key: Schema, schema: Schema, most: int = 100_000) -> Schema:
    """Names, each with a value of one kind."""

    def check(value: Any, place: str, problems: list[str]) -> dict[str, Any]:
        found = {}
        for name, item in _mapping(value, place, most).items():
            try:
                key(name, f"a name in {place or 'it'}", problems)
                found[name] = schema(item, _below(place, name), problems)
            except Wrong as error:
                problems.append(str(error))
        return found

    return check


def record(
    fields: Mapping[str, Schema], needed: Sequence[str] = (), *, closed: bool = False
) -> Schema:
    """Named values, each of its own kind; others are passed over, or refused if it is closed."""

    def check(value: Any, place: str, problems: list[str]) -> dict[str, Any]:
        content = _mapping(value, place, 1000)
        found = {}
        if closed:
            for name in content:
                if name not in fields:
                    problems.append(f"{_below(place, name)} means nothing here")
        for name, schema in fields.items():
            if name in content:
                try:
                    found[name] = schema(content[name], _below(place, name), problems)
                except Wrong as error:
                    problems.append(str(error))
        for name in needed:
            if name not in found:
                reason = "cannot be used without its" if name in content else "has no"
                raise Wrong(place, f"{reason} {name}")
        return found

    return check


def _mapping(value: Any, place: str, most: int) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Wrong(place, "is not a table of names and values")
    if len(value) > most:
        raise Wrong(place, "is longer than any such table")
    return value


def _below(place: str, name: str) -> str:
    shown = name if len(name) < 40 and name.isprintable() else f"{ascii(name)[:40]}..."
    return f"{place}.{shown}" if place else shown
