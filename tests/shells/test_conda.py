"""The hooks run by conda itself, through its shell function, in each shell that it supports.

The same commands run first in the same environments before they have hooks. What conda leaves
there is the baseline: with hooks, the environment may differ from it by the hooks' variables
only, at every step, and in nothing at the end. conda's commands are forks (`tests/warm.py`); once
more dash starts each from nothing. Shells take turns with what is set before; with `make fuzz` each
begins with all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ..preload import program
from ..warm import WarmConda
from .conda_session import INITIAL, OURS, conda_sessions, make_environments, write_hooks
from .conftest import need
from .driver import START, compare, play
from .model import Env
from .shells import SHELLS

MATRIX = {
    f"{shell.name}-{label}": (shell, shell.options[label])
    for shell in SHELLS
    if shell.conda
    for label in ("plain", "eu", "constrained")
    if label in shell.options
}
FUZZ = bool(os.environ.get("FUZZ_EXAMPLES"))
COLD = "dash-cold"
MATRIX[COLD] = MATRIX["dash-plain"]

WARM_CLIENT = Path(__file__).parents[1] / "warm_client.c"
SETTINGS = {
    "CONDARC": os.devnull,
    "CONDA_AUTO_ACTIVATE_BASE": "false",
    "CONDA_CHANGEPS1": "false",
}


class CondaItselfFails(Exception):
    """conda cannot do this in this shell, with or without hooks."""


def without_residue(env: Env) -> Env:
    """Without what conda 25.7 and later leaves: its own variables, empty instead of unset."""
    return {name: value for name, value in env.items() if value or not name.startswith("CONDA_")}


def for_tcsh(conda: Path, warm: Path, root: Path) -> Path:
    """conda.csh names its program anew at each command: a copy names another.

    Args:
        conda: conda's program.
        warm: what to start in place of it.
        root: a folder for the copy; the program in it that belongs to the copy.
    """
    for name in ("bin", "etc/profile.d"):
        (root / name).mkdir(parents=True)
    (root / "bin" / "conda").symlink_to(warm)
    base, file = conda.parent.parent, "etc/profile.d/conda.csh"
    (root / file).write_text((base / file).read_text().replace(str(base), str(root)))
    return root / "bin" / "conda"


def initial_values(case: str) -> dict[str, Env]:
    """What is set before. Strict options and a cold start are the same whatever it is."""
    shell, options = MATRIX[case]
    some = ["one"]
    if options:
        some += ["unset"]
    elif case != COLD:
        others = [label for label in INITIAL if label != "one"]
        some += others if FUZZ else others[SHELLS.index(shell) % 2 :: 2]
    return {label: INITIAL[label] for label in some}


def compare_with_baseline(case: str, conda: Path, warm: Path | None, root: Path) -> list[str]:
    """Plays all sessions without and with hooks; what went wrong, one line each."""
    shell, options = MATRIX[case]
    (root / "home").mkdir()
    if shell.family == "csh" and warm:
        conda = for_tcsh(conda, warm, root / "conda")
    start = START | {"HOME": str(root / "home"), **SETTINGS}
    # conda.csh of some releases cannot activate a path with blanks, with or without hooks.
    for first in ("env a b", "env-a-b"):
        made = make_environments(root / first.replace(" ", "-blank-"), first)
        # The same commands in the same order: conda's own residue adds up over them.
        sessions = list(conda_sessions(made, initial_values(case)))
        bare = play(
            shell, options, sessions, {}, root / "work",
            start=start, conda=conda, warm=warm, baseline=True,
        )  # fmt: skip
        if not (bare.status or bare.printed):
            break
    else:
        raise CondaItselfFails(f"exit {bare.status}, printed {bare.printed!r:.600}")
    write_hooks(made)
    hooked = play(shell, options, sessions, {}, root / "work", start=start, conda=conda, warm=warm)

    found = []
    if hooked.status or hooked.printed:
        found.append(f"with hooks: exit {hooked.status}, printed {hooked.printed!r:.600}")
    expected = [env for session in sessions for _, env in session.expected]
    wanted = [
        {name: value for name, value in plain.items() if name not in OURS} | env
        for plain, env in zip(bare.dumps[1:], expected, strict=False)
    ]
    found += compare(
        sessions, list(map(without_residue, wanted)), list(map(without_residue, hooked.dumps[1:]))
    )
    if hooked.left_behind != bare.left_behind:
        found += hooked.left_behind
    notes = [release for session in sessions for release in session.notes]
    seen = root / "work" / "notes"
    if not seen.exists() or seen.read_text().split() != notes:
        found.append("another toolkit than the current one was found")
    return found


@pytest.fixture(scope="session")
def outcomes(
    conda_exe: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[list[str]]]]:
    """One run per selected shell, as many at a time as there are processors."""
    selected = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == "test_conda_leaves_what_it_would_without_hooks"
    ]
    conda = WarmConda(conda_exe, START | SETTINGS)
    forked = program(
        WARM_CLIENT, tmp_path_factory.mktemp("warm"),
        PROGRAM=str(conda_exe), ADDRESS=conda.address[1:].decode(),
    )  # fmt: skip
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            case: pool.submit(
                compare_with_baseline,
                case, conda_exe, None if case == COLD else forked, tmp_path_factory.mktemp(case),
            )
            for case in selected
            if MATRIX[case][0].path()
        }  # fmt: skip


@pytest.mark.parametrize("case", MATRIX)
def test_conda_leaves_what_it_would_without_hooks(
    case: str, outcomes: dict[str, Future[list[str]]]
) -> None:
    need(MATRIX[case][0])
    try:
        found = outcomes[case].result()
    except CondaItselfFails as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"conda itself fails in this shell: {error}")
    assert not found
