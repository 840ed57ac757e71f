"""What to do about a library that is missing, or is the wrong one."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..compat.elf import holds_symbol
from ..compat.errors_text import Complaint, release_of_symbol
from ..compat.libraries import Kind, LibraryFacts, all_releases
from ..compat.loader import Candidate
from ..compat.search_path import Rule
from ..toolkit import Flavor, Toolkit, components
from .cure import DRIVER, Cure, Patient, extend, numbers
from .which import LibraryAnswer


def for_library(answer: LibraryAnswer, patient: Patient, common: Sequence[str]) -> Cure | None:
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


def _for_toolkit(facts: LibraryFacts, patient: Patient, releases: Sequence[str]) -> Cure:
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


def _for_linker(facts: LibraryFacts, patient: Patient) -> Cure:
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


def _for_symbol(answer: LibraryAnswer, chosen: Candidate, patient: Patient) -> Cure | None:
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


def _for_add_on(answer: LibraryAnswer, patient: Patient) -> Cure:
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
