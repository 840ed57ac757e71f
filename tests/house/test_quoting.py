"""What a shell will read is quoted in one module."""

from __future__ import annotations

import ast

from .imports import modules


def test_one_module_quotes_for_shells() -> None:
    theirs = {
        f"{path.name}:{node.lineno}"
        for name, path in modules().items()
        if not name.endswith(".quoting")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and (node.value.id, node.attr) in {("shlex", "quote"), ("shlex", "join")}
        )
        or (isinstance(node, ast.ImportFrom) and node.module == "shlex")
    }
    assert not theirs
