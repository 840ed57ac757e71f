"""Scenarios played through conda's own shell function."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from conda_cuda_plugin import hooks

from .driver import MANAGED
from .model import VARIABLES, Env
from .session import Session

OURS = (*VARIABLES, *(name for name in MANAGED if name.startswith("__CONDA_CUDA")))
INITIAL: dict[str, Env] = {
    "one": {"LD_LIBRARY_PATH": "/usr/local/lib"},
    "unset": {},
    "empty": {"LD_LIBRARY_PATH": ""},
    "spaces": {"LD_LIBRARY_PATH": "/my libs/lib:/ünï/ç::/x"},
    "own": {"CUDA_HOME": "/usr/local/cuda 11", "XLA_FLAGS": "--xla_dump_to=/tmp"},
}


@dataclass(frozen=True)
class Environments:
    """The environments of one shell.

    Attributes:
        a: Its path holds blanks; so XLA_FLAGS stays as it is.
        b: Its path holds letters beyond ASCII.
        late: Gets its hooks while it is active.
        plain: Has no toolkit and no hooks.
        hooks: The hook folders, as written, to copy from.
    """

    a: Path
    b: Path
    late: Path
    plain: Path
    hooks: Path


def make_environments(root: Path, first: str) -> Environments:
    """Environments as conda sees them, each with two toolkits and the link to the first.

    Args:
        root: where.
        first: the name of the one whose path should hold blanks.
    """
    made = Environments(root / first, root / "ünï-ç", root / "late", root / "plain", root / "hooks")
    for prefix in (made.a, made.b, made.late, made.plain):
        (prefix / "conda-meta").mkdir(parents=True)
        (prefix / "conda-meta" / "history").touch()
    for prefix in (made.a, made.b, made.late):
        for release in ("12.4", "11.8"):
            library = prefix / f"cuda-{release}" / "lib64"
            library.mkdir(parents=True)
            (library / "release").write_text(release + "\n")
        (prefix / "cuda").symlink_to("cuda-12.4")
    hooks.write(made.hooks, windows=False)
    return made


def write_hooks(made: Environments) -> None:
    for prefix in (made.a, made.b):
        hooks.write(prefix, windows=False)
    shutil.rmtree(made.late / "etc", ignore_errors=True)


@dataclass
class CondaSession(Session):
    """A session whose steps are conda's commands; the model follows what conda does."""

    notes: list[str] = field(default_factory=list)

    def hook(self, direction: str) -> None:
        if self.env.get("CONDA_PREFIX", "") not in self.without_hooks:
            self.run_model(direction, self.env)

    def enter(self, prefix: str | None, level: int) -> None:
        self.env["CONDA_PREFIX"] = prefix or ""
        self.env["CONDA_SHLVL"] = str(level)

    def unset(self, name: str) -> None:
        if name.startswith("CONDA_"):
            self.env.pop(name, None)
        else:
            super().unset(name)

    def activate(self, prefix: Path | str) -> None:
        super().activate(prefix)
        self.conda("activate", str(prefix))

    def stack(self, prefix: Path | str) -> None:
        super().stack(prefix)
        self.conda("activate", "--stack", str(prefix))

    def deactivate(self) -> None:
        super().deactivate()
        self.conda("deactivate")

    def conda(self, *words: str) -> None:
        self.steps.append(("conda", *words))
        self.expect(" ".join(words))

    def run_in(self, prefix: Path) -> None:
        """``conda run`` of a command that dumps the environment it sees."""
        mine = dict(self.env)
        if self.stack_of:
            self.run_model("deactivate", mine)
        mine["CONDA_PREFIX"] = str(prefix)
        mine["CONDA_SHLVL"] = str(len(self.stack_of) + 1)
        self.run_model("activate", mine)
        self.steps.append(
            ("conda", "run", "--no-capture-output", "-p", str(prefix), "sh", "./dump")
        )
        self.expected.append((f"inside conda run {prefix.name!r}", mine))
        self.expect("after conda run")

    def note(self, release: str) -> None:
        """Looks through LD_LIBRARY_PATH which toolkit is found there."""
        self.notes.append(release)
        command = 'cat "${LD_LIBRARY_PATH%%:*}/release" >>./notes'
        self.steps.append(("hooks", "sh", "-c", command))


Scenario = Callable[[CondaSession, Environments], None]


def cycle(s: CondaSession, e: Environments) -> None:
    s.activate(e.b)
    s.off()


def twice(s: CondaSession, e: Environments) -> None:
    s.activate(e.a)
    s.activate(e.a)
    s.off()


def there_and_back(s: CondaSession, e: Environments) -> None:
    s.activate(e.a)
    s.activate(e.b)
    s.activate(e.a)
    s.off()


def stack_pop(s: CondaSession, e: Environments) -> None:
    s.activate(e.b)
    s.stack(e.plain)
    s.stack(e.a)
    s.off()


def hooks_come_while_active(s: CondaSession, e: Environments) -> None:
    s.activate(e.late)
    s.steps.append(("hooks", "cp", "-r", f"{e.hooks}/etc", str(e.late)))
    s.without_hooks -= {str(e.late)}
    s.activate(e.late)
    s.off()
    s.steps.append(("hooks", "rm", "-r", f"{e.late}/etc"))
    s.without_hooks |= {str(e.late)}


def hooks_rewritten_while_active(s: CondaSession, e: Environments) -> None:
    s.activate(e.b)
    s.steps.append(("hooks", "rm", "-r", f"{e.b}/etc"))
    s.steps.append(("hooks", "cp", "-r", f"{e.hooks}/etc", str(e.b)))
    s.activate(e.b)
    s.off()


def tombstone(s: CondaSession, e: Environments) -> None:
    s.activate(e.a)
    s.steps.append(("hooks", "rm", "-r", f"{e.a}/etc/conda/activate.d"))
    s.deactivate()
    s.steps.append(("hooks", "cp", "-r", f"{e.hooks}/etc", str(e.a)))


def toolkit_switched_while_active(s: CondaSession, e: Environments) -> None:
    s.activate(e.a)
    s.note("12.4")
    s.steps.append(("run", "ln", "-sfn", "cuda-11.8", f"{e.a}/cuda"))
    s.note("11.8")
    s.activate(e.b)
    s.off()
    s.steps.append(("run", "ln", "-sfn", "cuda-12.4", f"{e.a}/cuda"))


def conda_run(s: CondaSession, e: Environments) -> None:
    s.run_in(e.b)
    s.activate(e.b)
    s.run_in(e.a)
    s.off()


def user_edits(s: CondaSession, e: Environments) -> None:
    s.activate(e.b)
    s.edit("LD_LIBRARY_PATH", lambda old: "/user dir:" + old)
    s.set("CUDA_PATH", "/user/cuda")
    s.stack(e.a)
    s.off()


SCENARIOS: tuple[Scenario, ...] = (
    cycle,
    twice,
    there_and_back,
    stack_pop,
    hooks_come_while_active,
    hooks_rewritten_while_active,
    tombstone,
    toolkit_switched_while_active,
    conda_run,
    user_edits,
)


def conda_sessions(made: Environments, initial: dict[str, Env]) -> Iterator[CondaSession]:
    for label, values in initial.items():
        for scenario in SCENARIOS:
            if scenario is conda_run and label not in ("one", "own"):
                continue
            session = CondaSession(
                f"{scenario.__name__}[{label}]",
                dict(values),
                without_hooks=frozenset(map(str, (made.plain, made.late))),
            )
            scenario(session, made)
            session.expected = [
                (what, {name: value for name, value in env.items() if name in OURS})
                for what, env in session.expected
            ]
            if scenario is not user_edits:
                assert session.expected[-1][1] == values, session.name
            yield session
