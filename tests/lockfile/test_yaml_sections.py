"""The sections of a file that several programs keep: what is not ours stays byte by byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.lockfile.environment_yml import IDENTITIES, PARTS, updated_text
from conda_cuda_plugin.lockfile.yaml_sections import sections, with_sections, without
from conda_cuda_plugin.system.yaml_text import YamlError, canonical, load

from ..person import Person
from .made_cuda_file import NAMES, NUMBERS

slow = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PACKAGES = st.lists(NAMES.filter(lambda name: name != "pip"), min_size=1, max_size=5, unique=True)
TASKS: dict[str, Any] = {"build": ["make", "1.10"], "deep": {"yes": "0x10", "on": "~"}}


@st.composite
def environments(draw: Any) -> dict[str, Any]:
    """The content of an environment's file, with a section of another program."""
    packages = [
        f"{name}{draw(st.sampled_from(['', '=1.0', '>=2,<3', '=1.0=h0']))}"
        for name in draw(PACKAGES)
    ]
    content: dict[str, Any] = {
        "name": draw(NAMES),
        "channels": draw(st.lists(st.sampled_from(["conda-forge", "nvidia"]), unique=True)),
        "dependencies": [*packages, "pip", {"pip": ["small==1.0", "-r a.txt", "-r b.txt"]}],
        "cuda": {"version": draw(st.sampled_from(["12.4", "12.10", "latest"])), "pin": True},
        "tasks": TASKS,
    }
    return content


@st.composite
def changed(draw: Any, content: dict[str, Any]) -> dict[str, Any]:
    """Other values for the sections that are ours."""
    *packages, pip, more = content["dependencies"]
    names = [one.partition("=")[0].partition(">")[0] for one in packages]
    kept = draw(st.lists(st.sampled_from(names), unique=True))
    added = [name for name in draw(PACKAGES) if name not in names]
    return {
        "name": draw(NAMES),
        "channels": draw(
            st.lists(st.sampled_from(["conda-forge", "own"]), min_size=1, unique=True)
        ),
        "dependencies": [
            *(f"{name}={draw(NUMBERS)}" for name in draw(st.permutations([*kept, *added]))),
            pip,
            {"pip": [*draw(st.permutations(more["pip"])), f"other=={draw(NUMBERS)}"]},
        ],
        "variables": draw(st.sampled_from([None, {"A": "1", "B": "no"}])),
        "cuda": {**content["cuda"], "version": draw(NUMBERS), "flavor": "devel"},
    }


def lines_of(text: str, name: str) -> str:
    """The very lines of a section."""
    (found,) = [one.text for one in sections(text) if one.name == name]
    return found


@slow
@given(st.data(), environments())
def test_the_sections_are_the_text(data: Any, content: dict[str, Any]) -> None:
    text = Person(data.draw).text(content)
    found = sections(text)
    assert "".join(one.above + one.text for one in found) == text
    assert {one.name for one in found} - {""} == set(content)
    for one in found:
        assert not one.name or load(one.text) == {one.name: load(text)[one.name]}


@slow
@given(st.data(), environments())
def test_conda_gets_all_but_ours(data: Any, content: dict[str, Any]) -> None:
    person = Person(data.draw)
    text = person.text(content)
    rest = without(text, "cuda")
    assert load(rest) == canonical({key: content[key] for key in content if key != "cuda"})
    assert all(line in text.splitlines() for line in rest.splitlines())
    assert without(rest, "cuda") == rest


@slow
@given(st.data(), environments())
def test_what_is_there_already_changes_nothing(data: Any, content: dict[str, Any]) -> None:
    text = Person(data.draw).text(content)
    ours = {key: content[key] for key in content if key in PARTS}
    assert with_sections(text, ours, IDENTITIES) == text
    windows = text.replace("\n", "\r\n")
    assert with_sections(windows, ours, IDENTITIES) == windows


@slow
@given(st.data(), environments())
def test_comments_order_and_others_stay(data: Any, content: dict[str, Any]) -> None:
    person = Person(data.draw)
    before = person.text(content)
    new = data.draw(changed(content))
    after = updated_text(before, new, "environment.yml")

    expected = {**content, **{key: value for key, value in new.items() if value is not None}}
    assert canonical(load(after), IDENTITIES) == canonical(expected, IDENTITIES)
    # What comes behind begins on a line of its own.
    assert lines_of(after, "tasks").rstrip("\n") == lines_of(before, "tasks").rstrip("\n")
    for _, comment in person.comments:
        assert comment in after
    order = [one.name for one in sections(before) if one.name]
    assert [one.name for one in sections(after) if one.name][: len(order)] == order
    assert _names(after, set(_names(before))) == _names(before, set(_names(after)))
    assert updated_text(after, new, "environment.yml") == after


def _names(text: str, among: set[str] | None = None) -> list[str]:
    """The packages of a text, in order."""
    rows = [row for row in load(text)["dependencies"] if isinstance(row, str)]
    found = [row.partition("=")[0].partition(">")[0] for row in rows]
    return [name for name in found if among is None or name in among]


@slow
@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        found = sections(text)
    except YamlError:
        return
    assert "".join(one.above + one.text for one in found) == text


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("# only a comment\n", [""], id="a-comment"),
        pytest.param("---\nname: a\n...\n", ["name", ""], id="markers"),
        pytest.param("a: |\n  # no comment\n\n  text\n# one\nb: 1", ["a", "b"], id="block-text"),
        pytest.param('"a": 1\nb : 2\n', ["a", "b"], id="other-keys"),
    ],
)
def test_ways_to_write(text: str, names: list[str]) -> None:
    assert [one.name for one in sections(text)] == names


@pytest.mark.parametrize("text", ["{a: 1}", "- a", "  a: 1\n", "[]", "a", "{}", "a: b: c"])
def test_what_has_no_sections(text: str) -> None:
    with pytest.raises(YamlError):
        sections(text)


def test_channels_that_exclude_the_default_ones_stay_so() -> None:
    new = {
        "name": "a",
        "channels": ["defaults", "own"],
        "dependencies": [],
        "cuda": {"version": "1"},
    }
    after = updated_text("channels: [own, nodefaults]\n", new, "environment.yml")
    assert load(after)["channels"] == ["own", "nodefaults"]
