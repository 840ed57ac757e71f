"""Environments that rattler's engine activates, in each shell that it writes scripts for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin import hooks

from ..shells.conftest import need
from ..shells.driver import Outcome, play, problems
from ..shells.model import SCALARS
from ..shells.shells import RealShell
from ..shells.test_property import names, values
from .engine import (
    ENGINE_SHELLS,
    SYSTEM_PATH,
    EngineSession,
    Scripts,
    need_rattler,
    set_variables,
    write_scripts,
)

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["go", "go", "over"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["set", "prepend", "append"]), names, values),
        st.tuples(st.just("unset"), names),
    ),
    max_size=8,
)
days = st.tuples(st.dictionaries(names, values), steps)


@pytest.fixture
def environments(tmp_path: Path) -> list[Path]:
    """Two environments with a toolkit and hooks, and one without."""
    made = [tmp_path / name for name in ("env a b", "ünï-ç", "plain")]
    for prefix in made:
        (prefix / "conda-meta").mkdir(parents=True)
    for prefix in made[:2]:
        (prefix / "cuda" / "lib64").mkdir(parents=True)
        hooks.write(prefix, windows=False)
    return made


def play_out(
    number: int, day: tuple[dict[str, str], list[tuple]], paths: list[Path]
) -> EngineSession:
    """The session of one generated day."""

    def fill(text: str) -> str:
        return text.replace("@0@", str(paths[0])).replace("@1@", str(paths[1]))

    initial, todo = day
    session = EngineSession(
        f"day {number}: {day}",
        {"PATH": SYSTEM_PATH} | {name: fill(value) for name, value in initial.items()},
        without_hooks=frozenset([str(paths[-1])]),
    )
    edited = False
    for kind, *rest in todo:
        match kind:
            case "go":
                session.go(paths[rest[0]])
            case "over":
                # as in a shell that another activator has brought into an environment; one
                # without hooks would leave the other's variables to nobody
                if rest[0] < 2:
                    session.go(paths[rest[0]], leave=False)
            case "unset":
                edited = True
                session.unset(rest[0])
            case _:
                edited = True
                name, value = rest[0], fill(rest[1])
                old = session.env.get(name, "")
                text = {"set": value, "prepend": f"{value}:{old}", "append": f"{old}:{value}"}
                session.set(name, text[kind])
    session.go(paths[-1])
    if not edited:
        back = {k: v for k, v in session.env.items() if k in session.initial}
        assert back | {"PATH": SYSTEM_PATH} == session.initial
        assert session.env.keys() - session.initial.keys() == {"CONDA_PREFIX", "CONDA_SHLVL"}
    return session


@pytest.mark.parametrize("shell", ENGINE_SHELLS)
def test_any_day_leaves_nothing(shell: RealShell, environments: list[Path], tmp_path: Path) -> None:
    need(shell)
    need_rattler()
    scripts = write_scripts(shell, environments, tmp_path / "scripts")
    work = tmp_path / "work"

    @settings(
        max_examples=4 if shell.family in ("xonsh", "ps1") else 20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(days, min_size=5, max_size=9))
    def check(many: list[tuple[dict[str, str], list[tuple]]]) -> None:
        sessions = [play_out(number, day, environments) for number, day in enumerate(many)]
        shutil.rmtree(work, ignore_errors=True)
        assert not problems(sessions, play(shell, "", sessions, scripts.files, work))

    check()


@pytest.mark.parametrize("name", ["LD_LIBRARY_PATH", *SCALARS, "XLA_FLAGS"])
@pytest.mark.parametrize("shell", ENGINE_SHELLS)
def test_variables_of_the_environment_itself_go_as_without_hooks(
    shell: RealShell, name: str, environments: list[Path], tmp_path: Path
) -> None:
    """rattler sets them before the hooks run, and on the way out unsets them before, too."""
    need(shell)
    need_rattler()
    _, hooked, plain = environments
    set_variables(hooked, {name: "/from/state", "FOO": "bar"})
    ends = []
    for kind in ("hooked", "bare"):
        if kind == "bare":
            shutil.rmtree(hooked / "etc")
        scripts = write_scripts(shell, environments, tmp_path / kind)
        ends.append(_walk(shell, scripts, [hooked, plain], tmp_path / "work").dumps[1:])
    assert "FOO" in ends[0][1]
    assert any(key.startswith("__CONDA_CUDA") for key in ends[0][1])
    assert ends[0][-1] == ends[1][-1]


def test_deactivate_hooks_of_others_may_run_before_ours(
    environments: list[Path], tmp_path: Path
) -> None:
    """conda runs them in reverse order, rattler in the same order as on activation."""
    [shell] = [param.values[0] for param in ENGINE_SHELLS if param.id == "bash"]
    need_rattler()
    hooked, _, plain = environments
    lines = {
        "activate.d": 'export OLD_HOME="$CUDA_HOME" CUDA_HOME=/other\n'
        'export LD_LIBRARY_PATH="/other:$LD_LIBRARY_PATH"\n',
        "deactivate.d": 'export CUDA_HOME="$OLD_HOME"; unset OLD_HOME\n'
        'export LD_LIBRARY_PATH="${LD_LIBRARY_PATH#*/other:}"\n',
    }
    for folder, text in lines.items():
        (hooked / "etc" / "conda" / folder / "other.sh").write_text(text)
    scripts = write_scripts(shell, environments, tmp_path / "scripts")
    text = scripts.files[Scripts.name(plain, hooked)].read_text()
    assert text.index("deactivate.d/other.sh") < text.index("deactivate.d/~conda-cuda.sh")
    start = {"CUDA_HOME": "/mine", "LD_LIBRARY_PATH": "/my/lib"}
    before, *_, after = _walk(shell, scripts, [hooked, plain], tmp_path / "work", start).dumps[1:]
    of_activation = {"CONDA_PREFIX", "CONDA_SHLVL", "PATH"}
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    # Theirs saved what was there before ours, ours what theirs had set.
    assert changed <= of_activation, {key: after.get(key) for key in changed}


def _walk(
    shell: RealShell,
    scripts: Scripts,
    way: list[Path],
    work: Path,
    start: dict[str, str] | None = None,
) -> Outcome:
    """From no environment through some, with a dump before each and after the last one."""
    session = EngineSession("walk", {"PATH": SYSTEM_PATH} | (start or {}))
    for prefix in way:
        session.go(prefix)
    outcome = play(shell, "", [session], scripts.files, work)
    assert (outcome.status, outcome.printed) == (0, b"")
    return outcome
