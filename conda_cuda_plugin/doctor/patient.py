"""What the rules look at, and what they find."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..environment import Environment
from ..frameworks.table import find_frameworks
from ..install.wrappers import compiler_in, recorded_wrappers
from ..machine.host_compiler import seen_by_toolkit
from ..platforms import Platform
from ..quoting import typed
from ..toolkit import Toolkit
from ..verdict.judge import judge

if TYPE_CHECKING:
    from ..frameworks.framework import Framework
    from ..machine.machine import Machine
    from ..verdict.judge import Verdict


@dataclass(frozen=True)
class Patient:
    """Everything that the rules may look at; what is costly is looked up when it is asked for.

    Args:
        environment: the environment.
        platform: its platform.
        variables: the environment variables of the shell.
        home: the user's home folder.
        name: what the user calls the environment.
        detect: tells what the machine is; called at most once.
        loader_cache: where the loader keeps the paths of the system's libraries.
        package_caches: where conda keeps packages.
    """

    environment: Environment
    platform: Platform
    variables: Mapping[str, str]
    home: Path
    name: str
    detect: Callable[[], Machine]
    loader_cache: Path = Path("/etc/ld.so.cache")
    package_caches: Sequence[Path] = ()

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

        return tuple(find_frameworks(self.prefix))

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """The names of the libraries of the current toolkit that the loader may be asked for."""
        if self.current is None:
            return ()
        try:
            names = os.listdir(self.current.root / "lib64")
        except OSError:
            return ()
        return tuple(sorted(name for name in names if ".so." in name))

    @cached_property
    def library_path(self) -> tuple[str, ...]:
        """The elements of LD_LIBRARY_PATH as the loader sees them; empty when it is not set."""
        # glibc takes an empty value for none, and separates at ; too (ld.so(8)).
        value = self.variables.get("LD_LIBRARY_PATH", "")
        return tuple(value.replace(";", ":").split(":")) if value else ()

    @property
    def named(self) -> str:
        """`-n NAME` or `-p PATH`, as typed in a shell."""
        return f"-{'p' if os.sep in self.name else 'n'} {typed(self.name)}"

    def command(self, words: str) -> str:
        """`conda cuda WORDS` for this environment, to be typed in this shell."""
        return f"conda cuda {words}" if self.active else f"conda cuda {words} {self.named}"

    @property
    def recorded_wrappers(self) -> tuple[str, ...]:
        """The wrappers that were written, by the environment's record."""

        return tuple(recorded_wrappers(self.environment))

    @cached_property
    def place(self) -> int | None:
        """Where the current toolkit's libraries stand in LD_LIBRARY_PATH, counted from 0."""
        ours = os.path.realpath(self.environment.link / "lib64")
        for number, element in enumerate(self.library_path):
            if element and os.path.realpath(element) == ours:
                return number
        return None

    @property
    def activation(self) -> str:
        """The command that activates the environment."""
        return f"conda activate {typed(self.name)}"

    def inside(self, path: str | Path) -> str:
        """A path as it reads from the environment."""
        text, prefix = str(path), str(self.prefix) + os.sep
        return text[len(prefix) :] if text.startswith(prefix) else text


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

    rule_id: str
    """The stable id of the rule."""
    severity: Severity
    summary: str
    """One sentence on what is wrong."""
    evidence: tuple[str, ...]
    """The exact paths and values behind it."""
    cure: str
    """One command or one sentence."""
    fix: Callable[[], object] | None = field(default=None, compare=False)
    """Cures it; None where only the user can. Raises CudaError or OSError when it cannot."""
