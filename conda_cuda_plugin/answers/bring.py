"""What a cure is: a sentence and a command that is known to help, and how to come to a toolkit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..actions.trial import Trial, Use, advise
from ..addons import addons, fits
from ..environment import Environment
from ..libraries.names import all_releases
from ..machine.machine import Machine
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..sources.contents import Part, Purpose
from ..sources.table import ORDER
from ..toolkit import Flavor, Toolkit, components
from ..verdict.judge import best_release
from ..versions import CudaVersion


@dataclass(frozen=True)
class Cure:
    """What to do.

    Args:
        text: one or two sentences.
        command: the command that does it, as a plan has shown; None when no command can.
        route: the command that asks a source which is not asked here, or does not answer.
    """

    text: str
    command: str | None = None
    route: str | None = None


@dataclass(frozen=True)
class Context:
    """The environment that a cure is for.

    Args:
        environment: the environment.
        active: whether it is active in the shell.
        name: what people call it.
        platform: its platform.
        machine: finds out what the machine is; called only when a release has to be chosen.
        settled: what the settings say of a request; called only when a command is tried.
    """

    environment: Environment
    active: bool
    name: str
    platform: Platform
    machine: Callable[[], Machine]
    settled: Callable[[], ToolkitRequest]

    @cached_property
    def trial(self) -> Trial:
        """What tries a command before it is printed."""
        return Trial(self.environment, self.settled, self.machine)

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


def bring(part: Part | None, text: str, patient: Context, ways: Sequence[Use]) -> Cure:
    """The first of some commands that brings a part; where none does, who would have it."""
    advice = advise(patient.trial, ways, part)
    if advice.use is not None:
        return Cure(text, patient.command(advice.use.words))
    route = patient.command(advice.elsewhere.words) if advice.elsewhere else None
    return Cure(f"{text} {advice.text}".strip(), None, route)


def extend(
    toolkit: Toolkit, part: Part, needed: Flavor, patient: Context, releases: Sequence[str] = ()
) -> Cure:
    """The command that adds a part to an installed toolkit.

    If its source does not have it, another source's toolkit takes its place, or another one of some
    releases that would do as well.
    """
    release = toolkit.version.release
    text = f"CUDA {release} is installed here, but without it."
    flavor = max(needed, toolkit.flavor or needed, key=_rank)
    use = Use(release, flavor)
    if toolkit.flavor is None and toolkit.components and part.component:
        use = Use(release, components=(*toolkit.components, part.component))
    sources = [name for name in ("channel", "pypi") if name in (patient.trial.order or ORDER)]
    others = [replace(use, source=name) for name in sources if name != toolkit.origin]
    ways = [*([] if toolkit.adopted else [use]), *others]
    component = components().get(part.component or "")
    if part.purpose is Purpose.PLAIN and component is not None:
        # The links of wheels' libraries need no more.
        ways.append(
            Use(release, max(component.flavor, toolkit.flavor or component.flavor, key=_rank))
        )
    rest = [one for one in releases if one != release]
    if rest:
        best, _ = patient.best(rest)
        ways += new_toolkit(best, rest, Flavor.DEVEL if needed is Flavor.DEVEL else None)
    return bring(part, text, patient, ways)


def _rank(flavor: Flavor) -> int:
    return flavor.rank


def new_toolkit(best: str, releases: Sequence[str], flavor: Flavor | None = None) -> list[Use]:
    """The commands for a new toolkit: the best release, else an older one that a source has."""
    older = [release for release in releases if numbers(release) < numbers(best)]
    ways = [Use(best, flavor)]
    if older:
        ways.append(Use(f">={older[0]},<{best}", flavor))
    return ways


def numbers(release: str) -> tuple[int, int]:
    """`12.4` as numbers that can be compared."""
    major, minor = release.split(".")[:2]
    return int(major), int(minor)


def newest_addon(name: str) -> str:
    """The newest major version of an add-on."""
    firsts = [first for first, last in addons()[name].cuda.values() if last is None]
    return firsts[-1].partition(".")[0]


@dataclass(frozen=True)
class Wish:
    """What a toolkit has to be and to bring.

    Args:
        releases: any of these; empty for whatever fits the machine.
        flavor: at least this one.
        addons: cuDNN or NCCL, in these versions.
        host_compiler: whether it brings a C++ compiler.
    """

    releases: tuple[str, ...] = ()
    flavor: Flavor | None = None
    addons: Mapping[str, str] = field(default_factory=dict)
    host_compiler: bool = False

    def use(self, use: Use) -> Use:
        """A command that asks for the add-ons and the compiler, too."""
        addons = tuple(self.addons.items())
        return replace(use, addons=addons, host_compiler=self.host_compiler)

    def takes(self, toolkit: Toolkit) -> bool:
        """Whether it is of a release that will do."""
        return not self.releases or toolkit.version.release in self.releases

    def met_by(self, toolkit: Toolkit) -> bool:
        """Whether an installed toolkit is and brings all of it."""
        has, wanted = toolkit.flavor, self.flavor
        return (
            self.takes(toolkit)
            and (wanted is None or (has is not None and has.rank >= wanted.rank))
            and all(fits(v, toolkit.addons.get(name, "")) for name, v in self.addons.items())
            and (toolkit.host_compiler is not None or not self.host_compiler)
        )


def for_wish(
    wish: Wish, patient: Context | None, machine: Callable[[], Machine], text: str = ""
) -> Cure:
    """How to come to a toolkit.

    Args:
        wish: what it has to be and to bring.
        patient: the environment; without one the command is the plain one, and is not tried.
        machine: finds out what the machine is; called only when a release has to be chosen.
        text: what to say of the command.
    """
    releases = wish.releases or all_releases()
    if patient is None:
        best, warning = best_of(releases, machine())
        command = f"conda {wish.use(Use(best, wish.flavor)).words}"
        return Cure(f"{text}{warning}".strip(), command)

    current = patient.environment.current()
    fitting = [t for t in patient.environment.toolkits() if t.complete and wish.takes(t)]
    for toolkit in sorted(fitting, key=lambda one: one != current):
        release = toolkit.version.release
        if wish.met_by(toolkit) and toolkit == current:
            text = f"CUDA {release} is current here and has it: this shell has to know it."
            return Cure(text, patient.activate)
        if wish.met_by(toolkit):
            text = f"CUDA {release} is installed here and has it, but is not current."
            return bring(None, text, patient, [Use(release)])
    if fitting:
        toolkit = current if current in fitting and current else fitting[0]
        flavors = [one for one in (wish.flavor, toolkit.flavor) if one]
        flavor = max(flavors, key=_rank, default=None)
        use = Use(toolkit.version.release, flavor, () if flavor else toolkit.components)
        ways = [use, *(replace(use, source=one) for one in ("channel", "pypi"))]
        return bring(None, text, patient, [wish.use(one) for one in ways])
    best, warning = patient.best(releases)
    ways = [wish.use(one) for one in new_toolkit(best, releases, wish.flavor)]
    return bring(None, f"{text}{warning}".strip(), patient, ways)
