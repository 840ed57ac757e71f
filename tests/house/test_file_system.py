"""Nothing changes the file system but the module for it, and nothing reads past the one for that."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from .imports import PACKAGE, modules

CHANGES = frozenset(
    f"{module}.{name}"
    for module, names in {
        "os": "chmod fchmod lchmod chown lchown fchown truncate ftruncate remove unlink rmdir removedirs "
        "rename renames replace link symlink mkdir makedirs mkfifo mknod utime open",
        "shutil": "rmtree move copy copy2 copyfile copytree copymode copystat chown",
        "tempfile": "mkstemp mkdtemp mktemp NamedTemporaryFile TemporaryDirectory",
    }.items()
    for name in names.split()
)
METHODS = frozenset(
    [
        "chmod",
        "lchmod",
        "write_text",
        "write_bytes",
        "touch",
        "unlink",
        "rmdir",
        "mkdir",
        "symlink_to",
        "hardlink_to",
    ]
)
"""Of `pathlib.Path`, and of nothing else that we call."""
READS = frozenset({"open", "io.open", "json.load"})
READ_METHODS = frozenset({"read_text", "read_bytes"})

OURS = {
    "system.descent": "it is the way to the folder",
    "system.files": "it is the way to change something",
    "system.reading": "it is the way to read something",
    "system.operating_system": "junctions and hard links for Windows, for `files`",
}
EXCEPTIONS = {
    "system.lock": "writes who holds a lock into the file that `files` has opened",
    "packages.plain_link": "links thousands of files into a root that is built aside, by path",
    "install.amend": "copies a root aside, in the same way",
    "sources.runfile.confine": "a program of its own, in which the installer is shut in",
    "machine.driver_probe": "a program of its own, and it opens /dev/null",
    "cluster.probe": "a program of its own, run on a node, and it opens /dev/null",
    "cli.complete": "a program of its own, run at every Tab",
    "system.conda_compat": "opens /dev/null",
    "cli": "opens /dev/null",
    "data": "reads the plugin's own files",
    "hooks.template": "reads the plugin's own files",
    "cli.verbs.completion": "reads the plugin's own files",
}
"""Modules that do it themselves, and why."""


def dotted(node: ast.expr) -> str:
    """`os.open` of a call to it; `?.unlink` where the object has no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(parts))


def touching(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The calls that change or read files, and where functions that do are passed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) in CHANGES | READS:
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.Attribute) and node.attr in METHODS | READ_METHODS:
            yield node.lineno, f"?.{node.attr}"
        elif isinstance(node, ast.Name) and node.id == "open" and isinstance(node.ctx, ast.Load):
            yield node.lineno, "open"
        elif isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil", "tempfile"):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in CHANGES:
                    yield node.lineno, f"{node.module}.{alias.name}"


def short(name: str) -> str:
    return name.removeprefix(f"{PACKAGE}.")


def found_in(name: str) -> list[str]:
    tree = ast.parse(modules()[name].read_text(encoding="utf-8"))
    return [f"{short(name)}:{line} {what}" for line, what in touching(tree)]


def test_files_are_changed_and_read_in_one_place() -> None:
    others = [name for name in modules() if short(name) not in {**OURS, **EXCEPTIONS}]
    assert [row for name in others for row in found_in(name)] == []


@pytest.mark.parametrize("name", [*OURS, *EXCEPTIONS])
def test_every_exception_is_needed(name: str) -> None:
    assert found_in(f"{PACKAGE}.{name}")


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("os.chmod(path, 0o644)", 1),
        ("path.parent.unlink()", 1),
        ("open(path, 'w')", 1),
        ("shutil.rmtree(path)", 1),
        ("link(packages, root, path.unlink)", 1),
        ("from shutil import rmtree", 1),
        ("Path(name).read_text()", 1),
        ("files.remove(path)\nos.path.exists(path)\nmember.open()", 0),
    ],
)
def test_what_is_found(code: str, count: int) -> None:
    assert len(list(touching(ast.parse(code)))) == count
