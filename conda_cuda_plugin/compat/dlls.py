"""Where Windows would find a DLL, and what shadows what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..system import IGNORES_CASE
from .loader import Candidate, Search, State
from .search_path import Folder, Rule


def find_dll(name: str, *, prefix: Path, path: str | None, system: Path | None = None) -> Search:
    """Search for a DLL by plain name, as a program in the environment's folder does.

    The order is Microsoft's ("Dynamic-link library search order", safe search mode): the
    program's folder, the system's, then PATH. Python's own extension modules search PATH only in
    conda's builds of Python (CONDA_DLL_SEARCH_MODIFICATION_ENABLE).

    Args:
        name: the DLL; case does not matter.
        prefix: the environment, whose python.exe asks.
        path: PATH of the process.
        system: the folder `System32`; none is searched without it.
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
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    return next((os.path.join(folder, n) for n in names if n.lower() == name.lower()), None)
