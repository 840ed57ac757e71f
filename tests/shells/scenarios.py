"""The scenarios of a user's day, over initial values and environments."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from .edited_scenarios import EDITED, Scenario
from .session import Session

INITIAL: dict[str, dict[str, str]] = {
    "unset": {},
    "empty": {"LD_LIBRARY_PATH": ""},
    "one": {"LD_LIBRARY_PATH": "/usr/local/lib"},
    "spaces": {"LD_LIBRARY_PATH": "/my libs/lib a:/ünï/ç:/t\tab"},
    "trailing": {"LD_LIBRARY_PATH": "/a:"},
    "leading": {"LD_LIBRARY_PATH": ":/a"},
    "double-colon": {"LD_LIBRARY_PATH": "/a::/b"},
    "only-colons": {"LD_LIBRARY_PATH": ":::"},
    "globs": {"LD_LIBRARY_PATH": "/*:/[a-z]?:~/x:$HOME:`id`:\\n:{a,b}"},
    "newline": {"LD_LIBRARY_PATH": "/a\nb:/c", "CUDA_HOME": "/x\ny", "CUDA_PATH": "/x\ny:/z"},
    "ours-there": {"LD_LIBRARY_PATH": "/a:@A@/cuda/lib64:/b"},
    "ours-twice": {"LD_LIBRARY_PATH": "@A@/cuda/lib64:@A@/cuda/lib64"},
    "own-scalars": {
        "CUDA_HOME": "/usr/local/cuda",
        "CUDA_PATH": "/usr/local/cuda",
        "CUDAToolkit_ROOT": "/opt/cuda 12/ü",
        "XLA_FLAGS": "--xla_dump_to=/tmp --xla_gpu_cuda_data_dir=/usr/local/cuda",
    },
    "own-list": {"CUDA_PATH": "/one:/two", "CUDA_HOME": "/three:/four", "XLA_FLAGS": "--a  --b"},
    "empty-scalars": {"CUDA_HOME": "", "CUDA_PATH": "", "CUDAToolkit_ROOT": "", "XLA_FLAGS": ""},
    "odd-scalars": {
        "CUDA_HOME": " * ?[x]",
        "CUDA_PATH": "-n",
        "CUDAToolkit_ROOT": "a'b\"c`d$e!f\\",
    },
    "ours-by-hand": {"CUDA_HOME": "@A@/cuda", "XLA_FLAGS": "--xla_gpu_cuda_data_dir=@A@/cuda"},
}


# The first two are plain; in the rest nothing is set for `:`, `;` and `$`.
PREFIXES = (
    "a",
    "b",
    "with space",
    "ünï-ç✓",
    "gl*b[x]?{y}",
    "-lead",
    "back\\slash",
    "quo'te\"d`x`",
    "bang!=~#%^&|",
    "t\tab",
    "new\nline",
    "dollar$x",
    "co:lon",
    "se;mi",
)


def cycle(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.off()


def twice(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.activate(a)
    s.off()


def sourced_again(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.hook("activate")
    s.hook("activate")
    s.off()
    s.hook("deactivate")


def switch(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.activate(b)
    s.off()


def there_and_back(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.activate(b)
    s.activate(a)
    s.off()


def stack_pop(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack(b)
    s.off()


def stack_itself(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack(a)
    s.off()


def stack_deep(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack(b)
    s.stack(a)
    s.activate(a)
    s.off()


def plain_between(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack(plain)
    s.stack(b)
    s.off()


def plain_switch(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.activate(plain)
    s.activate(b)
    s.off()


def only_deactivate(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.hook("deactivate")
    s.enter(str(a), 1)
    s.hook("deactivate")
    s.enter(None, 0)
    s.hook("activate")
    s.unset("CONDA_SHLVL")
    s.expect("off")


def level_unset(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.set("CONDA_PREFIX", str(a))
    s.hook("activate")
    s.hook("deactivate")
    s.unset("CONDA_PREFIX")
    s.expect("off")


def level_hostile(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.set("CONDA_PREFIX", str(a))
    for level in ("1 2", "x;echo", "$(echo)", "*", "", "-1", "1x", "12"):
        s.set("CONDA_SHLVL", level)
        s.hook("activate")
        s.hook("deactivate")
    s.unset("CONDA_PREFIX")
    s.unset("CONDA_SHLVL")
    s.expect("off")


def library_missing(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.vanish(a)
    s.activate(a)
    s.off()
    s.reappear(a)


def library_vanishes(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.vanish(a)
    s.off()
    s.reappear(a)


def library_returns(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.vanish(a)
    s.activate(a)
    s.reappear(a)
    s.activate(a)
    s.off()


def environment_vanished(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(a)
    s.stack_of.clear()
    s.activate(b)
    s.off()


def environment_vanished_in_stack(s: Session, a: Path, b: Path, plain: Path) -> None:
    s.activate(b)
    s.stack(a)
    s.stack_of[-1] = str(b)
    s.enter(str(b), 2)
    s.hook("activate")
    s.off()


BALANCED: tuple[Scenario, ...] = (
    cycle,
    twice,
    sourced_again,
    switch,
    there_and_back,
    stack_pop,
    stack_itself,
    stack_deep,
    plain_between,
    plain_switch,
    only_deactivate,
    level_unset,
    level_hostile,
    library_missing,
    library_vanishes,
    library_returns,
    environment_vanished,
    environment_vanished_in_stack,
)


def make_environments(root: Path) -> tuple[list[Path], Path]:
    """The environments of PREFIXES with a toolkit each, and one that has none and no hooks."""
    environments = [root / name for name in PREFIXES]
    for path in environments:
        (path / "cuda" / "lib64").mkdir(parents=True)
    plain = root / "plain"
    plain.mkdir()
    return environments, plain


def remove_environments(root: Path) -> None:
    shutil.rmtree(root)


def sessions(
    environments: list[Path], plain: Path, *, every: int = 1, turn: int = 0
) -> Iterator[Session]:
    """Every scenario over every initial value; the environments take turns.

    Args:
        every: of so many cases one is played.
        turn: which one of them.
    """
    count = 0
    for index, (label, initial) in enumerate(INITIAL.items()):
        for offset, scenario in enumerate((*BALANCED, *EDITED)):
            count += 1
            if (count + turn) % every:
                continue
            a = environments[(index + offset) % len(environments)]
            b = environments[(index * 5 + offset * 3 + 1) % len(environments)]
            if a == b:
                b = environments[(environments.index(b) + 1) % len(environments)]
            session = Session(
                f"{scenario.__name__}[{label}, {a.name!r}, {b.name!r}]",
                {name: value.replace("@A@", str(a)) for name, value in initial.items()},
                without_hooks=frozenset([str(plain)]),
            )
            scenario(session, a, b, plain)
            if scenario in BALANCED:
                assert session.env == session.initial, session.name
            yield session
