"""What the rules look at, what they find, and what makes a function a rule."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path

from ..actions.trial import Advice, Trial, Use, advise
from ..cluster.node import Asked
from ..environment import Environment
from ..frameworks.framework import Framework
from ..frameworks.site_packages import NvidiaWheel, pip_nvidia_libraries
from ..frameworks.table import find_frameworks
from ..install.wrappers import compiler_in
from ..libraries.host import CACHE
from ..machine.host_compiler import seen_by_toolkit
from ..machine.machine import Machine
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..sources.contents import Part
from ..system.reading import names_in
from ..toolkit import Flavor, Toolkit
from ..verdict.judge import Verdict, judge
from .named import Named, named_by


class Severity(str, Enum):
    """How much a finding matters."""

    ERROR = "error"
    """CUDA does not work, or it is the wrong one."""
    WARNING = "warning"
    """Works now, or only here; sooner or later it will not."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with an environment, or with its use in this shell."""

    summary: str
    """One sentence on what is wrong."""
    evidence: tuple[str, ...]
    """The exact paths and values behind it."""
    cure: str = ""
    """One command or one sentence, or a sentence and a command, each on a line of its own;
    `conda cuda doctor --fix` where a rule leaves it empty."""
    fix: Callable[[], object] | None = field(default=None, compare=False)
    """Cures it; None where only the user can. Raises CudaError or OSError when it cannot."""
    severity: Severity = Severity.WARNING
    rule_id: str = ""
    """The stable id of the rule, which sets it."""


@dataclass(frozen=True)
class Rule:
    """One rule; `check` yields what it finds, and nothing where it does not apply."""

    id: str
    """Stable: users and CI name it."""
    check: Callable[[Context], Iterable[Finding]]

    def findings(self, context: Context) -> list[Finding]:
        """What the rule finds, under its id and with a cure."""
        fixed = context.command("doctor --fix")
        return [
            replace(finding, rule_id=self.id, cure=finding.cure or fixed)
            for finding in self.check(context)
        ]


def rule(rule_id: str) -> Callable[[Callable[[Context], Iterable[Finding]]], Rule]:
    """Make a function a rule; its docstring says what is wrong when the rule finds something."""
    return lambda check: Rule(rule_id, check)


@dataclass(frozen=True)
class Context:
    """Everything that the rules may look at; what is costly is looked up when it is asked for."""

    environment: Environment
    platform: Platform
    variables: Mapping[str, str]
    """The environment variables of the shell."""
    home: Path
    """The user's home folder."""
    name: str
    """What the user calls the environment."""
    detect: Callable[[], Machine]
    """Detects the machine; called at most once."""
    loader_cache: Path = CACHE
    package_caches: Sequence[Path] = ()
    """Where conda keeps packages."""
    etc: Path = Path("/etc")
    """Where the administrator's start-up files lie."""
    settled: Callable[[], ToolkitRequest] | None = None
    """What the settings say of a request; None where no command is to be tried."""
    asked: Asked | None = None
    """The machines elsewhere that stand in for this one; `detect` gives them as one."""

    @property
    def prefix(self) -> Path:
        """The environment's path."""
        return self.environment.prefix

    @cached_property
    def active(self) -> bool:
        """Whether the environment is active in the shell."""
        active = self.variables.get("CONDA_PREFIX", "")
        return active != "" and os.path.realpath(active) == os.path.realpath(self.prefix)

    @cached_property
    def toolkits(self) -> tuple[Toolkit, ...]:
        """The installed toolkits."""
        return self.environment.toolkits()

    @cached_property
    def current(self) -> Toolkit | None:
        """The current toolkit, complete or not."""
        return self.environment.current()

    @cached_property
    def broken(self) -> bool:
        """Whether the link names a toolkit that does not exist: a rule of its own says so."""
        return self.current is None and self.environment.current_name() is not None

    @cached_property
    def stacked_on(self) -> tuple[str, ...]:
        """The environments that stay active below this one (`conda activate --stack`)."""
        level, found = self.variables.get("CONDA_SHLVL", ""), []
        number = int(level) if level.isascii() and level.isdigit() else 0
        while number > 1 and self.variables.get(f"CONDA_STACKED_{number}"):
            number -= 1
            found.append(self.variables.get(f"CONDA_PREFIX_{number}", ""))
        return tuple(filter(None, found))

    def is_current(self, toolkit: Toolkit) -> bool:
        """Whether the link names a toolkit."""
        return toolkit.name == self.environment.current_name()

    @property
    def has_nvcc(self) -> bool:
        """Whether the current toolkit has nvcc."""
        return self.current is not None and (self.current.root / "bin" / "nvcc").exists()

    @cached_property
    def machine(self) -> Machine:
        """Driver, GPUs, and the compiler that nvcc of the current toolkit would call."""
        found, current = self.detect(), self.current
        if current is None or current.adopted:
            return found
        return seen_by_toolkit(found, current.host_compiler, compiler_in(current.root))

    @cached_property
    def verdict(self) -> Verdict | None:
        """Whether the current toolkit runs on the machine; None without one."""
        if self.current is None:
            return None
        version = self.current.version
        command = self.command(f"use {version.release} --host-compiler")
        return judge(version, self.machine, "" if self.current.adopted else command)

    @cached_property
    def frameworks(self) -> tuple[Framework, ...]:
        """The frameworks in the environment."""
        return find_frameworks(self.prefix)

    @cached_property
    def wheels(self) -> tuple[NvidiaWheel, ...]:
        """NVIDIA's wheels in the environment."""
        return pip_nvidia_libraries(self.prefix)

    @cached_property
    def paths(self) -> tuple[Named, ...]:
        """The folders and programs that variables of the shell name."""
        return named_by(self.variables, self.platform, self.prefix)

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """The names of the libraries of the current toolkit that the loader may be asked for."""
        folder = self.current.root / "lib64" if self.current else None
        names = names_in(folder) if folder else []
        return tuple(name for name in names if ".so." in name)

    @cached_property
    def library_path(self) -> tuple[str, ...]:
        """The elements of LD_LIBRARY_PATH as the loader sees them; empty when it is not set."""
        # glibc takes an empty value for none, and separates at ; too (ld.so(8)).
        value = self.variables.get("LD_LIBRARY_PATH", "")
        return tuple(value.replace(";", ":").split(":")) if value else ()

    @cached_property
    def place(self) -> int | None:
        """Where the current toolkit's libraries stand in LD_LIBRARY_PATH, counted from 0."""
        if self.current is None:
            return None
        ours = os.path.realpath(self.environment.link / "lib64")
        for number, element in enumerate(self.library_path):
            if element and os.path.realpath(element) == ours:
                return number
        return None

    @property
    def has_it(self) -> bool:
        """Whether the activate hook has run in this shell, and nothing has undone it."""
        if not self.platform.windows:
            return self.place is not None
        home = self.variables.get("CUDA_HOME", "")
        return bool(home) and os.path.realpath(home) == os.path.realpath(self.environment.link)

    @property
    def named(self) -> str:
        """`-n NAME` or `-p PATH`, as typed in a shell."""
        return f"-{'p' if os.sep in self.name else 'n'} {typed(self.name)}"

    def command(self, words: str) -> str:
        """`conda cuda WORDS` for this environment, to be typed in this shell."""
        return f"conda cuda {words}" if self.active else f"conda cuda {words} {self.named}"

    @cached_property
    def trial(self) -> Trial | None:
        """What tries a command before it is named as a cure."""
        if self.settled is None:
            return None
        return Trial(self.environment, self.settled, lambda: self.machine)

    def use(
        self,
        version: str,
        flavor: Flavor | None = None,
        part: Part | None = None,
        *,
        anew: bool = False,
    ) -> str:
        """`conda cuda use`, if that helps; else a sentence on who would have what is wanted.

        `anew` says that the installed release will have been removed before.
        """
        use = Use(version, flavor, anew=anew)
        advice = Advice("", use)
        if self.trial is not None:
            ways = [replace(use, source=source) for source in (None, "channel", "pypi")]
            advice = advise(self.trial, ways, part)
        if advice.use is not None:
            return self.command(advice.use.words.removeprefix("cuda "))
        if advice.elsewhere is None:
            return advice.text
        return f"{advice.text}\n{self.command(advice.elsewhere.words.removeprefix('cuda '))}"

    @property
    def activation(self) -> str:
        """The command that activates the environment."""
        return f"conda activate {typed(self.name)}"

    def inside(self, path: str | Path) -> str:
        """A path as it reads from the environment."""
        return str(path).removeprefix(f"{self.prefix}{os.sep}")

    def listed(self, paths: Sequence[str | Path]) -> tuple[str, ...]:
        """Paths as evidence: the first five."""
        more = (f"and {len(paths) - 5} more",) if len(paths) > 5 else ()
        return (*map(self.inside, paths[:5]), *more)
