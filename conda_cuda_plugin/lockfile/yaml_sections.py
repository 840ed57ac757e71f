"""The sections of a YAML file that several programs keep: one changes, the others stay as they are.

A section is a key at the top of the file with its value. What stands above it, comments and blank
lines, is its own too.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, ScalarNode

from ..system.yaml_text import YamlError, canonical, compose, dump, load
from .yaml_edit import Identities, updated


@dataclass(frozen=True)
class Section:
    """A key with its value, as lines."""

    name: str
    above: str
    """Comments and blank lines, and what begins the document."""
    text: str


def sections(text: str) -> list[Section]:
    """The sections of a text, in order: their lines are all its lines.

    Raises:
        YamlError: when it is not a mapping whose keys begin lines.
    """
    node = compose(text)
    if node is None:
        return [Section("", text, "")] if text else []
    if not isinstance(node, MappingNode):
        raise YamlError("is not a table of names and values")
    keys = [key for key, _ in node.value]
    plain = all(isinstance(key, ScalarNode) and key.start_mark.column == 0 for key in keys)
    if node.flow_style or not plain or not keys:
        raise YamlError("does not begin a line with each of its sections")
    lines = text.splitlines(keepends=True)
    begins = [key.start_mark.line for key in keys]
    found, above = [], "".join(lines[: begins[0]])
    for key, (begin, end) in zip(keys, itertools.pairwise([*begins, len(lines)]), strict=True):
        last = end
        # What is indented may be a line of a text.
        while last > begin + 1 and (lines[last - 1][0] in "#.\r\n" or not lines[last - 1].strip()):
            last -= 1
        found.append(Section(str(key.value), above, "".join(lines[begin:last])))
        above = "".join(lines[last:end])
    return [*found, *([Section("", above, "")] if above else [])]


def without(text: str, name: str) -> str:
    """A text without one of its sections; comments above it stay.

    Raises:
        YamlError: when the section cannot be told from the others.
    """
    return "".join(
        one.above if one.name == name else one.above + one.text for one in sections(text)
    )


def with_sections(text: str, content: Mapping[str, Any], identities: Identities) -> str:
    """A text in which some sections have new values.

    Sections that `content` does not name stay as they are. In the others comments and order stay,
    as `updated` keeps them.

    Args:
        text: a mapping, or nothing.
        content: by the name of a section what it shall hold; None for no such section.
        identities: as for `updated`.

    Raises:
        YamlError: when the text cannot be changed in place.
    """
    left, result = dict(content), ""
    windows = "\r\n" in text
    for one in sections(text):
        result += one.above
        value = left.pop(one.name, None) if one.name in content else one
        if value is one or _holds(one, value, identities):
            result += one.text
        elif value is not None:
            result += _ending(updated(one.text, {one.name: value}, identities), windows=windows)
    for name, value in left.items():
        if value is not None:
            result += "\n" if result and not result.endswith("\n") else ""
            result += _ending(dump({name: value}, offset=2), windows=windows)
    expected = {**(load(text) or {}), **content}
    expected = {name: value for name, value in expected.items() if value is not None}
    if canonical(load(result) or {}, identities) != canonical(expected, identities):
        raise YamlError("is written in a way that cannot be brought up to date in place")
    return result


def _holds(section: Section, value: Any, identities: Identities) -> bool:
    """Whether a section has a value already."""
    before, after = load(section.text), {section.name: value}
    return bool(canonical(before, identities) == canonical(after, identities))


def _ending(text: str, *, windows: bool) -> str:
    """Lines as they end in the file."""
    return text.replace("\n", "\r\n") if windows else text
