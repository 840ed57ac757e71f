"""The YAML of our files: every value is read as text, and written so that it reads back the same.

A value is a string here whether it is quoted or not: YAML would take `12.10` for the number 12.1.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.error import YAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.scanner import Scanner

from ..errors import CudaError
from ..quoting import quoted

MOST_BYTES = 2**20
"""No file is larger: one with every package of a release takes 50 kB."""
_DEEPEST = 12
_WIDTH = 80
"""Characters of a list that stands on one line."""
_TOO_DEEP = "nests more deeply than any file that conda cuda export writes"
_KINDS = ["str", "seq", "map", "int", "float", "bool", "null", "timestamp", "merge", "value"]
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in _KINDS}
"""Of values without a tag, and of tags that say no more than the values."""


class YamlError(CudaError):
    """A text is not YAML, or holds what these files never hold.

    Args:
        reason: what is wrong, as the end of a sentence that begins with the file.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"It {reason}.")
        self.reason = reason


class _Scanner(Scanner):
    """Stops where a text nests too deeply.

    It knows brackets from those in strings and comments. For each new one it looks at all that are
    open, so thousands of them would take seconds before the nodes can be counted.
    """

    def fetch_more_tokens(self) -> Any:
        """As ever, unless too much is open."""
        if len(self.indents) + self.flow_level > _DEEPEST:
            raise YamlError(_TOO_DEEP)
        return super().fetch_more_tokens()


def load(text: str) -> Any:
    """The content of a YAML text: dicts, lists and strings.

    Raises:
        YamlError: when it is not YAML, or holds tags or anchors, or nests too deeply.
    """
    return _content(compose(text), 0)


def compose(text: str) -> Any:
    """The nodes of a YAML text, which know their places in it; None where there are none.

    Raises:
        YamlError: when it is not YAML.
    """
    if len(text) > MOST_BYTES:
        raise YamlError("is larger than any file that conda cuda export writes")
    yaml = YAML(typ="base", pure=True)
    yaml.Scanner = _Scanner
    try:
        return yaml.compose(text)
    except ComposerError as error:
        raise YamlError("holds more than one document, or an alias of nothing") from error
    except (YAMLError, YAMLStreamError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        is_tab = "'\\t'" in str(getattr(error, "problem", ""))
        what = "has a tab where YAML has blanks" if is_tab else "is not proper YAML"
        raise YamlError(f"{what}{_line(mark) if mark else ''}") from error


def _content(node: Any, depth: int) -> Any:
    """The content of a node.

    What could mean something else than it says, or grow while it is read, is refused.
    """
    if node is None:
        return None
    if depth > _DEEPEST:
        raise YamlError(_TOO_DEEP)
    if node.anchor is not None:
        raise YamlError("holds anchors or aliases (& and *), which these files do without")
    if str(node.tag) not in _TAGS:
        raise YamlError("holds tags (!), which these files do without")
    if not isinstance(node, MappingNode):
        if isinstance(node, ScalarNode):
            return node.value
        return [_content(item, depth + 1) for item in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = _content(key, depth)
        if not isinstance(name, str):
            raise YamlError(f"is not proper YAML{_line(key.start_mark)}")
        if name in found:
            raise YamlError(f"has {quoted(name)} twice{_line(key.start_mark)}")
        found[name] = _content(value, depth + 1)
    return found


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1})"


def canonical(value: Any, identities: Mapping[str, str] = {}, name: str = "") -> Any:
    """A value as it reads back, with the lists whose order says nothing in one order.

    Args:
        value: what `load` gives, or what `dump` takes.
        identities: by such a list's key, the key that tells its items apart.
        name: the key of the value itself.
    """
    if isinstance(value, Mapping):
        return {str(key): canonical(item, identities, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [canonical(item, identities) for item in value]
        if name in identities:
            by = identities[name]
            items.sort(key=lambda row: json.dumps(row.get(by) if isinstance(row, dict) else row))
        return items
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def dump(content: Mapping[str, Any], *, offset: int = 0) -> str:
    """Content as a YAML text: block style, short lists on one line.

    `offset` is how many columns the dash of an item stands to the right of its list's key.
    """
    styled = _styled(content)
    text = _written(styled, offset, allow_unicode=True)
    # What could steer a terminal is written as YAML's own escapes.
    printable = all(line.isprintable() for line in text.split("\n"))
    return text if printable else _written(styled, offset, allow_unicode=False)


def _written(content: Any, offset: int, *, allow_unicode: bool) -> str:
    yaml = YAML(pure=True)
    yaml.width = 100_000
    yaml.indent(sequence=offset + 2, offset=offset)
    yaml.default_flow_style = False
    yaml.allow_unicode = allow_unicode
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _styled(value: Any) -> Any:
    if isinstance(value, CommentedSeq):
        return CommentedSeq(map(_styled, value))
    if isinstance(value, Mapping):
        return CommentedMap((key, _styled(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        found = CommentedSeq(_styled(item) for item in value)
        simple = not any(isinstance(item, (Mapping, list, tuple)) for item in value)
        # ruamel.yaml writes `[?a]`, and reads it as a table.
        plain = simple and not any(str(item).startswith((":", "?")) for item in value)
        if plain and sum(len(str(item)) + 2 for item in value) < _WIDTH:
            found.fa.set_flow_style()
        return found
    return value
