"""Where the loader of Linux or Windows finds a library, and what shadows it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from ..system.operating_system import IGNORES_CASE
from ..system.reading import names_in
from .elf import NotLoadable, read_header
from .host import Host, cached
from .search_path import Asker, Folder, Rule, search_folders


class State(str, Enum):
    """What becomes of a file that lies on the way."""

    LOADS = "loads"
    SHADOWED = "shadowed"
    """It would load, but another one is found first."""
    SKIPPED = "skipped"
    """The search goes on behind it: another architecture, a dangling link, no permission."""
    STOPS = "stops"
    """The search ends here with an error: no ELF file, a folder."""


@dataclass(frozen=True)
class Candidate:
    """A file of the right name on the way of the search."""

    path: str
    rule: Rule
    because: str
    state: State
    reason: str | None = None
    """Why it is skipped, or why the search stops."""


@dataclass(frozen=True)
class Search:
    """The result of a search."""

    name: str
    candidates: tuple[Candidate, ...]
    """Every file of that name, in the order in which the loader meets them."""
    folders: tuple[Folder, ...]

    @property
    def chosen(self) -> Candidate | None:
        """The file that is loaded."""
        return next((c for c in self.candidates if c.state is State.LOADS), None)

    @property
    def stopper(self) -> Candidate | None:
        """The file that ends the search with an error."""
        if self.chosen is not None:
            return None
        return next((c for c in self.candidates if c.state is State.STOPS), None)


def find_library(
    name: str,
    *,
    chain: Sequence[Asker],
    library_path: str | None,
    host: Host,
    cwd: Path,
) -> Search:
    """Search for a library as the loader does.

    Args:
        name: what is asked for; with a slash it is a path and nothing is searched.
        chain: what asks, then what loaded that, up to the program; empty for a program of which
            nothing is known.
        library_path: LD_LIBRARY_PATH of the process; None when unset.
        host: the machine's loader.
        cwd: the process's current directory, which empty elements stand for.
    """
    if "/" in name:
        folders: tuple[Folder, ...] = ()
        met = [Candidate(os.path.join(cwd, name), Rule.PATH, "the path itself", State.LOADS)]
    else:
        folders = tuple(search_folders(chain, library_path, host))
        met = list(_met(name, folders, chain, host, cwd))
    found: dict[str, Candidate] = {}
    ended = False
    for candidate in met:
        state, reason = judge_file(candidate.path, host.machine)
        if state is None or candidate.path in found:
            continue
        if ended:
            # The search is over: nothing behind this loads, and nothing stops it.
            state = State.SHADOWED if state is State.LOADS else State.SKIPPED
        found[candidate.path] = replace(candidate, state=state, reason=reason)
        ended = ended or state in (State.LOADS, State.STOPS)
    return Search(name, tuple(found.values()), folders)


def judge_file(path: str, machine: int) -> tuple[State | None, str | None]:
    """Whether the loader takes a file, passes it by, or stops; None when there is none.

    Source: `open_verify` and `open_path` in glibc's elf/dl-load.c.
    """
    try:
        header = read_header(path)
    except FileNotFoundError:
        return (State.SKIPPED, "dangling link") if os.path.islink(path) else (None, None)
    except PermissionError:
        return State.SKIPPED, "no permission to read it"
    except NotLoadable as error:
        return State.STOPS, str(error)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return State.SKIPPED, "links in a circle"
        return None, None
    if header.bits != 64 or header.machine != machine:
        return State.SKIPPED, f"made for {header.architecture}"
    if header.kind not in (2, 3):
        return State.STOPS, "only ET_DYN and ET_EXEC can be loaded"
    return State.LOADS, None


def _met(
    name: str, folders: Sequence[Folder], chain: Sequence[Asker], host: Host, cwd: Path
) -> Iterator[Candidate]:
    """Every path that is tried, in order; the files need not exist."""
    before = [folder for folder in folders if folder.rule is not Rule.DEFAULT]
    behind = [folder for folder in folders if folder.rule is Rule.DEFAULT]
    yield from _below(name, before, host, cwd)
    entry = cached(host.entries, name, host.machine, host.named_subdirectories)
    if entry is not None and (behind or os.path.dirname(entry.path) not in host.folders):
        yield Candidate(entry.path, Rule.CACHE, f"{host.cache}", State.LOADS)
    yield from _below(name, behind, host, cwd)


def _below(name: str, folders: Sequence[Folder], host: Host, cwd: Path) -> Iterator[Candidate]:
    for folder in folders:
        full = os.path.join(cwd, folder.path)
        if not os.path.isdir(full):
            continue
        for below in host.subdirectories:
            path = os.path.join(full, below, name)
            yield Candidate(path, folder.rule, f"{folder.because}, {below}", State.LOADS)
        yield Candidate(os.path.join(full, name), folder.rule, folder.because, State.LOADS)


def find_dll(name: str, *, prefix: Path, path: str | None, system: Path | None = None) -> Search:
    """Search for a DLL by plain name, as a program in the environment's folder does.

    The order is Microsoft's ("Dynamic-link library search order", safe search mode): the
    program's folder, the system's, then PATH. Python's own extension modules search PATH only in
    conda's builds of Python (CONDA_DLL_SEARCH_MODIFICATION_ENABLE).

    Case does not matter. The environment's python.exe asks; `system` is the folder `System32`.
    """
    folders = tuple(_folders(prefix, path, system))
    found: list[Candidate] = []
    for folder in folders:
        file = _file(folder.path, name)
        if file is not None and all(file != other.path for other in found):
            state = State.SHADOWED if found else State.LOADS
            found.append(Candidate(file, folder.rule, folder.because, state))
    return Search(name, tuple(found), folders)


def _folders(prefix: Path, path: str | None, system: Path | None) -> Iterator[Folder]:
    yield Folder(str(prefix), Rule.DEFAULT, "the folder of python.exe")
    if system is not None:
        yield Folder(str(system), Rule.DEFAULT, "the system's folder")
    for number, element in enumerate((path or "").split(";"), 1):
        if element:
            yield Folder(element, Rule.PATH, f"PATH, element {number}")


def _file(folder: str, name: str) -> str | None:
    exact = os.path.join(folder, name)
    if os.path.isfile(exact):
        return exact
    if IGNORES_CASE:
        return None
    names = (one for one in names_in(folder) if one.lower() == name.lower())
    return next((os.path.join(folder, one) for one in names), None)
