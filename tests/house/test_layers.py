"""Imports run in one direction, down the layers, and never in a circle."""

from __future__ import annotations

import pytest

from .imports import PACKAGE, Import, cycles, imports, modules

# A floor imports the ones below it. Two rooms of one floor know nothing of each other.
LAYERS = (
    {"cli"},
    {"answers", "doctor", "lockfile"},
    {"actions"},
    {"install"},
    {"frameworks", "sources"},
    {"cluster", "packages", "verdict"},
    {"convert", "hooks", "libraries", "machine", "network"},
    {"shared"},
)
SHARED = {"system", "data"}
"""Rooms that are on the ground floor, with the modules that stand in no room."""

DOOR = {
    "plugin": "conda calls it, and it calls the rest",
    "environment_format": "the classes that the door hands to conda; their bases are conda's",
    "transaction_action": "the class that the door hands to conda; its base class is conda's",
}
"""Flat modules that stand above all layers."""

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""(importer, imported) against the floors, and why."""


def rank(module: str) -> int:
    """The layer of a module; the lowest is 0."""
    first, *rest = module.removeprefix(PACKAGE).removeprefix(".").split(".")
    if first in DOOR:
        return len(LAYERS)
    is_package = bool(rest) or modules()[module].name == "__init__.py"
    in_room = is_package and module != PACKAGE and first not in SHARED
    name = first if in_room else "shared"
    return next(len(LAYERS) - 1 - i for i, row in enumerate(LAYERS) if name in row)


def package(module: str) -> str:
    """The part of a module's name that tells its package."""
    parts = module.split(".")
    return (
        parts[1]
        if len(parts) > 2 or (modules()[module].name == "__init__.py" and len(parts) > 1)
        else ""
    )


def short(name: str) -> str:
    return name.removeprefix(f"{PACKAGE}.")


def against(found: Import) -> bool:
    """Whether an import runs against the layers."""
    above, below = rank(found.importer), rank(found.imported)
    return above < below or (
        above == below and above > 0 and package(found.importer) != package(found.imported)
    )


def test_every_package_has_a_layer() -> None:
    packages = {package(name) for name in modules()} - {""}
    assert packages - SHARED == {name for row in LAYERS[:-1] for name in row}


def test_imports_run_down_the_layers() -> None:
    wrong = [
        str(found)
        for found in imports()
        if against(found) and (short(found.importer), short(found.imported)) not in EXCEPTIONS
    ]
    assert wrong == []


def test_every_exception_is_needed() -> None:
    used = {(short(found.importer), short(found.imported)) for found in imports() if against(found)}
    assert set(EXCEPTIONS) - used == set()
    assert {name for name in DOOR if f"{PACKAGE}.{name}" not in modules()} == set()


def test_nothing_is_imported_in_a_circle() -> None:
    edges = {name: {f.imported for f in imports() if f.importer == name} for name in modules()}
    assert cycles(edges) == []


@pytest.mark.parametrize(
    ("edges", "circles"),
    [
        pytest.param({"a": {"b"}, "b": {"c"}, "c": set()}, 0, id="none"),
        pytest.param({"a": {"b"}, "b": {"a"}}, 1, id="two"),
        pytest.param({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"c"}}, 2, id="two-circles"),
    ],
)
def test_circles_are_found(edges: dict[str, set[str]], circles: int) -> None:
    assert len(cycles(edges)) == circles
