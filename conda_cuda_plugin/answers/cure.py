"""What to do about what is missing: one sentence or two, and at most one command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from ..actions.trial import Use
from ..addons import addons, has_addon
from ..data import tools
from ..libraries.elf import holds_symbol
from ..libraries.loader import Candidate
from ..libraries.messages import Complaint, release_of_symbol
from ..libraries.names import Kind, LibraryFacts, Sort, all_releases
from ..libraries.search_path import Rule
from ..quoting import typed
from ..sources.contents import Part, Purpose
from ..toolkit import Flavor, Toolkit, components
from .bring import Context, Cure, bring, extend, new_toolkit, newest_addon, numbers
from .dll import for_dll
from .which import LibraryAnswer
from .which_tool import ToolAnswer

DRIVER = Cure(
    "It comes with the NVIDIA driver; no toolkit has it. Install the driver on the machine, start "
    "a container with --gpus all, or under WSL install the driver of Windows."
)


def for_tool(answer: ToolAnswer, patient: Context) -> Cure | None:
    """What to do about a tool; None when nothing has to be done."""
    cure = _for_tool(answer, patient)
    told: list[str] = []
    if answer.asked is not None:
        told.append(_leads(answer.asked, answer.named_by, patient))
    if not answer.found and tools().get(answer.name, {}).get("of") == "nvcc":
        told.append("nvcc calls it, from the folder nvvm/bin of its toolkit; it is on no PATH.")
    if not told:
        return cure
    text = " ".join(told)
    return replace(cure, text=f"{text} {cure.text}".strip()) if cure else Cure(text)


def _for_tool(answer: ToolAnswer, patient: Context) -> Cure | None:
    current = patient.environment.current()
    row = tools().get(answer.name.removesuffix(".exe"), {})
    if row.get("of") == "driver":
        return None if answer.found else DRIVER
    if row.get("of") == "nvcc" and current is not None and current.flavor is Flavor.DEVEL:
        return None
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
        return bring(part, text, patient, new_toolkit(last, up_to, Flavor.DEVEL))
    if release in answer.installed:
        return Cure("The shell does not have the environment's tools.", patient.activate)
    if answer.installed:
        text = f"CUDA {answer.installed[0]} is installed here and has it, but is not current."
        return bring(part, text, patient, [Use(answer.installed[0])])
    if current is not None:
        return extend(current, part, Flavor.DEVEL, patient)
    release, warning = patient.best(all_releases())
    text = f"The environment has no current toolkit.{warning}"
    return bring(part, text, patient, new_toolkit(release, all_releases(), Flavor.DEVEL))


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
    if facts.kind is Kind.SEPARATE:
        return _for_separate(answer, patient)
    if complaint in (Complaint.LINKING, Complaint.HEADER) or facts.sort is not Sort.LIBRARY:
        return _for_building(answer, patient)
    if complaint is Complaint.SYMBOL and facts.kind is Kind.CUDNN:
        text = "Libraries of two cuDNN are mixed: a program has to find all of them in one folder."
        return Cure(text, patient.command("cuda doctor"))
    if complaint in (Complaint.SYMBOL, Complaint.VERSION) and chosen is not None:
        return _for_symbol(answer, chosen, patient)
    if patient.platform.windows and (answer.mention.number or answer.lacks):
        return for_dll(answer, patient, _for_absence(answer, patient, common))
    if chosen is not None:
        if facts.kind is Kind.DRIVER and "stubs" in chosen.path.split("/"):
            return Cure(
                f"{chosen.path} is a stub for linking and cannot run anything: take its "
                "folder out of the search path."
            )
        if complaint is Complaint.MENTION:
            return None
        return Cure("It is found here: the message is from another shell, environment or machine.")
    cure = _for_absence(answer, patient, common)
    if answer.mention.path and not patient.platform.windows:
        text = _leads(answer.mention.path, answer.named_by, patient)
        return replace(cure, text=f"{text} {cure.text}")
    if complaint is Complaint.SYMBOL and answer.mention.symbol:
        where = answer.mention.by or "What asks"
        text = f"{where} is not here, so where it looks cannot be followed. The {facts.name} that "
        text += f"it finds lacks {answer.mention.symbol}: a newer one has it."
        return replace(cure, text=f"{text} {cure.text}".strip())
    return cure


def _for_absence(answer: LibraryAnswer, patient: Context, common: Sequence[str]) -> Cure:
    """What brings a library."""
    facts = answer.facts
    if facts.kind is Kind.DRIVER:
        return _for_driver(answer, patient)
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


def _leads(path: str, named_by: Sequence[str], patient: Context) -> str:
    """Whether a path exists, and what leads there."""
    if os.path.exists(path):
        return f"{path} is here: the message is from another machine or container."
    if named_by:
        verb = "leads" if len(named_by) == 1 else "lead"
        return f"{path} does not exist; {', '.join(named_by)} {verb} there."
    leaders = "CUDA_PATH" if patient.platform.windows else "CUDA_HOME and the like, ld.so.conf"
    return (
        f"{path} does not exist. Nothing in this shell leads there ({leaders}): "
        "the program has it from its own settings or from another shell."
    )


def _for_driver(answer: LibraryAnswer, patient: Context) -> Cure:
    """The driver; of libcuda.so only the plain name may be missing."""
    named = answer.mention.by if (answer.mention.by or "").endswith("libcuda.so.1") else None
    here = [place.path for place in answer.places if place.path.endswith("libcuda.so.1")]
    real = named or next(iter(here), None)
    if answer.facts.name != "libcuda.so" or real is None:
        return DRIVER
    link = patient.environment.prefix / "lib" / "libcuda.so"
    folder = os.path.dirname(real)
    return Cure(
        f"The driver is here as {real}; what is missing is the plain name, which programs that "
        f"compile ask for. Triton also takes the folder: TRITON_LIBCUDA_PATH={folder}",
        f"ln -s {typed(real)} {typed(str(link))}",
    )


def _for_separate(answer: LibraryAnswer, patient: Context) -> Cure:
    """A framework's own file, or a product of NVIDIA's that no toolkit has."""
    owner = answer.facts.owner
    assert owner is not None
    command = patient.command(owner.cure) if owner.cure else None
    cure = Cure(f"It belongs to {owner.title}, and no toolkit has it.", command)
    return for_dll(answer, patient, cure) if answer.facts.windows else cure


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
    return bring(part, text, patient, new_toolkit(release, releases, flavor))


def _there(part: Part, current: Toolkit, patient: Context) -> Cure:
    """What to do about a library that the current toolkit has."""
    if part.purpose is Purpose.INNER:
        path = next(p for p in part.paths(patient.platform) if (current.root / p).exists())
        where = patient.environment.link / path
        return Cure(f"Programs find it by CUDA_HOME and not by its name: {where}")
    return Cure("The current toolkit has it, but this shell does not look there.", patient.activate)


def _for_building(answer: LibraryAnswer, patient: Context) -> Cure:
    """What a compiler or a linker does not find."""
    facts, current = answer.facts, patient.environment.current()
    if facts.kind in (Kind.CUDNN, Kind.NCCL):
        return _for_add_on(answer, patient)
    if facts.kind is Kind.FOREIGN:
        return Cure("No CUDA release has a file of this name.")
    if facts.windows and not patient.platform.windows:
        return Cure(f"It is a file of Windows; this is {patient.platform.subdir}.")
    header = facts.sort is Sort.HEADER
    if header:
        part = Part(facts.name, Purpose.HEADER, facts.component)
    elif facts.name.endswith(".lib"):
        part = Part(f"x64/{facts.name}", Purpose.PLAIN, facts.component)
    else:
        name = facts.name if facts.sort is Sort.ARCHIVE else f"{facts.family}.so"
        part = Part.linked(name)
    told = _told(patient, header=header)
    found = [
        one for one in part.paths(patient.platform) if current and (current.root / one).exists()
    ]
    if found and patient.platform.windows:
        return Cure(f"The current toolkit has it. {told}", patient.activate)
    if found:
        where = str(patient.environment.link / found[0]).removesuffix(f"/{facts.name}")
        where = where if header else os.path.dirname(patient.environment.link / found[0])
        option = "Compilers find it with -I" if header else "Linkers find it with -L"
        return Cure(f"{option} {where}")
    releases = facts.releases or all_releases()
    if current is not None and current.version.release in releases:
        cure = extend(current, part, Flavor.DEVEL, patient)
    else:
        release, warning = patient.best(releases)
        text = f"No toolkit in this environment has it.{warning}"
        cure = bring(part, text, patient, new_toolkit(release, releases, Flavor.DEVEL))
    text = f"{_building_text(answer)} {cure.text} {told}".strip()
    return replace(cure, text=text)


def _building_text(answer: LibraryAnswer) -> str:
    facts, symbol = answer.facts, answer.mention.symbol
    if symbol and facts.windows:
        return f"{symbol} is in {facts.name}: name it among what is linked."
    if symbol:
        return f"{symbol} is in {facts.family}: link with -l{facts.family.removeprefix('lib')}."
    if facts.kind is Kind.DRIVER:
        return "Its stub for linking comes with a toolkit."
    return ""


def _told(patient: Context, *, header: bool) -> str:
    """How compilers of Windows are told of a toolkit; those of Linux take it from an option."""
    if not patient.platform.windows:
        return ""
    name, folder = ("INCLUDE", "include") if header else ("LIB", "lib\\x64")
    return (
        f'{name} leads cl.exe there: set "{name}=%CUDA_PATH%\\{folder};%{name}%" in cmd, '
        f'$Env:{name} = "$Env:CUDA_PATH\\{folder};$Env:{name}" in PowerShell.'
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
    if newer and (chosen.path.startswith(ours) or (not better and not _stays(chosen, patient))):
        release, warning = patient.best(newer)
        part = Part.library(answer.facts)
        return bring(part, text + warning, patient, new_toolkit(release, newer))
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
    if patient.platform.windows and not addons()[name].windows:
        return Cure(f"There is no {title} for Windows.")
    text = f"{title} comes separately, in the version that the framework was built for"
    text += f" ({title} {facts.major})." if facts.major else "."
    major = facts.major or newest_addon(name)
    wanted, current = ((name, major),), patient.environment.current()
    fitting = [one for one in all_releases() if has_addon(name, major, numbers(one)[0])]
    if not fitting:
        return Cure(f"{text} No CUDA that is known has it.")
    release, warning = patient.best(fitting)
    ways = new_toolkit(release, fitting)
    if current is not None and current.version.release in fitting:
        use = Use(current.version.release)
        ways, warning = [use, *(replace(use, source=one) for one in ("channel", "pypi"))], ""
    ways = [replace(use, addons=wanted) for use in ways]
    return bring(Part.addon(name, major), text + warning, patient, ways)


def _holds(path: str, symbol: str) -> bool:
    try:
        return holds_symbol(path, symbol)
    except OSError:
        return False
