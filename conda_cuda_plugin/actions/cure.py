"""What to do about what is missing: one sentence or two, and at most one command."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..addons import addons
from ..data import tools
from ..libraries.elf import holds_symbol
from ..libraries.loader import Candidate
from ..libraries.messages import Complaint, release_of_symbol
from ..libraries.names import Kind, LibraryFacts, Sort, all_releases
from ..libraries.search_path import Rule
from ..quoting import typed
from ..toolkit import Flavor, Toolkit, components
from .cure_dll import for_dll
from .which import LibraryAnswer
from .which_tool import ToolAnswer
from .wish import Context, Cure, Wish, exists, for_wish, newest_addon, numbers

DRIVER = Cure(
    "It comes with the NVIDIA driver; no toolkit has it. Install the driver on the machine, start "
    "a container with --gpus all, or under WSL install the driver of Windows."
)


def for_tool(answer: ToolAnswer, patient: Context) -> Cure | None:
    """What to do about a tool; None when nothing has to be done."""
    cure = _for_tool(answer, patient)
    if answer.asked is None:
        return cure
    text = _leads(answer.asked, answer.named_by)
    return Cure(f"{text} {cure.text}" if cure else text, cure.command if cure else None)


def _for_tool(answer: ToolAnswer, patient: Context) -> Cure | None:
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
        text = _leads(answer.mention.path, answer.named_by)
        return Cure(f"{text} {cure.text}", cure.command)
    if complaint is Complaint.SYMBOL and answer.mention.symbol:
        where = answer.mention.by or "What asks"
        text = f"{where} is not here, so where it looks cannot be followed. The {facts.name} that "
        text += f"it finds lacks {answer.mention.symbol}: a newer one has it."
        return Cure(text, cure.command)
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


def _leads(path: str, named_by: Sequence[str]) -> str:
    """Whether a path exists, and what leads there."""
    if os.path.exists(path):
        return f"{path} is here: the message is from another machine or container."
    if named_by:
        verb = "leads" if len(named_by) == 1 else "lead"
        return f"{path} does not exist; {', '.join(named_by)} {verb} there."
    return (
        f"{path} does not exist. Nothing in this shell leads there (CUDA_HOME and the like, "
        "ld.so.conf): the program has it from its own settings or from another shell."
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


def _for_building(answer: LibraryAnswer, patient: Context) -> Cure:
    """What a compiler or a linker does not find."""
    facts, current = answer.facts, patient.environment.current()
    if facts.kind in (Kind.CUDNN, Kind.NCCL):
        return _for_add_on(answer, patient)
    if facts.kind is Kind.FOREIGN:
        return Cure("No CUDA release has a file of this name.")
    if facts.windows and not patient.platform.windows:
        return Cure(f"It is a file of Windows; this is {patient.platform.subdir}.")
    name = facts.name if facts.sort is not Sort.LIBRARY else f"{facts.family}.so"
    header = facts.sort is Sort.HEADER
    told = _told(patient, header=header)
    folder = None if current is None else _having(current, name, patient, header=header)
    if folder is not None:
        if patient.platform.windows:
            return Cure(f"The current toolkit has it. {told}", patient.activate)
        option = "Compilers find it with -I" if header else "Linkers find it with -L"
        return Cure(f"{option} {patient.environment.link / folder}")
    text = _building_text(answer)
    if current is not None and (facts.kind is Kind.DRIVER or _in(current, facts)):
        cure = extend(current, facts.component, Flavor.DEVEL, patient)
        return Cure(f"{cure.text}{text} {told}".strip(), cure.command)
    cure = for_wish(Wish(facts.releases or all_releases(), Flavor.DEVEL), patient, patient.machine)
    text = f"No toolkit in this environment has it.{text} {cure.text}".strip()
    return Cure(f"{text} {told}".strip(), cure.command)


def _building_text(answer: LibraryAnswer) -> str:
    facts, symbol = answer.facts, answer.mention.symbol
    if symbol:
        return f" {symbol} is in {facts.family}: link with -l{facts.family.removeprefix('lib')}."
    if facts.kind is Kind.DRIVER:
        return " Its stub for linking comes with a toolkit."
    if facts.sort is Sort.ARCHIVE and "_static" in facts.name and facts.component != "cudart":
        return (
            " Static libraries come with NVIDIA's archives and installers (--from redist), not "
            "with the wheels of PyPI."
        )
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


def _having(toolkit: Toolkit, name: str, patient: Context, *, header: bool) -> str | None:
    """The folder of a toolkit that has a file for compilers or linkers."""
    target = f"targets/{patient.platform.target}"
    folders = ["lib64/stubs", f"{target}/lib/stubs", "lib64", "lib/x64"]
    if header:
        folders = ["include", f"{target}/include"]
    return next((one for one in folders if (toolkit.root / one / name).exists()), None)


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
    text = f"{title} comes separately, in the version that the framework was built for"
    text += f" ({title} {facts.major})." if facts.major else "."
    if patient.platform.windows and not addons()[package].windows:
        return Cure(f"There is no {title} for Windows.")
    version = facts.major or newest_addon(package)
    having = tuple(one for one in all_releases() if exists(package, version, one))
    flavor = Flavor.DEVEL if facts.sort is not Sort.LIBRARY else None
    cure = for_wish(Wish(having, flavor, {package: version}), patient, patient.machine)
    return Cure(f"{text} {cure.text}".strip(), cure.command)


def _has(toolkit: Toolkit, facts: LibraryFacts) -> bool:
    folder = "bin" if facts.windows else "lib64"
    return (toolkit.root / folder / facts.name).exists()


def _holds(path: str, symbol: str) -> bool:
    try:
        return holds_symbol(path, symbol)
    except OSError:
        return False
