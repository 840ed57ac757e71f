"""In which environments and system folders of this machine a library lies.

Only the folders that can hold CUDA's libraries are looked into, one question per name, so that
two hundred environments are a matter of milliseconds.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..environment import ROOT_NAME
from ..platforms import Platform
from ..system.reading import names_in
from .names import Kind, LibraryFacts

# Source: layout of NVIDIA's wheels (nvidia/<name>/lib, nvidia/cu13/lib) and of torch's.
_WHEELS_WINDOWS = ("bin", "bin/x86_64")
# Source: NVIDIA's container toolkit and WSL, which put the driver's libraries there.
_DRIVER_FOLDERS = ("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib")


@dataclass(frozen=True)
class Place:
    """A file of the name that was asked for."""

    path: str
    prefix: Path | None
    """The environment it lies in; None for the system."""


def find_places(
    facts: LibraryFacts, prefixes: Iterable[Path], system: Iterable[str], platform: Platform
) -> tuple[Place, ...]:
    """The files with a library's name in environments and system folders, each real file once."""
    names = facts.variants or (facts.name,)
    if facts.name not in names:
        names = (*names, facts.name)
    copies = None
    stem, _, version = names[0].partition(".so")
    if facts.kind is Kind.TOOLKIT and version and not facts.bundled:
        copies = re.compile(rf"{re.escape(stem)}-[0-9a-f]{{8}}\.so{re.escape(version)}")
    seen: set[str] = set()
    found = []
    for prefix, folder, wheel in _everywhere(facts, prefixes, system, platform):
        for path in _in_folder(folder, names, copies if wheel else None):
            real = os.path.realpath(path)
            if real not in seen and os.path.exists(real):
                seen.add(real)
                found.append(Place(path, prefix))
    return tuple(found)


def system_folders(patterns: Sequence[str], platform: Platform, root: str = "") -> list[str]:
    """The folders of the system that can hold CUDA's libraries.

    Toolkits lie where the patterns lead (`/usr/local/cuda-*`), below the root.
    """
    below = ("lib64", f"targets/{platform.target}/lib", "lib", "extras/CUPTI/lib64")
    if platform.windows:
        below = ("bin", "bin/x64", "extras/CUPTI/lib64", "nvvm/bin")
    found = []
    for pattern in patterns:
        for toolkit in sorted(glob.glob(glob.escape(root) + pattern)):
            found += [os.path.join(toolkit, name) for name in below]
    return found if platform.windows else [*found, *(root + path for path in _DRIVER_FOLDERS)]


def _everywhere(
    facts: LibraryFacts, prefixes: Iterable[Path], system: Iterable[str], platform: Platform
) -> Iterator[tuple[Path | None, str, bool]]:
    """(environment, folder, whether it is a wheel's)."""
    if facts.kind is not Kind.DRIVER:
        for prefix in prefixes:
            for folder in _own(str(prefix), platform):
                yield prefix, folder, False
            for folder in wheel_folders(str(prefix), platform):
                yield prefix, folder, True
    for folder in system:
        yield None, folder, False


def _own(prefix: str, platform: Platform) -> Iterator[str]:
    """The folders of an environment that its packages and toolkits use."""
    for name in platform.library_directories:
        yield os.path.join(prefix, name)
    inside = "bin" if platform.windows else "lib64"
    for name in names_in(prefix):
        if ROOT_NAME.fullmatch(name):
            yield os.path.join(prefix, name, inside)


def wheel_folders(prefix: str, platform: Platform) -> Iterator[str]:
    """The folders of an environment in which NVIDIA's and torch's wheels have libraries."""
    if platform.windows:
        sites = [os.path.join(prefix, "Lib", "site-packages")]
    else:
        library = os.path.join(prefix, "lib")
        pythons = [name for name in names_in(library) if name.startswith("python")]
        sites = [os.path.join(library, name, "site-packages") for name in pythons]
    for site in sites:
        nvidia = os.path.join(site, "nvidia")
        for name in names_in(nvidia):
            for inside in _WHEELS_WINDOWS if platform.windows else ("lib",):
                yield os.path.join(nvidia, name, inside)
        yield os.path.join(site, "torch", "lib")


def _in_folder(folder: str, names: Sequence[str], copies: re.Pattern[str] | None) -> Iterator[str]:
    # For many names one look at the whole folder is quicker than a question for each.
    there = names if len(names) < 4 else set(names).intersection(names_in(folder))
    for name in names:
        path = os.path.join(folder, name)
        if name in there and os.path.lexists(path):
            yield path
    if copies is not None:
        for name in names_in(folder):
            if copies.fullmatch(name):
                yield os.path.join(folder, name)
