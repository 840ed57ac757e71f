"""The hooks in shells that users have set up oddly: they work, or leave all as it was, silently."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..shells.conftest import need, rendered
from ..shells.model import VARIABLES, Env
from ..shells.shells import SHELLS, RealShell
from .odd_shells import STARTS, bearable, play, setups, wanted, wrong

__all__ = ["rendered"]

UNIX = [
    pytest.param(shell, id=shell.name)
    for shell in SHELLS
    if shell.family in ("sh", "fish", "csh") and shell.options
]
SH = [pytest.param(shell, id=shell.name) for shell in SHELLS if shell.family == "sh"]
# posh is as strict as POSIX allows and has no `command` that keeps an error from ending a script.
LENIENT = [param for param in SH if param.id != "posh"]


@pytest.mark.parametrize("shell", UNIX)
def test_under_every_option_and_behind_every_name(
    shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    found = {}
    for setup in setups(shell):
        problems = wrong(play(shell, setup, rendered[shell.family], tmp_path / "work"))
        if problems and bearable(shell, setup, tmp_path):
            found[setup] = problems
    assert not found


@pytest.mark.parametrize("shell", UNIX)
def test_under_any_of_them_together(
    shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    alone = [setup for setup in setups(shell) if bearable(shell, setup, tmp_path)]

    @settings(
        max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(
        st.lists(st.sampled_from(alone), max_size=5, unique=True).map("\n".join),
        st.sampled_from(list(STARTS.values())),
    )
    def check(setup: str, start: Env) -> None:
        played = play(shell, setup, rendered[shell.family], tmp_path / "work", start)
        problems = wrong(played)
        assert not problems or not bearable(shell, setup, tmp_path)

    check()


@pytest.mark.parametrize("name", ["command", "builtin"])
@pytest.mark.parametrize("body", ["return 1", ":", "/bin/echo called", '"$@"'])
@pytest.mark.parametrize("shell", LENIENT)
def test_what_all_rests_on_replaced(
    shell: RealShell,
    body: str,
    name: str,
    rendered: dict[str, dict[str, Path]],
    tmp_path: Path,
) -> None:
    need(shell)
    if (shell.name, name, "echo" in body) == ("zsh", "builtin", True):
        pytest.xfail("such a function is heard; to silence it, yash would start a process")
    for first in ("", "set -eu; "):
        setup = f"{first}{name}() {{ {body}; }}"
        played = play(shell, setup, rendered["sh"], tmp_path / "work")
        assert not wrong(played, unchanged=True), setup


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("shell", SH)
def test_what_cannot_be_set_is_left_out(
    shell: RealShell, start: str, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """Set or not, exported or not: the script goes on, and all else is set."""
    need(shell)
    found = {}
    for name in VARIABLES:
        for line in (
            f"readonly {name}",
            # yash exports what it cannot set.
            *([f"readonly {name}=/fixed"] if shell.name != "yash" else []),
            f"export {name}=/fixed; readonly {name}",
            *(["set -eu; readonly " + name] if shell.name != "posh" else []),
        ):
            played = play(shell, line, rendered["sh"], tmp_path / "work", STARTS[start])
            if problems := wrong(played, skipped=[name]):
                found[line] = problems
    every = "; ".join(f"readonly {name}" for name in VARIABLES)
    played = play(shell, every, rendered["sh"], tmp_path / "work", STARTS[start])
    if problems := wrong(played, skipped=VARIABLES):
        found[every] = problems
    assert not found


@pytest.mark.parametrize("shell", LENIENT)
def test_what_is_fixed_while_it_is_active_stays(
    shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    for name in VARIABLES:
        fix = tmp_path / "activate.sh"
        fix.write_text(f". '{rendered['sh']['activate']}'\nreadonly {name}\n")
        hooks = {**rendered["sh"], "activate": fix}
        played = play(shell, "set -eu", hooks, tmp_path / "work")
        before, active, after = played.dumps
        assert played.printed == "alive\n"
        assert active == wanted(before)
        assert after == {**before, name: active[name]}
        assert not played.left


@pytest.mark.parametrize("shell", LENIENT)
def test_another_shells_version_in_the_environment(
    shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    need(shell)
    start = {**STARTS["path"], "BASH_VERSION": "5.2"}
    if shell.name == "bash":
        start["ZSH_VERSION"] = "5.9"
    played = play(shell, "", rendered["sh"], tmp_path / "work", start)
    assert not wrong(played)
