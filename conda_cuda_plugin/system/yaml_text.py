"""The YAML of exported files: read as text throughout, and written so that it reads back the same.

Every scalar is a string here, whether a person quotes it or not: YAML would take `12.10` for the
number 12.1.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
)

from ..errors import CudaError

MOST_BYTES = 2**20
"""No file is larger: one with every package of a release takes 50 kB."""
_DEEPEST = 12
_WIDTH = 80
"""Characters of a list that stands on one line."""


class YamlError(CudaError):
    """A text is no YAML, or YAML with what these files never hold.

    Args:
        reason: what is wrong, as the end of a sentence that begins with the file.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"It {reason}.")
        self.reason = reason


def load(text: str) -> Any:
    """The content of a YAML text: dicts, lists and strings.

    Raises:
        YamlError: when it is no YAML, or holds tags, anchors or nests too deeply.
    """

    if len(text) > MOST_BYTES:
        raise YamlError("is larger than any file that conda cuda export writes")
    try:
        return _build(YAML(typ="base", pure=True).parse(text))
    except (YAMLError, YAMLStreamError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise YamlError(f"is no proper YAML{where}") from error


def _build(events: Iterable[Any]) -> Any:
    """The content that the events of a parser stand for.

    It refuses what could mean something else than it says, or grow while it is read.
    """

    # The outermost list takes the documents.
    open_: list[Any] = [[]]
    keys: list[Any] = [None]
    for event in events:
        line = f"(line {event.start_mark.line + 1})" if event.start_mark else ""
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlError("holds anchors or aliases (& and *), which these files do without")
        if getattr(event, "tag", None) is not None:
            raise YamlError("holds tags (!), which these files do without")
        if isinstance(event, DocumentStartEvent) and open_[0]:
            raise YamlError("holds more than one document")
        if isinstance(event, CollectionEndEvent):
            open_.pop()
            keys.pop()
            continue
        if isinstance(event, ScalarEvent):
            value: Any = event.value
        elif isinstance(event, CollectionStartEvent):
            value = {} if isinstance(event, MappingStartEvent) else []
        else:
            continue
        into = open_[-1]
        if isinstance(into, list):
            into.append(value)
        elif keys[-1] is None:
            if not isinstance(value, str) or value in into:
                raise YamlError(f"is no proper YAML {line}")
            keys[-1] = value
            continue
        else:
            into[keys[-1]] = value
            keys[-1] = None
        if not isinstance(value, str):
            open_.append(value)
            keys.append(None)
            if len(open_) > _DEEPEST + 1:
                raise YamlError("nests more deeply than any file that conda cuda export writes")
    return open_[0][0] if open_[0] else None


def plain(value: Any) -> Any:
    """A value as it reads back: dicts, lists and strings."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def canonical(value: Any, identities: Mapping[str, str]) -> Any:
    """A value as it reads back, with the lists whose order says nothing in one order.

    Args:
        value: what `load` gives, or what `dump` takes.
        identities: by such a list's key, the key that tells its items apart.
    """
    value = plain(value)
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            item = canonical(item, identities)
            if key in identities and isinstance(item, list):
                item = sorted(item, key=partial(_identity, identities[key]))
            found[key] = item
        return found
    return [canonical(item, identities) for item in value] if isinstance(value, list) else value


def _identity(by: str, row: Any) -> str:
    return json.dumps(row.get(by) if isinstance(row, dict) else row, sort_keys=True)


def dump(content: Mapping[str, Any]) -> str:
    """Content as a YAML text: block style, short lists on one line."""
    return _written(_styled(content), flow=False)


def inline(value: Any) -> str:
    """A value as YAML on one line, as it may stand behind a key or inside brackets."""
    # In brackets, so that a scalar gets the quotes that it needs wherever it stands.
    return _written([value], flow=True).strip()[1:-1]


def _written(content: Any, *, flow: bool) -> str:
    """Content as YAML writes it; what could steer a terminal as YAML's own escapes."""

    text = ""
    for as_it_is in (True, False):
        yaml = YAML(pure=True)
        yaml.width = 100_000
        yaml.default_flow_style = flow
        yaml.allow_unicode = as_it_is
        stream = io.StringIO()
        yaml.dump(content, stream)
        text = stream.getvalue()
        if all(line.isprintable() for line in text.split("\n")):
            break
    return text


def _styled(value: Any) -> Any:

    if isinstance(value, Mapping):
        return CommentedMap((key, _styled(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        found = CommentedSeq(_styled(item) for item in value)
        simple = not any(isinstance(item, (Mapping, list, tuple)) for item in value)
        if simple and sum(len(str(item)) + 2 for item in value) < _WIDTH:
            found.fa.set_flow_style()
        return found
    return value
