"""A scenario: steps for a shell, and beside each the environment that it must lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import model

Step = tuple[str, ...]


@dataclass
class Session:
    """Records the steps of one scenario and runs the model along.

    The steps that conda would take (``activate``, ``stack``, ``deactivate``) are spelled out in
    conda's own order: which hooks, with which CONDA_PREFIX and CONDA_SHLVL.

    Attributes:
        name: Shown where the scenario fails.
        env: What the model holds now, of the variables that take part.
        without_hooks: Environments that have none.
    """

    name: str
    env: model.Env = field(default_factory=dict)
    without_hooks: frozenset[str] = frozenset()
    steps: list[Step] = field(default_factory=list)
    expected: list[tuple[str, model.Env]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    let_go_of: set[str] = field(default_factory=set)
    stack_of: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.initial = dict(self.env)
        self.steps += [("set", name, value) for name, value in self.env.items()]
        self.expect("start")

    def expect(self, what: str) -> None:
        self.steps.append(("dump",))
        self.expected.append((what, dict(self.env)))

    def set(self, name: str, value: str) -> None:
        self.env[name] = value
        self.steps.append(("set", name, value))

    def unset(self, name: str) -> None:
        if self.env.pop(name, None) is not None:
            self.steps.append(("unset", name))

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        self.set(name, change(self.env.get(name, "")))

    def run_model(self, direction: str, env: model.Env) -> None:
        prefix = env.get("CONDA_PREFIX", "")
        if direction == "deactivate":
            model.deactivate(env)
        else:
            library = prefix not in self.gone and Path(prefix, "cuda", "lib64").is_dir()
            model.activate(env, library=library)

    def hook(self, direction: str) -> None:
        """Sources one hook, as the environment stands."""
        prefix = self.env.get("CONDA_PREFIX", "")
        if prefix in self.without_hooks:
            return
        if direction == "activate" and prefix in self.let_go_of:
            # `conda cuda off` leaves the deactivate hook only.
            return
        self.run_model(direction, self.env)
        self.steps.append(("source", direction))
        self.expect(f"{direction} {Path(prefix).name!r}")

    def enter(self, prefix: str | None, level: int) -> None:
        if prefix is None:
            self.unset("CONDA_PREFIX")
        else:
            self.set("CONDA_PREFIX", prefix)
        self.set("CONDA_SHLVL", str(level))

    def activate(self, prefix: Path | str) -> None:
        prefix = str(prefix)
        if self.stack_of:
            self.hook("deactivate")
        if not self.stack_of or self.stack_of[-1] != prefix:
            self.stack_of.append(prefix)
            self.enter(prefix, len(self.stack_of))
        self.hook("activate")

    def stack(self, prefix: Path | str) -> None:
        if not self.stack_of:
            self.activate(prefix)
            return
        self.stack_of.append(str(prefix))
        self.enter(str(prefix), len(self.stack_of))
        self.hook("activate")

    def deactivate(self) -> None:
        if not self.stack_of:
            return
        self.hook("deactivate")
        self.stack_of.pop()
        if self.stack_of:
            self.enter(self.stack_of[-1], len(self.stack_of))
            self.hook("activate")
        else:
            self.enter(None, 0)
            self.unset("CONDA_SHLVL")

    def vanish(self, prefix: Path | str) -> None:
        """Takes the environment's library folder away."""
        self.gone.add(str(prefix))
        self.steps.append(("run", "/bin/mv", f"{prefix}/cuda/lib64", f"{prefix}/cuda/away"))

    def reappear(self, prefix: Path | str) -> None:
        self.gone.discard(str(prefix))
        self.steps.append(("run", "/bin/mv", f"{prefix}/cuda/away", f"{prefix}/cuda/lib64"))

    def cuda_off(self, prefix: Path | str) -> None:
        """`conda cuda off` or `remove`: no link, no activate hook."""
        if str(prefix) not in self.gone | self.without_hooks:
            self.vanish(prefix)
            self.let_go_of.add(str(prefix))

    def cuda_use(self, prefix: Path | str) -> None:
        """`conda cuda use`: the link is there again, and the hook."""
        if str(prefix) in self.let_go_of:
            self.reappear(prefix)
            self.let_go_of.discard(str(prefix))

    def off(self) -> None:
        """Deactivates all; nothing of ours may be left, and what the user had is as it was."""
        while self.stack_of:
            self.deactivate()
        self.expect("off")
