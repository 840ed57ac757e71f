"""Any sequence of activations, edits, `conda cuda off` and `use`, in each shell, compared with the
model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import need
from .driver import play, problems
from .model import VARIABLES
from .scenarios import make_environments
from .session import Session
from .shells import SHELLS, RealShell

# `make fuzz` plays twenty times as many.
MANY = 20 if os.environ.get("FUZZ_EXAMPLES") else 1
PIECES = (
    "",
    "/usr/lib",
    "/my libs",
    "/ünï",
    "@0@/cuda/lib64",
    "@0@/cuda",
    "*",
    "--xla_a",
    "--xla_gpu_cuda_data_dir=@1@/cuda",
)
values = st.lists(st.sampled_from(PIECES), max_size=3).map(":".join)
names = st.sampled_from(VARIABLES)
environments = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["activate", "stack", "again", "lost"]), environments),
        st.tuples(st.sampled_from(["deactivate"])),
        st.tuples(st.sampled_from(["cuda off", "cuda use"]), environments),
        st.tuples(st.sampled_from(["set", "prepend", "append"]), names, values),
        st.tuples(st.just("unset"), names),
    ),
    max_size=10,
)
days = st.tuples(st.dictionaries(names, values), steps)


def play_out(number: int, day: tuple[dict[str, str], list[tuple]], paths: list[Path]) -> Session:
    """The session of one generated day; the last of the environments has no hooks."""

    def fill(text: str) -> str:
        return text.replace("@0@", str(paths[0])).replace("@1@", str(paths[1]))

    initial, todo = day
    session = Session(
        f"day {number}: {day}",
        {name: fill(value) for name, value in initial.items()},
        without_hooks=frozenset([str(paths[-1])]),
    )
    edited = False
    for kind, *rest in todo:
        match kind:
            case "activate":
                session.activate(paths[rest[0]])
            case "stack":
                session.stack(paths[rest[0]])
            case "again":
                session.hook("activate")
            case "lost":
                # another environment at the same level, without the first being deactivated
                if session.stack_of and paths[rest[0]] != paths[-1]:
                    session.stack_of[-1] = str(paths[rest[0]])
                    session.enter(session.stack_of[-1], len(session.stack_of))
                    session.hook("activate")
            case "deactivate":
                session.deactivate()
            case "cuda off":
                session.cuda_off(paths[rest[0]])
            case "cuda use":
                session.cuda_use(paths[rest[0]])
            case "unset":
                edited = True
                session.unset(rest[0])
                session.expect("unset")
            case _:
                edited = True
                name, value = rest[0], fill(rest[1])
                change = {
                    "set": lambda old, value=value: value,
                    "prepend": lambda old, value=value: f"{value}:{old}",
                    "append": lambda old, value=value: f"{old}:{value}",
                }[kind]
                session.edit(name, change)
                session.expect(kind)
    session.off()
    for path in sorted(session.let_go_of):
        # The sessions of one process share the environments.
        session.cuda_use(path)
    if not edited:
        assert session.env == session.initial
    return session


@pytest.mark.parametrize(
    "shell", [pytest.param(shell, id=shell.name) for shell in SHELLS if "plain" in shell.options]
)
def test_any_day(shell: RealShell, rendered: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    need(shell)
    made, plain = make_environments(tmp_path / "envs")
    paths = [made[0], made[2], made[3], plain]
    work = tmp_path / "work"

    # One process per example: it plays several days, for the price of one start, which is high in
    # PowerShell. Ten shells and twenty examples of five days at least make a thousand days.
    examples, least = {"xonsh": (4, 5), "ps1": (5, 20)}.get(shell.family, (20, 5))

    @settings(
        max_examples=MANY * examples,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(days, min_size=least, max_size=least + 4))
    def check(many: list[tuple[dict[str, str], list[tuple]]]) -> None:
        sessions = [play_out(number, day, paths) for number, day in enumerate(many)]
        shutil.rmtree(work, ignore_errors=True)
        assert not problems(sessions, play(shell, "", sessions, rendered[shell.family], work))

    check()
