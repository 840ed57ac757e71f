"""`conda cuda which`: where a library or a tool comes from, and what cures its absence."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..actions.run import Shell, library_path, search_path
from ..environment import Environment
from ..errors import UsageError
from ..libraries.elf import NotLoadable
from ..libraries.host import host_of
from ..libraries.loader import Search, find_dll, find_library
from ..libraries.messages import Complaint, Mention
from ..libraries.names import Kind, LibraryFacts, Sort, releases_of
from ..libraries.pe import read_imports
from ..libraries.places import Place, find_places
from ..libraries.search_path import Asker, read_asker
from ..platforms import Platform
from ..system.reading import names_in, read_bytes

_OURS = re.compile(r"CUDA|CUDNN|NCCL|NVVM|XLA|TRITON|^LD_|LIBRARY_PATH$|^CPATH$|^PATH$")
"""Variables that lead to CUDA's files."""


@dataclass(frozen=True)
class LibraryAnswer:
    """What is known of one library.

    Args:
        mention: the name, and what a message said of it.
        facts: which releases have it.
        asker: what asks for it; None when the environment has no program that could.
        search: where it would be loaded from; None where that cannot be said, as for a DLL on
            Linux.
        places: where else it lies on this machine.
        named_by: what leads to a path that does not exist: variables, files of ld.so, search paths.
        lacks: the DLLs that it needs and that are not found.
    """

    mention: Mention
    facts: LibraryFacts
    asker: Path | None
    search: Search | None
    places: tuple[Place, ...]
    named_by: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether it would be loaded; a compiler or linker looks elsewhere, and found nothing."""
        if self.mention.complaint in (Complaint.LINKING, Complaint.HEADER):
            return False
        return self.search is not None and self.search.chosen is not None


def asking_chain(environment: Environment, by: str | None, platform: Platform) -> list[Asker]:
    """What asks for a library, and what loaded that.

    Args:
        environment: its python is the program.
        by: the file that asks in its place, or is loaded by it.
        platform: the platform.

    Raises:
        UsageError: when the file is neither a program nor a library.
    """
    chain = []
    if by is not None:
        asker = read_asker(Path(by))
        if asker is None:
            raise UsageError(
                f"{by} is neither a program nor a shared library.",
                hints=["--by names the file that asks for the library: an extension module (.so)."],
                path=by,
            )
        chain = [asker]
    if not chain or not chain[0].elf.program:
        python = read_asker(environment.bin / "python")
        chain += [python] if python else []
    return chain


def look_up(
    mention: Mention,
    environment: Environment,
    shell: Shell,
    platform: Platform,
    *,
    by: str | None = None,
    prefixes: Sequence[Path] = (),
    system: Iterable[str] = (),
) -> LibraryAnswer:
    """Everything there is to say of one library.

    Args:
        mention: the library.
        environment: the environment that would load it.
        shell: the shell that asks.
        platform: the platform of the environment.
        by: the file that asks; else the one that the message names, if it exists.
        prefixes: the environments to look into for further copies.
        system: the system's folders to look into.

    Raises:
        UsageError: when `by` is neither a program nor a library.
    """
    mention = _by_what_asks(mention)
    facts = releases_of(mention.name, mention.path)
    if facts.sort is not Sort.LIBRARY:
        return LibraryAnswer(mention, facts, None, None, ())
    if platform.windows:
        return _look_up_dll(mention, facts, environment, shell, platform, prefixes, system)
    if facts.windows:
        return LibraryAnswer(mention, facts, None, None, ())
    if by is None and mention.by and os.path.isfile(mention.by):
        by = mention.by if read_asker(Path(mention.by)) else None
    chain, host = asking_chain(environment, by, platform), host_of(platform)
    search = find_library(
        mention.path or facts.name,
        chain=chain,
        library_path=library_path(environment, shell),
        host=host,
        cwd=shell.cwd,
    )
    cached = (
        os.path.dirname(e.path) for e in host.entries if e.name in (facts.name, *facts.variants)
    )
    places = find_places(facts, prefixes, [*system, *cached, *host.folders], platform)
    named_by: tuple[str, ...] = ()
    if mention.path and not search.candidates:
        named_by = tuple(who_names(mention.path, shell.variables, chain))
    return LibraryAnswer(
        mention,
        facts,
        chain[0].path if chain else None,
        search,
        _elsewhere(places, search),
        named_by,
    )


def _look_up_dll(
    mention: Mention,
    facts: LibraryFacts,
    environment: Environment,
    shell: Shell,
    platform: Platform,
    prefixes: Sequence[Path],
    system: Iterable[str],
) -> LibraryAnswer:
    """What there is to say of a DLL; of a library of Linux nothing but its name."""
    if not facts.windows:
        return LibraryAnswer(mention, facts, None, None, ())
    root = shell.variables.get("SystemRoot")

    def find(name: str) -> Search:
        return find_dll(
            name,
            prefix=environment.prefix,
            path=search_path(environment, shell, platform),
            system=Path(root, "System32") if root else None,
        )

    search = find(facts.name)
    places = find_places(facts, prefixes, system, platform)
    chosen = [search.chosen.path] if search.chosen else []
    files = [mention.path or "", *chosen, *(place.path for place in places)]
    file = next(filter(os.path.isfile, files), None)
    lacks = missing_imports(file, find) if file else ()
    return LibraryAnswer(mention, facts, None, search, _elsewhere(places, search), lacks=lacks)


def missing_imports(file: str, find: Callable[[str], Search]) -> tuple[str, ...]:
    """The DLLs that a file of Windows needs and that are neither beside it nor found.

    Only those that somebody has to install are named: Windows' own have names without number.
    """
    try:
        needed = read_imports(file)
    except (OSError, NotLoadable):
        return ()
    beside = {name.lower() for name in names_in(os.path.dirname(file) or ".")}
    return tuple(
        name
        for name in needed
        if releases_of(name).kind is not Kind.FOREIGN
        and name.lower() not in beside
        and find(name).chosen is None
    )


def who_names(
    path: str, variables: Mapping[str, str], chain: Sequence[Asker] = ()
) -> Iterator[str]:
    """What leads to a path: variables of the shell, files of ld.so, search paths of programs."""
    for name, value in variables.items():
        if _OURS.search(name) and any(_is_in(path, one) for one in value.split(os.pathsep)):
            yield name
    for file in ["/etc/ld.so.conf", *sorted(glob.glob("/etc/ld.so.conf.d/*.conf"))]:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            lines = read_bytes(Path(file)).decode().splitlines()
            if any(_is_in(path, line.strip()) for line in lines):
                yield file
    for asker in chain:
        for text in (asker.elf.rpath, asker.elf.runpath):
            if text and any(_is_in(path, one) for one in text.split(":")):
                yield f"the search path of {asker.path}"


def _is_in(path: str, folder: str) -> bool:
    """Whether a folder, which is more than `/usr`, is the path or leads to it."""
    folder = folder.rstrip("/\\")
    return folder.count(os.sep) > 1 and (path == folder or path.startswith(folder + os.sep))


def _elsewhere(places: Iterable[Place], search: Search) -> tuple[Place, ...]:
    """The places that the search does not come by."""
    met = {os.path.realpath(candidate.path) for candidate in search.candidates}
    return tuple(place for place in places if os.path.realpath(place.path) not in met)


def _by_what_asks(mention: Mention) -> Mention:
    """A mention whose library was only known from a symbol, with the name that the asker needs.

    A program that looks a symbol up itself is told the name of the library that lacks it.
    """
    if mention.complaint is not Complaint.SYMBOL or not mention.by:
        return mention

    family = releases_of(mention.name).family
    asker = read_asker(Path(mention.by))
    if asker is None or not family or not mention.name.endswith(".so"):
        return mention
    if releases_of(os.path.basename(mention.by)).family == family:
        return replace(mention, name=os.path.basename(mention.by), path=mention.by, by=None)
    for needed in asker.elf.needed:
        if releases_of(needed).family == family:
            return replace(mention, name=needed)
    return mention


def common_releases(answers: Sequence[LibraryAnswer]) -> list[str]:
    """The releases that have every toolkit library that is missing, oldest first."""
    missing = [
        answer.facts.releases
        for answer in answers
        if answer.facts.releases and not answer.facts.bundled and not answer.found
    ]
    if not missing:
        return []
    return [release for release in missing[0] if all(release in other for other in missing[1:])]
