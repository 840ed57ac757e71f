"""What the product tells a user to type holds in every shell that may read it, PowerShell and cmd too."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..shells.conftest import need
from ..shells.sh_alone import SH_ALONE
from ..shells.shells import SHELLS
from .imports import modules

# These write text for a shell that they name themselves, or are scripts of sh.
RENDERERS = {"quoting", "script", "variables", "wrappers"}
COMMAND = re.compile(r"(?<![\w./-])(?:conda|pip|python -m pip|nvcc|chmod|chown) .*")
# Where a command ends that stands in a sentence.
END = re.compile(r"  |[)`]| [>|(\[~]|[.,;:](?: |$)|(?<=\w)'s ")
# Within double quotes these mean something to one of sh, csh, PowerShell and cmd.
LIVE = re.compile(r"[$`\\!%]")


def literals() -> Iterator[tuple[str, str]]:
    """Every text of the product but documentation of the code, with what is filled in as X."""
    for name, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        passed = {
            below
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr) or ast.unparse(node).startswith("re.compile(")
            for below in ast.walk(node)
            if below is not node
        }
        passed |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if node in passed:
                continue
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "X" for p in node.values]
                yield f"{name}:{node.lineno}", "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{name}:{node.lineno}", node.value


def commands() -> dict[str, str]:
    """Every command in them, with where it stands."""
    found = {}
    for place, text in literals():
        if _is_rendered(place):
            continue
        for command in COMMAND.findall(text):
            quoted = re.split(r'("[^"]*")', command)
            # A quote that nothing closes belongs to what stands around the command.
            pieces = [p if p[:1] == p[-1:] == '"' else p.partition('"')[0] for p in quoted]
            for number, piece in enumerate(pieces):
                if not piece.startswith('"') and (end := END.search(piece)):
                    pieces[number:] = [piece[: end.start()]]
                    break
            found["".join(pieces).strip()] = place
    return found


def _is_rendered(place: str) -> bool:
    return place.partition(":")[0].rpartition(".")[2] in RENDERERS


def test_what_sh_alone_reads_stands_beside_the_form_of_powershell() -> None:
    wrong = {
        place: text
        for place, text in literals()
        if SH_ALONE.search(text) and not _is_rendered(place) and "powershell" not in text.lower()
    }
    assert not wrong


@pytest.mark.parametrize(
    "text",
    [
        "say it: CONDA_OVERRIDE_CUDA=12.4 conda install ...",
        "NAME=false lifts the protection",
        "conda cuda remove X && conda cuda use X",
        "export A=b",
        "unset CUDA_HOME",
        'eval "$(conda cuda env)"',
        "echo $CUDA_HOME",
        "python train.py 2>&1 | conda cuda which -",
        "pip install torch \\\n  --index-url X",
    ],
)
def test_such_a_text_is_noticed(text: str) -> None:
    assert SH_ALONE.search(text)


def test_sh_cmd_and_powershell_read_the_same_words(tmp_path: Path) -> None:
    """Single quotes are none in cmd; a double quote holds in all, around what none of them expands."""
    found = commands()
    assert len(found) > 100
    words = {}
    for command, place in found.items():
        assert "'" not in command, place
        assert not any(map(LIVE.search, re.findall('"[^"]*"', command))), place
        words[command] = [word for word in shlex.split(command) if word != "--"]
    [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
    need(shell)
    lines = [
        "function passed { & /usr/bin/printf '%s\\0' @args }",
        *(f"passed {c}; ''" for c in found),
    ]
    (tmp_path / "script.ps1").write_text("\n".join(lines))
    done = subprocess.run(
        [str(shell.path()), *shell.command[1:], "script.ps1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    read = [line.split("\0")[:-1] for line in done.stdout.splitlines()]
    assert dict(zip(found, read, strict=True)) == words
