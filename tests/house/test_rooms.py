"""The house stays one that a stranger can take over: few rooms, few floors, plain imports."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from maintenance.house import House, inner_imports, read

from .imports import PACKAGE, modules

MOST_FILES = 15
MOST_FLOORS = 8

START = "conda imports it at every command, and most commands end before this"
SOME = "only some versions of conda, Python or pip have it"
LAZY = {
    "plugin": START,
    "environment_format": START,
    "cli": "the table of verbs: one of them is imported",
    "transaction_action": "conda imports it at every transaction; most change no CUDA",
    "cli.machine": "few commands are about machines that are elsewhere",
    "cli.conda_hints": "called for errors of conda alone; " + SOME,
    "cli.verbs.list": "its modes `--available` and `--system` are commands of their own",
    "cli.complete": "a program of its own, run at every Tab",
    "convert.conda_file": "zstd: " + SOME,
    "install.root": "most commands install nothing, and no packages change",
    "sources.choice": "the ways out are looked up where there is no offer",
    "sources.pypi.settings": SOME,
    "system.conda_compat": SOME,
    "system.operating_system": "only some operating systems have it",
    "system.progress": "tqdm is imported when a bar is drawn",
}
"""Modules that import inside functions, and why."""


@cache
def house() -> House:
    """The house as it stands."""
    return read(None)


def lazy_in(name: str) -> list[str]:
    """The imports inside a module's functions."""
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    return [f"{name}:{node.lineno} {ast.unparse(node)}" for node in inner_imports(tree)]


def full(name: str) -> str:
    return f"{PACKAGE}.{name}"


def test_no_folder_holds_too_many_files() -> None:
    counts = {room: len(files) for room, files in house().rooms().items()}
    assert {room: count for room, count in counts.items() if count > MOST_FILES} == {}


def test_the_house_is_not_too_high() -> None:
    assert 0 < house().floors <= MOST_FLOORS


def test_imports_stand_at_the_top() -> None:
    others = [name for name in modules() if name not in map(full, LAZY)]
    assert [row for name in others for row in lazy_in(name)] == []


@pytest.mark.parametrize("name", LAZY)
def test_every_lazy_module_is_needed(name: str) -> None:
    assert lazy_in(full(name))


@pytest.mark.parametrize(
    ("code", "count"),
    [
        pytest.param("import a\nif b:\n    import c", 0, id="at-the-top"),
        pytest.param("def f():\n    import a", 1, id="in-a-function"),
        pytest.param(
            "class A:\n    async def f(self):\n        from a import b", 1, id="in-a-method"
        ),
        pytest.param("def f():\n    def g():\n        import a", 1, id="in-both-once"),
    ],
)
def test_what_is_found(code: str, count: int) -> None:
    assert len(list(inner_imports(ast.parse(code)))) == count
