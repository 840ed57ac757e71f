"""`conda cuda which`: where a library or a tool comes from, and what cures its absence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..environment import Environment
from ..errors import UsageError
from ..libraries.host import host_of
from ..libraries.loader import Search, find_dll, find_library
from ..libraries.messages import Complaint, Mention
from ..libraries.names import LibraryFacts, releases_of
from ..libraries.places import Place, find_places
from ..libraries.search_path import Asker, read_asker
from ..platforms import Platform
from .run import Shell, library_path, search_path


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
    """

    mention: Mention
    facts: LibraryFacts
    asker: Path | None
    search: Search | None
    places: tuple[Place, ...]

    @property
    def found(self) -> bool:
        """Whether it would be loaded; a linker looks elsewhere, and found nothing."""
        if self.mention.complaint is Complaint.LINKING:
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
    facts = releases_of(mention.name)
    asker, search, system = None, None, list(system)
    if platform.windows:
        if facts.windows:
            root = shell.variables.get("SystemRoot")
            search = find_dll(
                facts.name,
                prefix=environment.prefix,
                path=search_path(environment, shell, platform),
                system=Path(root, "System32") if root else None,
            )
    elif not facts.windows:
        if by is None and mention.by and os.path.isfile(mention.by):
            by = mention.by if _readable(mention.by) else None
        chain, host = asking_chain(environment, by, platform), host_of(platform)
        asker = chain[0].path if chain else None
        search = find_library(
            facts.name,
            chain=chain,
            library_path=library_path(environment, shell),
            host=host,
            cwd=shell.cwd,
        )
        system += [*(os.path.dirname(e.path) for e in host.entries if e.name == facts.name)]
        system += host.folders
    places = find_places(facts, prefixes, system, platform)
    met = {os.path.realpath(c.path) for c in search.candidates} if search else set()
    others = tuple(place for place in places if os.path.realpath(place.path) not in met)
    return LibraryAnswer(mention, facts, asker, search, others)


def _readable(path: str) -> bool:
    return read_asker(Path(path)) is not None


def _by_what_asks(mention: Mention) -> Mention:
    """A mention whose library was only known from a symbol, with the name that the asker needs."""
    if mention.complaint is not Complaint.SYMBOL or not mention.by:
        return mention

    asker, facts = read_asker(Path(mention.by)), releases_of(mention.name)
    for needed in asker.elf.needed if asker and facts.variants else ():
        if facts.family and releases_of(needed).family == facts.family:
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
