"""Days that begin in one shell and end in another, as a shell that another one has started."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import need
from .driver import MANAGED, play, problems
from .scenarios import INITIAL, make_environments
from .session import Session
from .shells import SHELLS

NAMES = ("bash", "dash", "zsh", "fish", "tcsh", "pwsh")
CROSSED = {name: next(shell for shell in SHELLS if shell.name == name) for name in NAMES}
PAIRS = [(one, "pwsh") for one in NAMES[:-1]] + [("pwsh", one) for one in NAMES[:-1]]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_activated_in_one_and_deactivated_in_another(
    first: str, second: str, rendered: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    for name in (first, second):
        need(CROSSED[name])
    made, _ = make_environments(tmp_path / "envs")
    # tcsh cannot hold the end of a line in every place.
    days = [(label, start) for label, start in INITIAL.items() if label != "newline"]
    before, after = [], []
    for number, (label, start) in enumerate(days):
        a, b = made[number % 5], made[(number + 1) % 5]
        begun = Session(label, {k: v.replace("@A@", str(a)) for k, v in start.items()})
        begun.activate(a)
        if number % 2:
            begun.stack(b)
        before.append(begun)
        ended = Session(label, dict(begun.env), stack_of=list(begun.stack_of))
        ended.edit("CUDA_PATH", lambda old: old + "/x" if number % 3 == 0 else old)  # noqa: B023
        ended.off()
        after.append(ended)
    outcome = play(CROSSED[first], "", before, rendered[CROSSED[first].family], tmp_path / "one")
    assert not problems(before, outcome)
    # What the first shell has left is what the second one begins with.
    at = 0
    for begun in before:
        at += len(begun.expected)
        left = {k: v for k, v in outcome.dumps[at].items() if k in MANAGED}
        assert left == begun.env
    outcome = play(CROSSED[second], "", after, rendered[CROSSED[second].family], tmp_path / "two")
    assert not problems(after, outcome)
