"""What to do about what is missing: one sentence or two, and at most one command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...addons import has_addon
from ...data import tools
from ...environment import Environment
from ...libraries.elf import holds_symbol
from ...libraries.loader import Candidate
from ...libraries.messages import Complaint, release_of_symbol
from ...libraries.names import Kind, LibraryFacts, all_releases
from ...libraries.search_path import Rule
from ...machine.machine import Machine
from ...platforms import Platform
from ...quoting import typed
from ...sources.base import ToolkitRequest
from ...sources.contents import Part, Purpose, component_of_archive
from ...sources.table import ORDER
from ...toolkit import Flavor, Toolkit, components
from ...verdict.judge import best_release
from ...versions import CudaVersion
from ..which import LibraryAnswer
from ..which_tool import ToolAnswer
from .trial import Trial, Use, advise


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
        found = best_release(self.machine(), [CudaVersion.parse(text) for text in releases])
        if found is None:
            return releases[-1], " None of its releases runs on this machine's driver and GPUs."
        return found[0].release, ""

    @property
    def activate(self) -> str:
        """The command that lets the hooks run."""
        return f"conda activate {typed(self.name)}"


DRIVER = Cure(
    "It comes with the NVIDIA driver; no toolkit has it. Install the driver on the machine, start "
    "a container with --gpus all, or under WSL install the driver of Windows."
)


def for_tool(answer: ToolAnswer, patient: Context) -> Cure | None:
    """What to do about a tool; None when nothing has to be done."""
    current = patient.environment.current()
    row = tools().get(answer.name.removesuffix(".exe"), {})
    if row.get("of") == "driver":
        return None if answer.found else DRIVER
    if row.get("of") == "nvcc" and not answer.found:
        return Cure("nvcc calls it, from the folder nvvm/bin of its toolkit; it is on no PATH.")
    release = current.version.release if current else None
    if answer.found and not (release in answer.installed and _foreign(answer, patient)):
        return None
    if answer.found:
        return Cure(
            f"{answer.programs[0].path} stands in front of the environment's own in PATH.",
            patient.activate,
        )
    part, last = Part.tool(answer.name), row.get("last")
    if last and (release is None or numbers(release) > numbers(last)):
        up_to = [one for one in all_releases() if numbers(one) <= numbers(last)]
        text = f"CUDA {last} is the last release with it."
        return bring(part, text, patient, _new(last, up_to, Flavor.DEVEL))
    if release in answer.installed:
        return Cure("The shell does not have the environment's tools.", patient.activate)
    if answer.installed:
        text = f"CUDA {answer.installed[0]} is installed here and has it, but is not current."
        return bring(part, text, patient, [Use(answer.installed[0])])
    if current is not None:
        return extend(current, part, Flavor.DEVEL, patient)
    release, warning = patient.best(all_releases())
    text = f"The environment has no current toolkit.{warning}"
    return bring(part, text, patient, _new(release, all_releases(), Flavor.DEVEL))


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
        ways += _new(best, rest, Flavor.DEVEL if needed is Flavor.DEVEL else None)
    return bring(part, text, patient, ways)


def _rank(flavor: Flavor) -> int:
    return flavor.rank


def _new(best: str, releases: Sequence[str], flavor: Flavor | None = None) -> list[Use]:
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


def _foreign(answer: ToolAnswer, patient: Context) -> bool:
    """Whether the first program on PATH is not the environment's."""
    first = answer.programs[0].path
    return os.path.dirname(first) != str(patient.environment.bin)


def for_library(answer: LibraryAnswer, patient: Context, common: Sequence[str]) -> Cure | None:
    """What to do about a library.

    Args:
        answer: what was found.
        patient: the environment.
        common: the releases that provide everything the message misses; empty when it misses only
            this, or when no release has it all.

    Returns:
        None when nothing has to be done.
    """
    facts, complaint = answer.facts, answer.mention.complaint
    chosen = answer.search.chosen if answer.search else None
    stopper = answer.search.stopper if answer.search else None
    if stopper is not None:
        return Cure(f"{stopper.path} is in the way ({stopper.reason}): remove or replace it.")
    if complaint is Complaint.LINKING:
        archive = f"{facts.name.removesuffix('.so')}.a"
        if facts.kind in (Kind.DRIVER, Kind.TOOLKIT):
            return _for_linker(facts, f"{facts.family}.so", patient)
        if component_of_archive(archive):
            return _for_linker(facts, archive, patient)
    if complaint in (Complaint.SYMBOL, Complaint.VERSION) and chosen is not None:
        return _for_symbol(answer, chosen, patient)
    if chosen is not None:
        if facts.kind is Kind.DRIVER and "stubs" in chosen.path.split("/"):
            return Cure(
                f"{chosen.path} is a stub for linking and cannot run anything: take its "
                "folder out of the search path."
            )
        return None
    if facts.kind is Kind.DRIVER:
        return DRIVER
    if facts.windows is not patient.platform.windows:
        system = "Windows" if facts.windows else "Linux"
        return Cure(f"It is a library of {system}; this is {patient.platform.subdir}.")
    if facts.kind in (Kind.CUDNN, Kind.NCCL):
        return _for_add_on(answer, patient)
    if facts.kind is Kind.FOREIGN:
        return Cure("No CUDA release has a library of this name.")
    if facts.bundled:
        return Cure(
            "A Python wheel carries this copy under a name of its own, for itself alone: "
            "install that wheel again."
        )
    if not facts.releases:
        return Cure("No release that this conda cuda knows has it.")
    return _for_toolkit(facts, patient, common or facts.releases)


def _for_toolkit(facts: LibraryFacts, patient: Context, releases: Sequence[str]) -> Cure:
    component = components().get(facts.component or "")
    needed = component.flavor if component else Flavor.RUNTIME
    part = Part.library(facts)
    if part is None:
        return Cure(
            f"No release has a file of this name: programs load {facts.soname}. Build again, or "
            "install again, what asks for it."
        )
    if part.purpose is Purpose.PLAIN:
        needed = Flavor.DEVEL
    current = patient.environment.current()
    if current is not None and _in(current, facts):
        if part.is_in(current, patient.platform):
            return _there(part, current, patient)
        return extend(current, part, needed, patient, facts.releases)
    fitting = [t for t in patient.environment.toolkits() if t.complete and _in(t, facts)]
    for toolkit in fitting:
        if part.is_in(toolkit, patient.platform):
            release = toolkit.version.release
            text = f"CUDA {release} is installed here, but is not current."
            return bring(part, text, patient, [Use(release)])
    if fitting:
        return extend(fitting[0], part, needed, patient, facts.releases)
    release, warning = patient.best(releases)
    flavor = Flavor.DEVEL if needed is Flavor.DEVEL else None
    text = f"No toolkit in this environment has it.{warning}"
    return bring(part, text, patient, _new(release, releases, flavor))


def _there(part: Part, current: Toolkit, patient: Context) -> Cure:
    """What to do about a library that the current toolkit has."""
    if part.purpose is Purpose.INNER:
        path = next(p for p in part.paths(patient.platform) if (current.root / p).exists())
        where = patient.environment.link / path
        return Cure(f"Programs find it by CUDA_HOME and not by its name: {where}")
    return Cure("The current toolkit has it, but this shell does not look there.", patient.activate)


def _for_linker(facts: LibraryFacts, name: str, patient: Context) -> Cure:
    current, part = patient.environment.current(), Part.linked(name)
    if current is not None:
        for path in part.paths(patient.platform):
            if (current.root / path).exists():
                where = (patient.environment.link / path).parent
                return Cure(f"Linkers find it with -L {where}")
    releases = facts.releases or all_releases()
    if current is not None and current.version.release in releases:
        return extend(current, part, Flavor.DEVEL, patient)
    release, warning = patient.best(releases)
    stub = " Its stub for linking comes with a toolkit." if facts.kind is Kind.DRIVER else ""
    text = f"No toolkit in this environment has it.{stub}{warning}"
    return bring(part, text, patient, _new(release, releases, Flavor.DEVEL))


def _in(toolkit: Toolkit, facts: LibraryFacts) -> bool:
    return toolkit.version.release in facts.releases


def _for_symbol(answer: LibraryAnswer, chosen: Candidate, patient: Context) -> Cure | None:
    symbol = answer.mention.symbol
    if symbol is None:
        return Cure(
            f"{chosen.path} is another version than the one that is wanted. "
            "Take its folder out of the search, or install the wanted one."
        )
    if _holds(chosen.path, symbol):
        return Cure(
            f"{chosen.path} has {symbol}: the message is from another environment or another shell."
        )
    assert answer.search is not None
    behind = [c.path for c in answer.search.candidates if c is not chosen]
    behind += [place.path for place in answer.places]
    better = next((path for path in behind if _holds(path, symbol)), None)
    text = f"{chosen.path} is found first and does not have {symbol}"
    text += f"; {better} has it." if better else "."
    wanted = release_of_symbol(symbol)
    newer = [r for r in answer.facts.releases if wanted is None or numbers(r) >= wanted]
    ours = str(patient.environment.prefix) + os.sep
    if newer and (chosen.path.startswith(ours) or (not better and not _stays(chosen, patient))):
        release, warning = patient.best(newer)
        part = Part.library(answer.facts)
        return bring(part, text + warning, patient, _new(release, newer))
    if chosen.rule is Rule.LIBRARY_PATH:
        text += f" Take {os.path.dirname(chosen.path)} out of LD_LIBRARY_PATH."
    return Cure(text)


def _stays(chosen: Candidate, patient: Context) -> bool:
    """Whether a file comes before whatever a toolkit of the environment has."""
    return chosen.rule is Rule.RPATH or (chosen.rule is Rule.LIBRARY_PATH and patient.active)


def _for_add_on(answer: LibraryAnswer, patient: Context) -> Cure:
    facts = answer.facts
    title, name = ("cuDNN", "cudnn") if facts.kind is Kind.CUDNN else ("NCCL", "nccl")
    mine = next((p for p in answer.places if p.prefix == patient.environment.prefix), None)
    if mine is not None:
        return Cure(
            f"{mine.path} is here for the framework that it came with, which finds it by "
            "itself; other programs do not."
        )
    text = f"{title} comes separately, in the version that the framework was built for"
    if facts.major is None:
        return Cure(f"{text}.")
    text += f" ({title} {facts.major})."
    wanted, current = ((name, facts.major),), patient.environment.current()
    fitting = [one for one in all_releases() if has_addon(name, facts.major, numbers(one)[0])]
    if not fitting:
        return Cure(f"{text} No CUDA that is known has it.")
    release, warning = patient.best(fitting)
    ways = _new(release, fitting)
    if current is not None and current.version.release in fitting:
        use = Use(current.version.release)
        ways, warning = [use, *(replace(use, source=one) for one in ("channel", "pypi"))], ""
    ways = [replace(use, addons=wanted) for use in ways]
    return bring(Part.addon(name, facts.major), text + warning, patient, ways)


def _holds(path: str, symbol: str) -> bool:
    try:
        return holds_symbol(path, symbol)
    except OSError:
        return False
