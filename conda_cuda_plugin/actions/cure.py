"""What to do about what is missing: one sentence or two, and at most one command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..data import tools
from ..environment import Environment
from ..libraries.elf import holds_symbol
from ..libraries.loader import Candidate
from ..libraries.messages import Complaint, release_of_symbol
from ..libraries.names import Kind, LibraryFacts, all_releases
from ..libraries.search_path import Rule
from ..machine.machine import Machine
from ..platforms import Platform
from ..quoting import typed
from ..toolkit import Flavor, Toolkit, components
from ..verdict.judge import best_release
from ..versions import CudaVersion
from .which import LibraryAnswer
from .which_tool import ToolAnswer


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
    release = current.version.release if current else None
    if answer.found and not (release in answer.installed and _foreign(answer, patient)):
        return None
    if answer.found:
        return Cure(
            f"{answer.programs[0].path} stands in front of the environment's own in PATH.",
            patient.activate,
        )
    last = row.get("last")
    if last and (release is None or numbers(release) > numbers(last)):
        text = f"CUDA {last} is the last release with it."
        return Cure(text, patient.command(f"cuda use {last} --flavor devel"))
    if release in answer.installed:
        return Cure("The shell does not have the environment's tools.", patient.activate)
    if answer.installed:
        text = f"CUDA {answer.installed[0]} is installed here and has it, but is not current."
        return Cure(text, patient.command(f"cuda use {answer.installed[0]}"))
    if current is not None:
        return extend(current, row.get("component"), Flavor.DEVEL, patient)
    release, warning = patient.best(all_releases())
    return Cure(
        f"The environment has no current toolkit.{warning}",
        patient.command(f"cuda use {release} --flavor devel"),
    )


def extend(toolkit: Toolkit, component: str | None, needed: Flavor, patient: Context) -> Cure:
    """The command that adds a part to an installed toolkit.

    An adopted toolkit has what its folder has; the channel's takes its place.
    """
    release = toolkit.version.release
    text = f"CUDA {release} is installed here, but without it."
    if toolkit.flavor is None and toolkit.components and component:
        names = typed(",".join([*toolkit.components, component]))
        return Cure(text, patient.command(f"cuda use {release} --components {names}"))
    flavor = max(needed, toolkit.flavor or needed, key=lambda flavor: flavor.rank)
    adopted = toolkit.origin is not None and toolkit.origin.adopted
    source = " --from channel" if adopted else ""
    return Cure(text, patient.command(f"cuda use {release} --flavor {flavor.value}{source}"))


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
    if complaint is Complaint.LINKING and facts.kind in (Kind.DRIVER, Kind.TOOLKIT):
        return _for_linker(facts, patient)
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
    part = components().get(facts.component or "")
    needed = part.flavor if part else Flavor.RUNTIME
    current = patient.environment.current()
    if current is not None and _in(current, facts):
        if _has(current, facts):
            return Cure(
                "The current toolkit has it, but this shell does not look there.", patient.activate
            )
        return extend(current, facts.component, needed, patient)
    fitting = [t for t in patient.environment.toolkits() if t.complete and _in(t, facts)]
    for toolkit in fitting:
        if _has(toolkit, facts):
            release = toolkit.version.release
            return Cure(
                f"CUDA {release} is installed here, but is not current.",
                patient.command(f"cuda use {release}"),
            )
    if fitting:
        return extend(fitting[0], facts.component, needed, patient)
    release, warning = patient.best(releases)
    words = f"cuda use {release}"
    if needed is Flavor.DEVEL:
        words += " --flavor devel"
    return Cure(f"No toolkit in this environment has it.{warning}", patient.command(words))


def _for_linker(facts: LibraryFacts, patient: Context) -> Cure:
    current = patient.environment.current()
    file = f"{facts.family}.so"
    if current is not None:
        for folder in ("lib64/stubs", f"targets/{patient.platform.target}/lib/stubs", "lib64"):
            if (current.root / folder / file).exists():
                where = patient.environment.link / folder
                return Cure(f"Linkers find it with -L {where}")
    if current is not None and (facts.kind is Kind.DRIVER or _in(current, facts)):
        return extend(current, facts.component, Flavor.DEVEL, patient)
    release, warning = patient.best(facts.releases or all_releases())
    stub = " Its stub for linking comes with a toolkit." if facts.kind is Kind.DRIVER else ""
    return Cure(
        f"No toolkit in this environment has it.{stub}{warning}",
        patient.command(f"cuda use {release} --flavor devel"),
    )


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
    if newer and (chosen.path.startswith(ours) or not better):
        release, warning = patient.best(newer)
        return Cure(text + warning, patient.command(f"cuda use {release}"))
    if chosen.rule is Rule.LIBRARY_PATH:
        text += f" Take {os.path.dirname(chosen.path)} out of LD_LIBRARY_PATH."
    return Cure(text)


def _for_add_on(answer: LibraryAnswer, patient: Context) -> Cure:
    facts = answer.facts
    title, package = ("cuDNN", "cudnn") if facts.kind is Kind.CUDNN else ("NCCL", "nccl")
    mine = next((p for p in answer.places if p.prefix == patient.environment.prefix), None)
    if mine is not None:
        return Cure(
            f"{mine.path} is here for the framework that it came with, which finds it by "
            "itself; other programs do not."
        )
    version = f"={facts.major}" if facts.major else ""
    text = f"{title} comes separately, in the version that the framework was built for"
    text += f" ({title} {facts.major})." if facts.major else "."
    return Cure(text, patient.command(f"install {package}{version}"))


def _has(toolkit: Toolkit, facts: LibraryFacts) -> bool:
    folder = "bin" if facts.windows else "lib64"
    return (toolkit.root / folder / facts.name).exists()


def _holds(path: str, symbol: str) -> bool:
    try:
        return holds_symbol(path, symbol)
    except OSError:
        return False
