"""The hooks sourced directly in each real shell, compared step by step with the model.

In an ordinary run every second shell plays a case; with `make fuzz` all do.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import need
from .driver import play, problems
from .scenarios import make_environments, sessions
from .shells import SHELLS, RealShell

SOME = 1 if os.environ.get("FUZZ_EXAMPLES") else 2
DIRECT = [
    pytest.param(shell, lines, id=f"{shell.name}-{label}")
    for shell in SHELLS
    if shell.family != "xonsh"
    for label, lines in shell.options.items()
]


@pytest.mark.parametrize(("shell", "options"), DIRECT)
def test_environment_after_each_step(
    shell: RealShell, options: str, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    environments, plain = make_environments(tmp_path / "envs")
    every = SOME if not options else 3 * SOME
    if "Constrained" in options:
        # PowerShell's cmdlets take a backslash for a slash.
        environments = [path for path in environments if "\\" not in path.name]
    cases = list(sessions(environments, plain, every=every, turn=SHELLS.index(shell)))
    outcome = play(shell, options, cases, rendered[shell.family], tmp_path / "work")
    assert not problems(cases, outcome)


def test_environment_after_each_step_in_xonsh(
    rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    [shell] = [shell for shell in SHELLS if shell.family == "xonsh"]
    need(shell)
    environments, plain = make_environments(tmp_path / "envs")
    # xonsh itself expands `~` and `$` in lists
    cases = [case for case in sessions(environments, plain, every=5) if "globs" not in case.name]
    outcome = play(shell, "", cases, rendered["sh"], tmp_path / "work")
    assert not problems(cases, outcome)
