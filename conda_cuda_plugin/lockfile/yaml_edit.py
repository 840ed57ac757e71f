"""Changing values in a YAML text that a person keeps: all else stays as it stands, to the letter.

ruamel.yaml says where each value begins and ends; only these places are written anew. So comments,
key order, blank lines, indentation and quotes survive wherever the content did not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

from ..system.yaml_text import YamlError, canonical, dump, inline, load, plain

Edit = tuple[int, int, str]
"""Begin and end in the text, and what comes there instead."""


def updated(text: str, content: Mapping[str, Any], identities: Mapping[str, str]) -> str:
    """A text with the values of new content.

    Args:
        text: YAML that `load` takes, a mapping.
        content: what it shall hold.
        identities: by a list's key, the key that tells the items of the list apart
            (`{"packages": "name"}`), so that an item that stays keeps its comments.

    Raises:
        YamlError: when the text is written in a way that cannot be changed in place.
    """

    yaml = YAML(typ="base", pure=True)
    editor = _Editor(text, dict(identities))
    editor.mapping(yaml.compose(text), plain(content), content)
    result = editor.apply()
    if canonical(load(result), identities) != canonical(content, identities):
        raise YamlError("is written in a way that cannot be brought up to date in place")
    return result


@dataclass
class _Editor:
    text: str
    identities: dict[str, str]
    edits: list[Edit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def apply(self) -> str:
        """The text with all edits."""
        parts, done = [], 0
        for begin, end, new in sorted(self.edits, key=lambda edit: edit[:2]):
            parts += [self.text[done:begin], new]
            done = max(done, end)
        return "".join([*parts, self.text[done:]])

    def mapping(self, node: Any, want: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Bring a mapping up to date, key by key."""
        have = {key.value: (key, value) for key, value in node.value}
        if node.flow_style and set(have) != set(want):
            self.replace(node, inline(new))
            return
        for name, (key, value) in have.items():
            if name in want:
                self.value(name, value, want[name], new[name])
            else:
                self.drop(key.start_mark.line, self.last_line(value))
        missing = {name: new[name] for name in want if name not in have}
        if missing:
            self.insert(self.last_line(node), node.start_mark.column, dump(missing))

    def value(self, name: str, node: Any, want: Any, new: Any) -> None:
        """Bring the value of a key up to date."""
        if _content(node) == want:
            return
        if isinstance(want, list) and _is_block_list(node, scalars=True) and self.few(node, want):
            return
        if isinstance(want, dict) and hasattr(node, "value") and _is_mapping(node):
            self.mapping(node, want, new)
        elif isinstance(want, list) and self.identities.get(name) and _is_block_list(node):
            self.items(self.identities[name], node, want, new)
        elif _is_block(node):
            # Its keys stand on lines of their own; the new ones come in their place.
            column, first = node.start_mark.column, node.start_mark.line
            self.drop(first, self.last_line(node))
            self.insert(first - 1, column, dump(new) if isinstance(new, dict) else _lines(new))
        else:
            self.replace(node, inline(new))

    def few(self, node: Any, want: Sequence[str]) -> bool:
        """Take scalars out of a list and put others behind them, where that is all it takes."""
        have = [item.value for item in node.value]
        stay = [value for value in have if value in want]
        if not stay or stay != want[: len(stay)] or len(set(have)) != len(have):
            return False
        for item in node.value:
            if item.value not in want:
                self.drop(self.first_line(item, node.start_mark.column), self.last_line(item))
        more = "".join(f"- {inline(value)}\n" for value in want[len(stay) :])
        if more:
            self.insert(self.last_line(node), node.start_mark.column, more)
        return True

    def items(self, identity: str, node: Any, want: Sequence[Any], new: Sequence[Any]) -> None:
        """Bring a list of mappings up to date; each is known by one of its values."""
        wanted = {item[identity]: number for number, item in enumerate(want)}
        kept = set()
        for number, item in enumerate(node.value):
            key = _content(item).get(identity)
            if key in wanted and key not in kept:
                kept.add(key)
                self.mapping(item, want[wanted[key]], new[wanted[key]])
                continue
            first = self.first_line(item, node.start_mark.column)
            above = first if number == 0 else self.with_comments(first)
            self.drop(above, self.last_line(item))
        fresh = [new[number] for key, number in wanted.items() if key not in kept]
        if fresh:
            self.insert(self.last_line(node), node.start_mark.column, dump_items(fresh))

    def replace(self, node: Any, new: str) -> None:
        """Put something else in the place of a value that stands inside a line."""
        begin, end = node.start_mark.index, node.end_mark.index
        # A value that was left out stands directly behind the colon.
        space = " " if begin and self.text[begin - 1] == ":" else ""
        self.edits.append((begin, end, space + new))

    def drop(self, first: int, last: int) -> None:
        """Take lines away."""
        self.edits.append((self.starts[first], self.starts[last + 1], ""))

    def insert(self, line: int, column: int, block: str) -> None:
        """Put lines behind a line."""
        place = self.starts[line + 1]
        before = "" if not place or self.text[place - 1] in "\r\n" else "\n"
        lines = "".join(f"{' ' * column}{one}\n" for one in block.splitlines())
        self.edits.append((place, place, before + lines))

    def last_line(self, node: Any) -> int:
        """The last line with something of a value on it."""
        if _is_block(node) and node.value:
            last = node.value[-1]
            return self.last_line(last[1] if isinstance(last, tuple) else last)
        line: int = node.end_mark.line
        return line - 1 if not node.end_mark.column and line > node.start_mark.line else line

    def first_line(self, item: Any, column: int) -> int:
        """The line with the dash of an item."""
        line: int = item.start_mark.line
        while self.text[self.starts[line] + column] != "-":
            line -= 1
        return line

    def with_comments(self, line: int) -> int:
        """The first of the comments that stand directly above a line."""
        while line and self.text[self.starts[line - 1] : self.starts[line]].lstrip()[:1] == "#":
            line -= 1
        return line


def dump_items(items: Sequence[Mapping[str, Any]]) -> str:
    """Mappings as the items of a block list."""
    return dump({"items": list(items)}).partition("\n")[2]


def _lines(values: Sequence[Any]) -> str:
    if any(isinstance(value, Mapping) for value in values):
        return dump_items(values)
    return "".join(f"- {inline(value)}\n" for value in values)


def _content(node: Any) -> Any:
    """A node as `load` gives it."""
    if _is_mapping(node):
        return {key.value: _content(value) for key, value in node.value}
    if isinstance(node.value, list):
        return [_content(item) for item in node.value]
    return node.value


def _is_mapping(node: Any) -> bool:

    return isinstance(node, MappingNode)


def _is_block(node: Any) -> bool:
    return isinstance(node.value, list) and not node.flow_style


def _is_block_list(node: Any, *, scalars: bool = False) -> bool:
    """Whether a node is a list with an item on each line, all of them mappings or all scalars."""
    return (
        _is_block(node)
        and not _is_mapping(node)
        and all(
            not isinstance(item.value, list) if scalars else _is_mapping(item)
            for item in node.value
        )
    )
