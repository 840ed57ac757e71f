"""Looking things up in a large index, against reading all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.packages.channel_records import NotSorted, SortedIndex

names = st.sampled_from(["cuda", "cuda-cudart", "cuda-cudart-dev", "libcublas", "lib", "zlib", "a"])
numbers = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,3}){0,3}", fullmatch=True)
texts = st.text(max_size=30) | st.sampled_from(['"x-1-0.conda": {', "}", '\\"', "é", "\n"])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """The name of a package's file, and its row."""
    name, version, build = draw(names), draw(numbers), draw(st.sampled_from(["0", "h1_0", "2"]))
    ending = draw(st.sampled_from([".conda", ".tar.bz2"]))
    row = {"name": name, "version": version, "build": build, "license": draw(texts)}
    if draw(st.booleans()):
        row["depends"] = draw(st.lists(texts, max_size=3))
    return f"{name}-{version}-{build}{ending}", row


def index_of(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An index with some rows, in their order."""
    content: dict[str, Any] = {"info": {"subdir": "linux-64"}, "packages": {}, "packages.conda": {}}
    for name, row in rows.items():
        content["packages.conda" if name.endswith(".conda") else "packages"][name] = row
    return {**content, "removed": ["old-1-0.conda"], "repodata_version": 1}


def found(path: Path, name: str) -> list[tuple[str, Any]]:
    return sorted((file, dict(row)) for file, row in SortedIndex(path).named(name))


def expected(rows: dict[str, dict[str, Any]], name: str) -> list[tuple[str, Any]]:
    return sorted((file, row) for file, row in rows.items() if row["name"] == name)


@given(
    rows=st.lists(files(), max_size=60).map(dict),
    name=names,
    indent=st.sampled_from([None, 1, 2]),
    ascii_=st.booleans(),
)
def test_what_is_found_is_what_is_there(
    rows: dict[str, Any], name: str, indent: int | None, ascii_: bool, tmp_path_factory: Any
) -> None:
    path = tmp_path_factory.mktemp("index") / "repodata.json"
    text = json.dumps(index_of(dict(sorted(rows.items()))), indent=indent, ensure_ascii=ascii_)
    path.write_text(text, encoding="utf-8")
    assert found(path, name) == expected(rows, name)


@given(rows=st.lists(files(), max_size=40).map(dict), name=names, chance=st.randoms())
def test_an_index_that_is_not_sorted_is_refused_or_read_right(
    rows: dict[str, Any], name: str, chance: Any, tmp_path_factory: Any
) -> None:
    items = list(rows.items())
    chance.shuffle(items)
    path = tmp_path_factory.mktemp("index") / "repodata.json"
    path.write_text(json.dumps(index_of(dict(items))))
    try:
        answer = found(path, name)
    except NotSorted:
        return
    assert answer == expected(rows, name)


@pytest.mark.parametrize("text", ["", "{}", "no index", '{"packages": {}}', "\x00" * 100])
def test_what_is_no_index_holds_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "repodata.json"
    path.write_text(text)
    try:
        assert found(path, "cuda") == []
    except NotSorted:
        assert text == ""
