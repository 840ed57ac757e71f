"""A YAML text that a person keeps, with new values: its order and its comments stay.

The round trip of ruamel.yaml loses the comments above a key when the key before it goes, and hangs
those of a removed item on the next one. So the values are written anew, and each comment is put
back at the key or item that it stood at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from ..system.yaml_text import YamlError, canonical, compose, dump, load

Place = tuple[Any, ...]
"""The keys that lead to a value. An item of a list stands among them as what it is known by."""
Identities = Mapping[str, str]
_PACKAGE = re.compile(r"[^\s=<>!~;,\[@]*")
"""The name at the beginning of a requirement."""


def updated(text: str, content: Mapping[str, Any], identities: Identities) -> str:
    """A text with the values of new content.

    Args:
        text: YAML that `load` takes, a mapping.
        content: what it shall hold.
        identities: by a list's key, the key that tells the items of the list apart
            (`{"packages": "name"}`), so that an item that stays keeps its place and its comments.
            An item that is a text is known by the package that it names: `python` of `python>=3`.

    Raises:
        YamlError: when the text cannot be brought up to date.
    """
    node = compose(text)
    new = dump(_in_order(content, node, identities), offset=_offset(node))
    result = _with_comments(new, text, identities)
    if canonical(load(result), identities) != canonical(content, identities):
        raise YamlError("is written in a way that cannot be brought up to date in place")
    return result


def _in_order(value: Any, node: Any, identities: Identities, name: str = "") -> Any:
    """A value with its keys, and the items that have an identity, in the order of an old node."""
    if isinstance(value, Mapping):
        pairs = node.value if isinstance(node, MappingNode) else []
        old = {key.value: item for key, item in pairs}
        order = [*(key for key in old if key in value), *(key for key in value if key not in old)]
        return {key: _in_order(value[key], old.get(key), identities, key) for key in order}
    is_block = isinstance(node, SequenceNode) and not node.flow_style
    if name in identities and isinstance(value, list):
        by = identities[name]
        items = dict(zip(_known_by(value, by), value, strict=True))
        rows = node.value if isinstance(node, SequenceNode) else []
        old = dict(zip(_known_by(map(_plain, rows), by), rows, strict=True))
        order = [*(one for one in old if one in items), *(one for one in items if one not in old)]
        value = [_in_order(items[one], old.get(one), identities) for one in order]
    # An item on each line may have a comment of its own.
    return CommentedSeq(value) if is_block and isinstance(value, list) else value


def _offset(node: Any) -> int:
    """How far the lists of a mapping are indented: `- item` below its key, or two columns in."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(value, SequenceNode) and not value.flow_style:
            return 2 if value.start_mark.column > key.start_mark.column else 0
    return 0


def _with_comments(new: str, text: str, identities: Identities) -> str:
    """A new text with the comments and blank lines of the old one.

    Those of an item that has gone go too; those above a key that has gone move to the next one.
    """
    lines: dict[int, list[Place]] = {}
    for number, place in _places(compose(new), identities):
        lines.setdefault(number, []).append(place)
    there = {place for places in lines.values() for place in places}
    above: dict[Place, list[str]] = {}
    beside: dict[Place, str] = {}
    waiting: list[str] = []
    for place, notes, note in _comments(text, identities):
        if place in there:
            above[place] = waiting + notes
            beside[place] = note
            waiting = []
        elif all(place[: at + 1] in there for at, key in enumerate(place) if key[:1] == "-"):
            waiting += notes
    result = []
    for number, line in enumerate(new.splitlines()):
        places = lines.get(number, [])
        indent = line[: len(line) - len(line.lstrip())]
        notes = [note for place in places for note in above.get(place, ())]
        result += [f"{indent}{note}" if note else "" for note in notes]
        result.append("  ".join([line, *filter(None, (beside.get(place) for place in places))]))
    return "\n".join([*result, *waiting, ""])


def _comments(text: str, identities: Identities) -> Iterator[tuple[Place, list[str], str]]:
    """The places in a text, in order, each with what stands above it and the comment beside it."""
    node = compose(text)
    places = dict(reversed(list(_places(node, identities))))
    ends = dict(sorted(_ends(node)))
    above: list[str] = []
    for number, line in enumerate(text.splitlines()):
        bare = line.strip()
        _, mark, words = line[ends.get(number, 0) :].partition("#")
        if not bare or bare.startswith("#"):
            above.append(bare)
        elif number in places:
            yield places[number], above, f"{mark}{words}"
            above = []
        elif mark:
            above.append(f"{mark}{words}")
    yield (), above, ""


def _places(
    node: Any, identities: Identities, name: str = "", above: Place = ()
) -> Iterator[tuple[int, Place]]:
    """The lines that keys and items begin on; nothing for what stands in brackets."""
    if node is None or isinstance(node, ScalarNode) or node.flow_style:
        return
    if isinstance(node, MappingNode):
        for key, item in node.value:
            yield key.start_mark.line, (*above, key.value)
            yield from _places(item, identities, key.value, (*above, key.value))
        return
    known = _known_by(map(_plain, node.value), identities.get(name, ""))
    for word, row in zip(known, node.value, strict=True):
        place = (*above, f"-{word}")
        yield row.start_mark.line, place
        yield from _places(row, identities, name, place)


def _plain(node: Any) -> Any:
    """An item of a list as far as it tells what it is known by."""
    if isinstance(node, MappingNode):
        return {key.value: item.value for key, item in node.value}
    return str(node.value)


def _known_by(items: Iterable[Any], identity: str) -> Iterator[str]:
    """What the items of a list are known by, each by a word of its own.

    That is the value of a key; or, of a text, the package that it names, where the list has an
    identity, else the text itself.
    """
    counts: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Mapping):
            word = str(item[identity]) if identity in item else f"{next(iter(item), '')}:"
        else:
            text = str(item)
            word = _PACKAGE.match(text.rpartition("::")[2])[0] if identity else text  # type: ignore[index]
        yield f"{word} {counts[word]}" if counts[word] else word
        counts[word] += 1


def _ends(node: Any) -> Iterator[tuple[int, int]]:
    """Where values end that stand inside a line: comments begin behind them."""
    if isinstance(node, ScalarNode) or (node is not None and node.flow_style):
        yield node.end_mark.line, node.end_mark.column
    elif node is not None:
        for row in node.value:
            for one in row if isinstance(row, tuple) else (row,):
                yield from _ends(one)
