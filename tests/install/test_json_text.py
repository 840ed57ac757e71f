"""Members put into JSON text and taken out again, for all objects and layouts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.install.kernelspec import (
    Style,
    add_members,
    encoded,
    find_object,
    remove_members,
    style_of,
)

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
LAYOUTS: Any = st.builds(
    dict,
    indent=st.none() | st.integers(0, 4) | st.just("\t"),
    ensure_ascii=st.booleans(),
    separators=st.sampled_from([None, (",", ":"), (" ,", " : ")]),
)
OURS: Any = st.dictionaries(st.text(min_size=1).map("our ".__add__), st.text(), min_size=1)


def text_of(content: dict[str, Any], layout: dict[str, Any], newline: str) -> str:
    text = json.dumps(content, **layout)
    # A line end within a string is written as an escape, so all that are there are layout.
    return text.replace("\n", newline)


@given(st.dictionaries(st.text(), VALUES), OURS, LAYOUTS, st.sampled_from(["\n", "\r\n"]))
def test_what_is_put_in_comes_out_again(
    content: dict[str, Any], ours: dict[str, str], layout: dict[str, Any], newline: str
) -> None:
    text = text_of(content, layout, newline)
    raws = {name: encoded(value) for name, value in ours.items()}
    added = add_members(text, 0, raws, Style())
    assert list(json.loads(added).items()) == [*content.items(), *ours.items()]
    assert remove_members(added, 0, list(ours)) == text


@given(st.dictionaries(st.text(), VALUES, min_size=1), LAYOUTS, st.data())
def test_any_member_can_be_taken_out(
    content: dict[str, Any], layout: dict[str, Any], data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(content)), unique=True))
    left = remove_members(text_of(content, layout, "\n"), 0, names)
    assert json.loads(left) == {k: v for k, v in content.items() if k not in names}


@given(st.dictionaries(st.text(), VALUES), LAYOUTS)
def test_the_positions_are_those_of_the_members(
    content: dict[str, Any], layout: dict[str, Any]
) -> None:
    text = text_of(content, layout, "\n")
    span = find_object(text)
    assert text[span.open - 1] + text[span.close] == "{}"
    assert [member.name for member in span.members] == list(content)
    for member in span.members:
        assert json.loads(text[member.value : member.end]) == content[member.name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', '{"a": 1, "env": {"X": "y"}}'),
        ('{\n "a": 1\n}\n', '{\n "a": 1,\n "env": {\n  "X": "y"\n }\n}\n'),
        ('{\r\n\t"a": 1\r\n}', '{\r\n\t"a": 1,\r\n\t"env": {\r\n\t\t"X": "y"\r\n\t}\r\n}'),
    ],
    ids=["one line", "a blank", "tabs and CRLF"],
)
def test_a_new_object_is_laid_out_like_the_rest(text: str, expected: str) -> None:
    style = style_of(text)
    with_env = add_members(text, 0, {"env": "{}"}, style)
    member = find_object(with_env).member("env")
    assert member is not None
    assert add_members(with_env, member.value, {"X": '"y"'}, style) == expected
