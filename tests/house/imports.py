"""What the package imports, read from its source; nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..conftest import PROJECT

PACKAGE = "conda_cuda_plugin"


@dataclass(frozen=True)
class Import:
    """One module that imports another."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its name."""
    files = sorted((PROJECT / PACKAGE).rglob("*.py"))
    return {_name(path): path for path in files}


def _name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package from itself, those for type checkers left out."""
    return tuple(found for name in modules() for found in _imports_of(name))


def _imports_of(name: str) -> Iterator[Import]:
    path = modules()[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules():
                    yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                target = f"{base}.{alias.name}"
                target = target if target in modules() else base
                if target in modules() and target != name:
                    yield Import(name, target, node.lineno)


@cache
def from_elsewhere() -> tuple[Import, ...]:
    """Every import of what is not the package's own; of a name, its first part."""
    found = []
    for name, path in modules().items():
        for node in _statements(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            firsts = {full.partition(".")[0] for full in names} - {PACKAGE}
            found += [Import(name, first, node.lineno) for first in sorted(firsts)]
    return tuple(found)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements below a node, those in functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _statements(child)


def cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, in a circle."""
    from graphlib import CycleError, TopologicalSorter

    found = []
    edges = {name: set(others) for name, others in edges.items()}
    while True:
        try:
            TopologicalSorter(edges).prepare()
            return found
        except CycleError as error:
            circle: list[str] = error.args[1]
            found.append(circle)
            # The circle is listed against the direction of the imports.
            edges[circle[1]].discard(circle[0])
