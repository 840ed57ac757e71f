"""The Python packages, wheels of NVIDIA's and conda packages in an environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..system.reading import open_regular

_DIST_INFO = re.compile(r"(?P<name>[^-]+(?:-[^-]+)*?)-(?P<version>[^-]+)\.dist-info")
_RECORD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json")
_PYTHON = re.compile(r"python3\.(\d+)t?", re.ASCII)
_REQUIRES = re.compile(r"(?im)^Requires-Dist:[ \t]*(\S[^\r\n]*)")
_STRING = re.compile(r'"([^"\\]*)"')
_HEAD = 256 * 1024
"""Real metadata is smaller: what lies further down is description."""


@dataclass(frozen=True)
class Distribution:
    """An installed Python package."""

    name: str
    """Normalized (PEP 503): lower case, with `-`."""
    version: str
    path: Path
    """Its `.dist-info` folder."""

    @property
    def site(self) -> Path:
        """The folder it is imported from."""
        return self.path.parent

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """What its METADATA requires, as written there."""
        head = re.split(r"\r?\n\r?\n", read_head(self.path / "METADATA"), maxsplit=1)[0]
        return tuple(_REQUIRES.findall(head))

    @property
    def from_conda(self) -> bool:
        """Whether conda has installed it, as its INSTALLER file says."""
        return read_head(self.path / "INSTALLER", 64).strip() == "conda"


@dataclass(frozen=True)
class CondaRecord:
    """An installed conda package."""

    name: str
    version: str
    build: str
    path: Path

    @cached_property
    def depends(self) -> tuple[str, ...]:
        """What it depends on; read from the head of the record, which is sorted."""
        _, found, rest = read_head(self.path).partition('"depends":')
        return tuple(_STRING.findall(rest.partition("]")[0])) if found else ()


def read_head(path: Path, limit: int = _HEAD) -> str:
    """The first bytes of a regular file as text; empty when there are none to read."""
    try:
        with open_regular(path) as file:
            return file.read(limit).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def site_folders(prefix: Path) -> list[Path]:
    """The site-packages folders of an environment; the newest Python first, Windows' own last."""
    found = []
    for entry in _entries(prefix / "lib"):
        match = _PYTHON.fullmatch(entry.name)
        if match:
            found.append((int(match[1]), Path(entry.path, "site-packages")))
    folders = [folder for _, folder in sorted(found, reverse=True)]
    return [*folders, prefix / "Lib" / "site-packages"]


def distributions(prefix: Path) -> dict[str, Distribution]:
    """The Python packages of an environment by normalized name."""
    found: dict[str, Distribution] = {}
    for folder in site_folders(prefix):
        for entry in _entries(folder):
            match = _DIST_INFO.fullmatch(entry.name)
            if match:
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                found.setdefault(name, Distribution(name, match["version"], Path(entry.path)))
    return found


def conda_records(prefix: Path) -> dict[str, CondaRecord]:
    """The conda packages of an environment by name, from the names of their records."""
    found = {}
    for entry in _entries(prefix / "conda-meta"):
        match = _RECORD.fullmatch(entry.name)
        if match:
            found[match["name"]] = CondaRecord(
                match["name"], match["version"], match["build"], Path(entry.path)
            )
    return found


def file_names(folder: Path) -> list[str]:
    """The names in a folder; none when it cannot be read."""
    return [entry.name for entry in _entries(folder)]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return
    yield from found


_LIBRARY = re.compile(r"(?m)^((?:[^\n,\"]*/)?(?:lib[^/\n,\"]*\.so(?:\.[\d.]+)?|[^/\n,\"]*\.dll)),")
_RECORD_SIZE = 4 * 1024 * 1024


@dataclass(frozen=True)
class NvidiaWheel:
    """One of NVIDIA's wheels, such as nvidia-cublas-cu12."""

    name: str
    version: str
    folder: Path | None
    """Where its libraries lie; None when it has none (headers, tools)."""
    libraries: tuple[str, ...] = ()
    """File names, such as `libcublas.so.12`; only those that exist."""


def pip_nvidia_libraries(prefix: Path) -> tuple[NvidiaWheel, ...]:
    """Every `nvidia-*` wheel in an environment's site-packages.

    Layouts (read from the wheels themselves, 2026-11): `nvidia/<component>/lib` up to CUDA 12,
    `nvidia/cu13/lib` from 13 on; on Windows `bin` and `bin/x86_64`. The files are taken from each
    wheel's RECORD.

    Args:
        prefix: the environment.

    Returns:
        Sorted by name; empty for an environment without any. Never raises.
    """
    found = distributions(prefix)
    return tuple(
        _wheel(found[name])
        for name in sorted(found)
        if name.startswith("nvidia-") and not found[name].from_conda
    )


def _wheel(distribution: Distribution) -> NvidiaWheel:
    record = read_head(distribution.path / "RECORD", _RECORD_SIZE)
    folder: Path | None = None
    names = []
    for relative in _LIBRARY.findall(record):
        parts = relative.split("/")
        # What points outside of site-packages, or is a stub to link against, is no library here.
        if ".." in parts or "stubs" in parts or relative.startswith("/"):
            continue
        path = distribution.site.joinpath(*parts)
        if path.exists():
            folder = folder or path.parent
            names.append(path.name)
    return NvidiaWheel(distribution.name, distribution.version, folder, tuple(sorted(names)))
