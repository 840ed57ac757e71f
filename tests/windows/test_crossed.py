"""Days that go from cmd into PowerShell and back, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ..shells.conftest import need
from ..shells.shells import SHELLS
from .session import Cmd, Env, PowerShell, Step, WindowsSession, problems
from .test_days import ONCE, host, known, make, many_days, play_out
from .wine import DOTNET, POWERSHELL, Wine, windows_path

WAYS = [
    ("cmd", "powershell", "cmd-delayed"),
    ("powershell-constrained", "cmd", "powershell"),
]


def parts(session: WindowsSession, count: int, paths: Sequence[Path]) -> list[WindowsSession]:
    """A day in parts, each of which begins with the variables that the one before has left.

    The parts of other days come between them, so what toolkit is current is written anew, too.
    """
    found: list[WindowsSession] = []
    env: Env = {}
    files = {windows_path(path / "cuda" / "release.txt"): "12.4" for path in paths}
    rest = list(session.expected)
    length = len(session.steps) // count + 1
    for at in range(0, count * length, length):
        steps: list[Step] = [("set", name, value) for name, value in env.items()]
        steps += [("file", path, release) for path, release in files.items()]
        expected = []
        for step in session.steps[at : at + length]:
            steps.append(step)
            if step[0] == "set":
                env.pop(step[1], None)
                env.update({step[1]: step[2]} if step[2] else {})
            elif step[0] == "file":
                files[step[1]] = step[2]
            elif step[0] == "hook":
                # What it leaves is looked at in the next step, by this shell or the next one.
                env = {k: v for k, v in env.items() if k.startswith("CONDA_")} | rest[0][1]
            elif step[0] == "dump":
                expected.append(rest.pop(0))
        steps += [("set", name, "") for name in env if name.startswith("__CONDA_CUDA")]
        found.append(WindowsSession(session.name, {}, steps=steps, expected=expected))
    return found


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_any_day_in_three_parts(
    way: Sequence[str], wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    shells = [host(name, rendered) for name in way]
    paths = make(tmp_path, ["env a (x86)", "b & co", "no release", "plain"])
    (paths[2] / "cuda" / "release.txt").unlink()

    @settings(ONCE, max_examples=2)
    @given(many_days)
    def check(many: list[Any]) -> None:
        for name in way:
            many = known(name, many)
        whole = [play_out(number, day, paths) for number, day in enumerate(many)]
        for shell, sessions in zip(
            shells, zip(*(parts(day, 3, paths[:2]) for day in whole), strict=True), strict=True
        ):
            assert not problems(shell, wine, sessions, tmp_path)

    check()


@pytest.mark.parametrize("outer", ["cmd", "powershell"])
def test_a_shell_that_another_one_has_started(
    outer: str, wine: Wine, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """What the inner one changes is its own; each takes back what either has set."""
    need(next(shell for shell in SHELLS if shell.name == "pwsh-windows"))
    cmd, powershell = Cmd(rendered["bat"]), PowerShell(rendered["ps1"])
    a, b = make(tmp_path, ["env a", "b & co"])
    inner_folder = tmp_path / "inner"
    inner_folder.mkdir()
    day = WindowsSession("outer", dict.fromkeys((a, b), "12.4"))
    day.set("CUDA_PATH", '"C:\\Program Files\\CUDA"')
    day.set("CUDA_HOME", "C:\\a&b !x!")
    day.activate(a)
    inner = WindowsSession("inner", dict(day.releases), env=dict(day.env), stack=list(day.stack))
    inner.hook("activate")
    inner.use(a, "11.8")
    inner.hook("activate")
    inner.activate(b, stacked=True)
    inner.deactivate()
    inner.activate(b)
    inner.off()
    values: Env = {}
    if outer == "cmd":
        (inner_folder / "inner.ps1").write_text(powershell.text(inner.steps, tmp_path))
        program = (windows_path(POWERSHELL), windows_path(inner_folder / "inner.ps1"))
    else:
        lines, values = cmd.lines(inner.steps, tmp_path)
        text = "\r\n".join(["@ECHO OFF", *lines, ""])
        (inner_folder / "inner.bat").write_bytes(text.encode())
        program = ("C:\\windows\\system32\\cmd.exe", "/c", windows_path(inner_folder / "inner.bat"))
    day.steps += [("set", name, value) for name, value in values.items()]
    day.steps.append(("program", *program))
    day.expected += inner.expected
    day.releases = dict(inner.releases)
    day.hook("activate")
    day.stack.append(b)
    day.set("CONDA_PREFIX", windows_path(b))
    day.set("CONDA_SHLVL", "2")
    day.hook("activate")
    day.off()
    if outer == "cmd":
        wine = Wine(wine.prefix, more=DOTNET)
    assert not problems(cmd if outer == "cmd" else powershell, wine, [day], tmp_path)
