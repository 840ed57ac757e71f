"""Each hook through the checker of its own language."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import need
from .families import powershell_quote
from .shells import POWERSHELL_NAMES, SHELLS

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


# What Windows PowerShell 5.1 cannot read, and what it has not.
PARSE = """
$tokens = $errors = $null
$tree = [Management.Automation.Language.Parser]::ParseFile(@path@, [ref]$tokens, [ref]$errors)
foreach ($one in $errors) { "error $($one.Message)" }
foreach ($one in $tokens) { if ($one.Kind -match 'Question|AndAnd|OrOr') { "token $($one.Text)" } }
foreach ($one in $tree.FindAll({ $true }, $true)) {
    if ($one.VariablePath -and -not $one.VariablePath.IsDriveQualified) { "$($one.VariablePath)" }
    if ($one.GetCommandName) { "command $($one.GetCommandName())" }
}
"""
AUTOMATIC = {"ExecutionContext", "Matches", "PSDefaultParameterValues", "false", "null"} | {
    f"{name}Preference" for name in ("Confirm", "Debug", "Verbose", "WhatIf")
}


def powershell_parses(script: Path, folder: Path) -> set[str]:
    """PowerShell's errors, tokens of later versions, names of variables and commands."""
    shell = BY_NAME["pwsh"]
    need(shell)
    parse = folder / "parse.ps1"
    parse.write_text(PARSE.replace("@path@", powershell_quote(str(script))))
    program = shell.path()
    assert program is not None
    words = [program, *shell.command[1:], parse]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def test_powershell_reads_its_hooks_and_5_1_would(rendered: Hooks, tmp_path: Path) -> None:
    names: set[str] = set()
    for direction in DIRECTIONS:
        found = powershell_parses(rendered["ps1"][direction], tmp_path)
        commands = {name for name in found if name.startswith("command ")} - {"command "}
        assert [name for name in commands if "\\" not in name] == []
        names |= found - commands - {"command "}
    # No error and no token; a test sets each of the variables to something else.
    assert names - AUTOMATIC == set(POWERSHELL_NAMES)


@pytest.mark.parametrize("text", ["& { if ($x { return }", "$x ?? 1", "$IsWindows", "a && b"])
def test_what_5_1_cannot_read_is_seen(text: str, tmp_path: Path) -> None:
    script = tmp_path / "hook.ps1"
    script.write_text(text)
    found = powershell_parses(script, tmp_path) - {"command "} - AUTOMATIC
    assert found - set(POWERSHELL_NAMES)


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
