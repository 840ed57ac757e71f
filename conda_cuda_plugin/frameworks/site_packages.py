"""The Python packages, wheels of NVIDIA's and conda packages in an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from ..system.reading import names_in, open_regular
from .build_markers import normalized

_DIST_INFO = re.compile(r"(?P<name>[^-]+(?:-[^-]+)*?)-(?P<version>[^-]+)\.dist-info")
_RECORD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json")
_PYTHON = re.compile(r"python3\.(\d+)t?", re.ASCII)
_REQUIRES = re.compile(r"(?im)^Requires-Dist:[ \t]*(\S[^\r\n]*)")
_STRING = re.compile(r'"([^"\\]*)"')
_LIBRARY = re.compile(r"(?m)^((?:[^\n,\"]*/)?(?:lib[^/\n,\"]*\.so(?:\.[\d.]+)?|[^/\n,\"]*\.dll)),")
_RECORD_SIZE = 4 * 1024 * 1024
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
    installer: ClassVar[str] = "pip"

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
    installer: ClassVar[str] = "conda"

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
    matches = [match for name in names_in(prefix / "lib") if (match := _PYTHON.fullmatch(name))]
    matches.sort(key=lambda match: (int(match[1]), match[0]), reverse=True)
    folders = [*(prefix / "lib" / match[0] for match in matches), prefix / "Lib"]
    return [folder / "site-packages" for folder in folders]


def distributions(prefix: Path) -> dict[str, Distribution]:
    """The Python packages of an environment by normalized name."""
    found: dict[str, Distribution] = {}
    for folder in site_folders(prefix):
        for entry in names_in(folder):
            if match := _DIST_INFO.fullmatch(entry):
                name = normalized(match["name"])
                found.setdefault(name, Distribution(name, match["version"], folder / entry))
    return found


def conda_records(prefix: Path) -> dict[str, CondaRecord]:
    """The conda packages of an environment by name, from the names of their records."""
    folder = prefix / "conda-meta"
    matches = [match for name in names_in(folder) if (match := _RECORD.fullmatch(name))]
    return {
        match["name"]: CondaRecord(
            match["name"], match["version"], match["build"], folder / match[0]
        )
        for match in matches
    }


_GLIBC = re.compile(r"__glibc\s*[>=~]{1,2}\s*(\d{1,3})\.(\d{1,3})")
_TAG = re.compile(r"(?m)^Tag: \S*?-(?:manylinux_(\d{1,3})_(\d{1,3})|(manylinux\d+))_")
_TAGS = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""Source: PEP 513, 571 and 599."""


def glibc_needed(prefix: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """What packages in a prefix say of the glibc that they need.

    conda's say it as a dependency on `__glibc`, wheels by their tags, of which the least counts.

    Yields:
        `NAME VERSION` of a package, and the release.
    """
    for record in conda_records(prefix).values():
        for text in record.depends:
            if match := _GLIBC.match(text):
                yield f"{record.name} {record.version}", (int(match[1]), int(match[2]))
    for wheel in distributions(prefix).values():
        tags = _TAG.findall(read_head(wheel.path / "WHEEL", 16_384))
        found = [_TAGS.get(old, (0, 0)) if old else (int(a), int(b)) for a, b, old in tags]
        if found:
            yield f"{wheel.name} {wheel.version}", min(found)


@dataclass(frozen=True)
class NvidiaWheel:
    """One of NVIDIA's wheels, such as nvidia-cublas-cu12."""

    name: str
    version: str
    folder: Path | None
    """Where its libraries lie; None when it has none (headers, tools)."""
    libraries: tuple[str, ...] = ()
    """File names, such as `libcublas.so.12`; only those that exist."""

    @property
    def paths(self) -> list[Path]:
        """Its libraries."""
        return [self.folder / name for name in self.libraries] if self.folder else []


def pip_nvidia_libraries(prefix: Path) -> tuple[NvidiaWheel, ...]:
    """Every `nvidia-*` wheel in an environment's site-packages.

    Layouts (read from the wheels themselves, 2026-11): `nvidia/<component>/lib` up to CUDA 12,
    `nvidia/cu13/lib` from 13 on; on Windows `bin` and `bin/x86_64`. The files are taken from each
    wheel's RECORD.
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
    names: list[str] = []
    for relative in _LIBRARY.findall(record):
        parts = relative.split("/")
        # What points outside of site-packages, or is a stub to link against, does not count.
        if ".." in parts or "stubs" in parts or relative.startswith("/"):
            continue
        path = distribution.site.joinpath(*parts)
        if path.exists():
            folder = folder or path.parent
            names.append(path.name)
    return NvidiaWheel(distribution.name, distribution.version, folder, tuple(sorted(names)))
