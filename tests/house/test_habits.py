"""The same commands in the Makefile and before a commit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML

from ..conftest import PROJECT


def linted() -> list[str]:
    """The commands of `make lint`, with its variables filled in."""
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^(\w+) := (\S+)$", text, re.M))
    [recipe] = re.findall(r"^lint:.*\n((?:\t.*\n)+)", text, re.M)
    filled = re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], recipe)
    return [line.removeprefix("\t@").partition(" || ")[0] for line in filled.splitlines()]


def hooks() -> Iterator[dict[str, Any]]:
    """The hooks of pre-commit."""
    found = YAML(typ="safe").load((PROJECT / ".pre-commit-config.yaml").read_text())
    for repository in found["repos"]:
        assert repository["repo"] == "local", "nothing is fetched before a commit"
        yield from repository["hooks"]


def program_and_options(command: str) -> list[str]:
    """A command without the files that it looks at."""
    words = command.replace("(", "").split()
    files = {word for word in words[1:] if "/" in word and not word.startswith("build/conda/")} | {
        "."
    }
    return [word for word in words if word not in files]


def test_what_make_lint_runs_runs_before_a_commit() -> None:
    # That of the hooks makes them of their templates first.
    made = re.compile(r'sh -c "make --silent hooks && (.*)"')
    theirs = [program_and_options(made.sub(r"\1", hook["entry"])) for hook in hooks()]
    assert sorted(theirs) == sorted(map(program_and_options, linted()))


def test_make_lint_is_read() -> None:
    assert len(linted()) >= 5
    assert program_and_options("build/venv/bin/ruff check .") == ["build/venv/bin/ruff", "check"]
