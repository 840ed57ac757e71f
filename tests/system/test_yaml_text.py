"""The YAML of our files: what is too deep is refused before it costs anything."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from conda_cuda_plugin.system.yaml_text import YamlError, load

DEEP = {
    "brackets": "[" * 2000,
    "braces": "{a: " * 2000,
    "brackets-on-lines": "[\n" * 2000,
    "dashes": "- " * 2000,
    "question-marks": "? " * 2000,
    "indented": "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
    "behind-a-string": "a: ']]]]'\nb: " + "[" * 2000,
    "behind-a-comment": "a: 1  # ]]]]\nb: " + "[" * 2000,
    "behind-a-block": "a: |\n  ]]]]\nb: " + "[" * 2000,
}


def calls(text: str) -> int:
    """How many functions are called to refuse a text that is too deep."""
    found = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with pytest.raises(YamlError, match="nests more deeply"):
            load(text)
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_what_is_too_deep_is_refused_at_once(text: str) -> None:
    # Reading it to its end takes millions.
    assert calls(text) < 20_000


@pytest.mark.parametrize(
    "text",
    [
        f"a: '{'[' * 2000}'",
        f'a: "{"[{" * 2000}"',
        f"a: 1  # {'[' * 2000}",
        f"a: |\n  {'- [' * 2000}",
        f"a: >\n  {'{' * 2000}",
        "a: " + ", ".join(["b"] * 2000),
        "[" + ", ".join(["[1]"] * 50) + "]",
        "".join(f"- - {number}\n  - [1]\n" for number in range(50)),
        "".join(f"{'  ' * depth}a:\n" for depth in range(9)) + f"{'  ' * 9}a: b",
    ],
    ids=[
        "quoted",
        "double-quoted",
        "comment",
        "literal",
        "folded",
        "commas",
        "wide",
        "rows",
        "ten",
    ],
)
def test_what_is_not_deep_is_read(text: str) -> None:
    load(text)
