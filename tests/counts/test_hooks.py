"""The hooks start no process, in any shell, whatever they have to do."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from ..shells.conftest import need, rendered  # noqa: F401
from ..shells.shells import SHELLS, RealShell
from .calls import starts_a_process, traced

CASES = {
    "unset": {},
    "list": {"LD_LIBRARY_PATH": "/a:/b c:/d", "CUDA_HOME": "/usr/local/cuda"},
    "blank in the prefix": {"LD_LIBRARY_PATH": "/a"},
}
_SOURCE = {"sh": ". {}", "fish": "source {}", "csh": "source {}"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shell", [one for one in SHELLS if one.family in _SOURCE], ids=str)
def test_they_start_no_process(
    shell: RealShell,
    case: str,
    rendered: dict[str, dict[str, Path]],  # noqa: F811
    tmp_path: Path,
) -> None:
    need(shell)
    prefix = tmp_path / ("an env" if "blank" in case else "env")
    (prefix / "cuda" / "lib64").mkdir(parents=True)
    program = shell.path()
    assert program is not None
    hooks = rendered[shell.family]
    counts = {}
    for what, paths in {
        "hooks": [hooks["activate"], hooks["activate"], hooks["deactivate"]],
        "nothing": [],
        "one more": [],
    }.items():
        script = tmp_path / f"{what}.{shell.family}"
        lines = [_SOURCE[shell.family].format(shlex.quote(str(path))) for path in paths]
        if what == "one more":
            # That the count can see a process.
            lines = ["/bin/true"]
        # The last command of a script may take the place of its shell.
        script.write_text("\n".join([*lines, "test 1 = 1" if shell.family != "csh" else "", ""]))
        calls = traced(
            [program, *shell.command[1:], script],
            {
                **CASES[case],
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "CONDA_PREFIX": str(prefix),
                "CONDA_SHLVL": "1",
            },
            "process",
            tmp_path,
        )
        counts[what] = sum(map(starts_a_process, calls))
    assert counts["hooks"] == counts["nothing"]
    assert counts["one more"] > counts["nothing"]
