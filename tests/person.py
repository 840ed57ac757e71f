"""YAML as a person may write it: any order of keys, any quotes, comments and blank lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st


class Person:
    """Writes content down, with a mind of his own.

    Args:
        draw: hypothesis' way to choose.
    """

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.comments: list[tuple[tuple[str, ...], str]] = []
        """The comments outside of the packages, each with the keys that it stands within."""
        self.item_comments: dict[str, list[str]] = {}
        """Those of a package, by its name."""
        self._item: str | None = None
        self._keys: tuple[str, ...] = ()
        self._count = 0

    def text(self, content: Mapping[str, Any]) -> str:
        """Content as YAML."""
        lines = [*self._above(""), *self._mapping(content, ""), *self._above("")]
        return "\n".join(lines) + ("\n" if self.draw(st.booleans()) else "")

    def _mapping(self, content: Mapping[str, Any], indent: str) -> list[str]:
        lines: list[str] = []
        for key in self.draw(st.permutations(list(content))):
            value = content[key]
            lines += self._above(indent)
            if isinstance(value, dict) and value and not self._inline(value):
                lines.append(f"{indent}{key}:{self._beside(key)}")
                deeper = indent + self.draw(st.sampled_from(["  ", "    "]))
                lines += self._within(key, self._mapping, value, deeper)
            elif isinstance(value, list) and value and not self._inline(value):
                lines.append(f"{indent}{key}:{self._beside(key)}")
                deeper = indent + self.draw(st.sampled_from(["", "  "]))
                lines += self._within(key, self._list, value, deeper)
            else:
                space = self.draw(st.sampled_from([" ", "   "]))
                lines.append(f"{indent}{key}:{space}{self._flow(value)}{self._beside(key)}")
        return lines

    def _within(
        self, key: str, write: Callable[[Any, str], list[str]], value: Any, indent: str
    ) -> list[str]:
        """What stands below a key."""
        outer, self._keys = self._keys, (*self._keys, key)
        lines = write(value, indent)
        self._keys = outer
        return lines

    def _list(self, values: list[Any], indent: str) -> list[str]:
        lines: list[str] = []
        for value in values:
            if isinstance(value, dict):
                outer = self._item
                self._item = outer or value.get("name")
                inner = self._mapping(value, indent + "  ")
                self._item = outer
                # What stands above the first key moves above the dash.
                first = next(n for n, line in enumerate(inner) if line.strip()[:1] not in ("", "#"))
                lines += inner[:first]
                lines.append(f"{indent}- {inner[first].strip()}")
                lines += inner[first + 1 :]
            else:
                lines.append(f"{indent}- {self._scalar(value)}")
        return lines

    def _inline(self, value: Any) -> bool:
        """Whether a person writes something in brackets."""
        inner = value.values() if isinstance(value, dict) else value
        return all(isinstance(one, (str, bool, int)) for one in inner) and self.draw(st.booleans())

    def _flow(self, value: Any) -> str:
        if isinstance(value, dict):
            inner = (f"{key}: {self._flow(one)}" for key, one in value.items())
            return "{" + ", ".join(inner) + "}"
        if isinstance(value, list):
            return "[" + ",  ".join(map(self._flow, value)) + "]"
        return self._scalar(value)

    def _scalar(self, value: Any) -> str:
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        plain = text.replace(".", "").replace("-", "").replace("_", "").isalnum()
        styles = ["'", '"', ""] if plain and not text.startswith("-") else ["'", '"']
        style = self.draw(st.sampled_from(styles))
        return json.dumps(text) if style == '"' else f"{style}{text}{style}"

    def _comment(self, key: str | None = None) -> str:
        self._count += 1
        number = self._count
        comment = f"# note {number}: {self.draw(st.sampled_from(['why', 'a: b', '- [x', 'ü']))}"
        if self._item:
            self.item_comments.setdefault(self._item, []).append(comment)
        else:
            self.comments.append(((*self._keys, key) if key else self._keys, comment))
        return comment

    def _above(self, indent: str) -> list[str]:
        kinds = st.lists(st.sampled_from(["comment", "blank"]), max_size=2)
        if self.draw(st.integers(0, 3)):
            return []
        return [
            f"{indent}{self._comment()}" if kind == "comment" else "" for kind in self.draw(kinds)
        ]

    def _beside(self, key: str) -> str:
        return f"  {self._comment(key)}" if self.draw(st.integers(0, 4)) == 0 else ""
