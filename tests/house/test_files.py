"""What every file of the project keeps to: its length, its docstrings, and what it must not name."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import PROJECT
from .imports import modules

LONGEST = 400
"""Lines; a file that reaches it holds more than one concept."""

# Each in parts, so that this file does not name them either.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "python" + "hosted", "org"),
        ("conda", "anaconda", "org"),
        ("repo", "anaconda", "com"),
    )
]
PLACES = ["/" + "work/", "../" + "shared"]


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the project that git does not ignore."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(words, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        try:
            yield name, (PROJECT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def test_no_file_of_the_package_is_too_long() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lengths.items() if count > LONGEST} == {}


def undocumented(tree: ast.Module, name: str) -> Iterator[str]:
    """The public modules, classes and functions without a docstring."""
    if not ast.get_docstring(tree):
        yield name
    nodes: list[tuple[str, ast.Module | ast.ClassDef]] = [(name, tree)]
    while nodes:
        where, node = nodes.pop()
        for child in node.body:
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if child.name.startswith("_"):
                continue
            if not ast.get_docstring(child):
                yield f"{where}.{child.name}"
            if isinstance(child, ast.ClassDef):
                nodes.append((f"{where}.{child.name}", child))


def test_whatever_is_public_has_a_docstring() -> None:
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules().items()}
    assert [found for name, tree in trees.items() for found in undocumented(tree, name)] == []


def test_a_missing_docstring_is_found() -> None:
    code = '"""Doc."""\nclass A:\n    """Doc."""\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\n'
    assert list(undocumented(ast.parse(code), "m")) == ["m.h", "m.A.f"]


@pytest.mark.parametrize("kind", [HOSTS, PLACES], ids=["hosts-of-registries", "places"])
def test_no_file_names(kind: list[str]) -> None:
    """An index or channel is what pip and conda are configured to use; a path is one machine's."""
    # PowerShell lies beside the project, and its first script alone knows where.
    allowed = (".ci/run", "../" + "shared/tools/powershell/")
    found = [
        (name, word)
        for name, text in texts()
        for word in kind
        if word in (text.replace(allowed[1], "") if name == allowed[0] else text)
    ]
    assert found == []


def test_data_files_name_their_sources() -> None:
    import json

    for path in Path(PROJECT, "conda_cuda_plugin", "data").glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["sources"], path.name
