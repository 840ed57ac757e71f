"""What a cure is: a sentence and a command, and the toolkit that it asks for as data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..addons import addons, check_major, fits
from ..environment import Environment
from ..errors import CudaError
from ..machine.machine import Machine
from ..platforms import Platform
from ..quoting import typed
from ..toolkit import Flavor, Toolkit
from ..verdict.judge import best_release
from ..versions import CudaVersion


@dataclass(frozen=True)
class Cure:
    """What to do.

    Args:
        text: one or two sentences.
        command: the command that does it; None when no command can.
    """

    text: str
    command: str | None = None


@dataclass(frozen=True)
class Context:
    """The environment that a cure is for.

    Args:
        environment: the environment.
        active: whether it is active in the shell.
        name: what people call it.
        platform: its platform.
        machine: finds out what the machine is; called only when a release has to be chosen.
    """

    environment: Environment
    active: bool
    name: str
    platform: Platform
    machine: Callable[[], Machine]

    def command(self, words: str) -> str:
        """`conda WORDS` for this environment."""
        if self.active:
            return f"conda {words}"
        option = "-p" if os.sep in self.name else "-n"
        return f"conda {words} {option} {typed(self.name)}"

    def best(self, releases: Sequence[str]) -> tuple[str, str]:
        """The best of some releases for this machine, and a warning when none runs on it."""
        return best_of(releases, self.machine())

    @property
    def activate(self) -> str:
        """The command that lets the hooks run."""
        return f"conda activate {typed(self.name)}"


def best_of(releases: Sequence[str], machine: Machine) -> tuple[str, str]:
    """The best of some releases for a machine, and a warning when none runs on it."""
    found = best_release(machine, [CudaVersion.parse(text) for text in releases])
    if found is None:
        return releases[-1], " None of its releases runs on this machine's driver and GPUs."
    return found[0].release, ""


@dataclass(frozen=True)
class Wish:
    """What a toolkit has to be and to bring.

    Args:
        releases: any of these; empty for whatever fits the machine.
        flavor: at least this one.
        addons: cuDNN or NCCL, in these versions.
        host_compiler: whether it brings a C++ compiler.
        source: the only source that has it.
    """

    releases: tuple[str, ...] = ()
    flavor: Flavor | None = None
    addons: Mapping[str, str] = field(default_factory=dict)
    host_compiler: bool = False
    source: str | None = None

    def words(self, release: str, flavor: Flavor | None = None) -> str:
        """The words of the command."""
        flavor = flavor or self.flavor
        parts = [f"cuda use {release}"]
        parts += [f"--flavor {flavor.value}"] if flavor and flavor is not Flavor.RUNTIME else []
        parts += [f"--{name} {version}" for name, version in self.addons.items()]
        parts += ["--host-compiler"] if self.host_compiler else []
        parts += [f"--from {self.source}"] if self.source else []
        return " ".join(parts)

    def met_by(self, toolkit: Toolkit) -> bool:
        """Whether an installed toolkit is and brings all of it."""
        has, wanted = toolkit.flavor, self.flavor
        return (
            self.takes(toolkit)
            and (wanted is None or (has is not None and has.rank >= wanted.rank))
            and all(fits(v, toolkit.addons.get(name, "")) for name, v in self.addons.items())
            and (toolkit.host_compiler is not None or not self.host_compiler)
        )

    def takes(self, toolkit: Toolkit) -> bool:
        """Whether it is of a release that will do."""
        return not self.releases or toolkit.version.release in self.releases


def for_wish(wish: Wish, patient: Context | None, machine: Callable[[], Machine]) -> Cure:
    """How to come to a toolkit.

    Args:
        wish: what it has to be and to bring.
        patient: the environment; None when there is none.
        machine: finds out what the machine is; called only when a release has to be chosen.

    Returns:
        The command, with a text when there is more to say of it than what it is for.
    """
    if patient is None:
        release, text = best_of(wish.releases, machine()) if wish.releases else ("auto", "")
        return Cure(text.strip(), f"conda {wish.words(release)}")

    current = patient.environment.current()
    fitting = [t for t in patient.environment.toolkits() if t.complete and wish.takes(t)]
    for toolkit in sorted(fitting, key=lambda one: one != current):
        release = toolkit.version.release
        if wish.met_by(toolkit):
            if toolkit == current:
                text = f"CUDA {release} is current here and has it: the shell has to know it"
                return Cure(text, patient.activate)
            text = f"CUDA {release} is installed here and has it, but is not current"
            return Cure(text, patient.command(f"cuda use {release}"))
    if current is not None and current in fitting:
        return Cure("", patient.command(_more(current, wish)))
    if fitting:
        return Cure("", patient.command(wish.words(fitting[0].version.release)))
    release, text = patient.best(wish.releases) if wish.releases else ("auto", "")
    return Cure(text.strip(), patient.command(wish.words(release)))


def _more(toolkit: Toolkit, wish: Wish) -> str:
    """The words that add to an installed toolkit what it lacks, and keep what it has.

    An adopted toolkit has what its folder has; the channel's takes its place.
    """
    flavors = [one for one in (wish.flavor, toolkit.flavor) if one]
    flavor = max(flavors, key=lambda one: one.rank, default=None)
    source = "channel" if toolkit.adopted else wish.source
    words = replace(wish, source=source).words(toolkit.version.release, flavor)
    if flavor is None and toolkit.components:
        words += f" --components {typed(','.join(toolkit.components))}"
    return words


def newest_addon(package: str) -> str:
    """The newest major version of an add-on."""
    firsts = [first for first, last in addons()[package].cuda.values() if last is None]
    return firsts[-1].partition(".")[0]


def exists(package: str, version: str, release: str) -> bool:
    """Whether an add-on was built for the CUDA of a release."""
    try:
        check_major({package: version}, numbers(release)[0])
    except CudaError:
        return False
    return True


def numbers(release: str) -> tuple[int, int]:
    """`12.4` as numbers that can be compared."""
    major, minor = release.split(".")[:2]
    return int(major), int(minor)
