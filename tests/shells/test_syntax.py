"""Each hook through the checker of its own language."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import need
from .shells import SHELLS

DIRECTIONS = ("activate", "deactivate")
BY_NAME = {shell.name: shell for shell in SHELLS}
Hooks = dict[str, dict[str, Path]]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("dialect", ["sh", "dash", "bash", "ksh"])
def test_shellcheck_has_nothing_to_say(rendered: Hooks, direction: str, dialect: str) -> None:
    if not shutil.which("shellcheck"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("shellcheck is not installed")
    done = subprocess.run(
        ["shellcheck", "--norc", "-s", dialect, rendered["sh"][direction]],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fish", ["--no-config", "--no-execute"]),
        ("tcsh", ["-f", "-n"]),
        ("dash", ["-n"]),
        ("bash", ["-n"]),
    ],
)
def test_the_shell_can_read_it(
    rendered: Hooks, direction: str, name: str, options: list[str]
) -> None:
    shell = BY_NAME[name]
    need(shell)
    done = subprocess.run(
        [shell.command[0], *options, rendered[shell.family][direction]],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_powershell_hook_is_parsed_not_run(rendered: Hooks, direction: str) -> None:
    parse = _powershell_parser()
    assert _errors(parse(rendered["ps1"][direction].read_bytes()).root_node) == []


def test_powershell_parser_finds_errors() -> None:
    parse = _powershell_parser()
    assert _errors(parse(b"& { if ($x { return }\n").root_node)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_cmd_hook_echoes_no_line(rendered: Hooks, direction: str) -> None:
    data = rendered["bat"][direction].read_bytes()
    lines = data.decode("ascii").split("\r\n")
    assert "\n" not in "".join(lines)
    assert [line for line in lines if line and line[0] not in "@:"] == []
    assert lines[-2:] == ["@EXIT /B 0", ""]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("extension", ["sh", "fish", "csh"])
def test_hook_never_touches_the_search_path(
    rendered: Hooks, extension: str, direction: str
) -> None:
    words = rendered[extension][direction].read_text(encoding="utf-8").replace("$", " ").split()
    assert not {"PATH", "fish_user_paths", "path"} & {word.partition("=")[0] for word in words}


def _powershell_parser():  # type: ignore[no-untyped-def]
    try:
        import tree_sitter
        import tree_sitter_powershell
    except ImportError:
        message = "tree-sitter and tree-sitter-powershell are not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    language = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(language).parse


def _errors(node) -> list[str]:  # type: ignore[no-untyped-def]
    if node.is_error or node.is_missing:
        return [f"line {node.start_point[0] + 1}: {node.text!r:.80}"]
    return [error for child in node.children for error in _errors(child)]
