"""Which CUDA releases provide a library, by its name. The names are in data/libraries.json."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from ..data import read_data
from ..toolkit import components

_SO = re.compile(
    r"(?P<stem>lib[\w+-]{1,80}?)(?:-[0-9a-f]{8})?\.so(?P<version>(?:\.\d{1,9}){0,6})", re.ASCII
)
_HASH = re.compile(r"-[0-9a-f]{8}\.so", re.ASCII)
_DLL = re.compile(r"(?P<stem>[\w.+-]{1,80})\.dll", re.ASCII | re.IGNORECASE)
_HEADER = re.compile(
    r"(?:[\w.+-]+/)*[\w+-]{1,80}\.(?:h|hpp|cuh|inl)|(?:nv|cuda)/[\w/]{1,80}", re.ASCII
)
_ARCHIVE = re.compile(r"(?P<stem>[\w.+-]{1,80}?)(?P<static>_static\w*)?\.(?:a|lib)", re.ASCII)
_SITE = re.compile(r"site-packages[\\/]+(\w+)", re.ASCII)
_CUDNN_DLL = re.compile(r"cudnn(?:_[a-z_]+)?64_(\d{1,2})", re.ASCII)
_AS_TOOLKIT = frozenset({"libcudart", "libnvrtc", "libnvrtc-builtins", "libnvJitLink"})
"""Libraries whose files are numbered as the release is (11.8.89); the others go their own way."""
_BUILTINS_DLL = re.compile(r"nvrtc-builtins64_(\d{1,2})(\d)", re.ASCII)


class Kind(str, Enum):
    """What a library belongs to."""

    TOOLKIT = "toolkit"
    DRIVER = "driver"
    """It comes with the driver, and no toolkit has it."""
    CUDNN = "cudnn"
    NCCL = "nccl"
    SEPARATE = "separate"
    """A framework's own, or a product of NVIDIA's that comes separately."""
    FOREIGN = "foreign"
    """Not CUDA's."""


class Sort(str, Enum):
    """What is done with a file."""

    LIBRARY = "library"
    HEADER = "header"
    ARCHIVE = "archive"
    """It is linked into a program: `libcudart_static.a`, `cudart.lib`."""


@dataclass(frozen=True)
class Owner:
    """A framework, or a product of NVIDIA's that comes separately."""

    title: str
    cure: str | None
    """What installs it, or shows what does: the words behind `conda`."""


@dataclass(frozen=True)
class LibraryFacts:
    """What is known of a library by its name."""

    name: str
    """Spelt as the file is."""
    kind: Kind
    family: str = ""
    """The name without any version: `libcudart`, `cudart64`; empty for a foreign one."""
    releases: tuple[str, ...] = ()
    """The releases `X.Y` that provide it, oldest first; empty when none is known to."""
    major: str | None = None
    """The major version of cuDNN or NCCL."""
    bundled: bool = False
    """Whether it is a copy that a Python wheel carries under a name of its own."""
    variants: tuple[str, ...] = ()
    """For a name without a version, the full names that the releases have."""
    component: str | None = None
    """The part of the toolkit that it belongs to."""
    sort: Sort = Sort.LIBRARY
    owner: Owner | None = None
    """What a separate one belongs to."""
    soname: str | None = None
    """The name by which programs load it, where the table has that."""

    @property
    def windows(self) -> bool:
        """Whether it is a file of Windows."""
        return self.name.lower().endswith((".dll", ".pyd", ".lib"))


def releases_of(name: str, path: str | None = None) -> LibraryFacts:
    """What is known of a library.

    Args:
        name: a soname (`libcudart.so.11.0`), a file name (`libcudart.so.12.4.127`), a DLL, a
            wheel's own copy (`libcudart-80664282.so.10.2`), a header, an archive, or a bare name
            (`cudart`).
        path: where it lies or should lie.
    """
    facts = _facts_of(name)
    owner = owner_of(name, path) if facts.kind is Kind.FOREIGN else None
    return replace(facts, kind=Kind.SEPARATE, owner=owner) if owner else facts


def _facts_of(name: str) -> LibraryFacts:
    if _HEADER.fullmatch(name):
        return _header_facts(name)
    archive = _ARCHIVE.fullmatch(name)
    if archive:
        return _archive_facts(name, archive)
    dll = _DLL.fullmatch(name)
    if dll:
        return _dll_facts(name.lower(), dll["stem"].lower())
    match = _SO.fullmatch(name) or _SO.fullmatch(f"{name}.so") or _SO.fullmatch(f"lib{name}.so")
    if match is None:
        return LibraryFacts(name, Kind.FOREIGN)
    family = _families().get(match["stem"].lower())
    version = match["version"][1:]
    spelt = f"{match['stem']}.so{match['version']}"
    if family is None:
        return _outside_toolkit(name if "." in name else spelt, match["stem"].lower(), version)
    bundled = bool(_HASH.search(name))
    spelt = name if bundled else f"{family}.so{match['version']}"
    return _toolkit_facts(spelt, family, version, bundled)


def owner_of(name: str, path: str | None = None) -> Owner | None:
    """What a file that is not CUDA's belongs to, by the folder it lies in or by its name."""
    site = _SITE.search(path or "")
    folder = site[1].lower() if site else None
    for title, row in _table()["owners"].items():
        if row["folder"] == folder or name.lower().startswith(tuple(row["names"])):
            return Owner(title, row.get("cure"))
    return None


def all_releases() -> tuple[str, ...]:
    """Every release that the table knows, oldest first."""
    return _ordered(release for row in _table()["libraries"].values() for release in row["cuda"])


def span(releases: Iterable[str]) -> str:
    """Releases in words: `11.0 to 11.8`, `10.1, 10.2, 12.0 to 13.5`."""
    every = all_releases()
    places = sorted(every.index(release) for release in set(releases) if release in every)
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    parts = []
    for run in runs:
        names = [every[place] for place in run]
        parts += [f"{names[0]} to {names[-1]}"] if len(names) > 2 else names
    return ", ".join(parts)


def _toolkit_facts(name: str, family: str, version: str, bundled: bool) -> LibraryFacts:
    rows, model = _table()["libraries"], _table()["alike"].get(family, family)
    facts = LibraryFacts(name, Kind.TOOLKIT, family, bundled=bundled, component=_component(family))
    if not version:
        names = sorted(
            (row for row in rows if row.partition(".so")[0] == model),
            key=lambda row: all_releases().index(rows[row]["cuda"][0]),
        )
        releases = _ordered(release for row in names for release in rows[row]["cuda"])
        spelt = tuple(family + row[len(model) :] for row in names)
        return replace(facts, releases=releases, variants=spelt)
    numbers = version.split(".")
    names = [f"{model}.so.{'.'.join(numbers[:length])}" for length in range(len(numbers), 0, -1)]
    known = next((name for name in names if name in rows), None)
    having = rows[known]["cuda"] if known else None
    facts = replace(facts, soname=family + known[len(model) :] if known else None)
    # A file name such as libnvrtc.so.12.4.127 carries the release.
    exact = ".".join(numbers[:2]) if len(numbers) > 2 and family in _AS_TOOLKIT else ""
    if exact in (all_releases() if having is None else having):
        having = (exact,)
    return replace(facts, releases=tuple(having or ()))


def _outside_toolkit(name: str, stem: str, version: str) -> LibraryFacts:
    major = version.split(".")[0] or None
    if stem == "libcudnn" or stem.startswith("libcudnn_"):
        known = major is None or f"libcudnn.so.{major}" in _table()["cudnn"]
        return LibraryFacts(name, Kind.CUDNN, "libcudnn", major=major if known else None)
    if stem == "libnccl":
        return LibraryFacts(name, Kind.NCCL, "libnccl", major=major)
    if stem.startswith("libnvidia-") or stem in _driver_stems():
        plain = ("libcuda.so.1",) if name == "libcuda.so" else ()
        return LibraryFacts(name, Kind.DRIVER, stem, variants=plain)
    return LibraryFacts(name, Kind.FOREIGN)


def _dll_facts(name: str, stem: str) -> LibraryFacts:
    table = _table()
    if name in table["driver"]:
        return LibraryFacts(name, Kind.DRIVER, stem)
    match = _CUDNN_DLL.fullmatch(stem)
    if match:
        major = match[1] if f"cudnn64_{match[1]}.dll" in table["cudnn"] else None
        return LibraryFacts(name, Kind.CUDNN, "cudnn64", major=major)
    family = stem.partition("64_")[0] + "64" if "64_" in stem else stem
    facts = LibraryFacts(name, Kind.TOOLKIT, family, component=_component(f"lib{stem}"))
    if match := _BUILTINS_DLL.fullmatch(stem):
        release = f"{match[1]}.{match[2]}"
        found = (release,) if release in all_releases() else ()
        return replace(facts, releases=found, component="nvrtc")
    if row := table["dlls"].get(name.replace(".alt.dll", ".dll")):
        return replace(facts, releases=tuple(row["cuda"]))
    if "64" not in stem:
        plain = [one for one in table["dlls"] if one.startswith(f"{stem}64_")]
        every = _ordered(release for one in plain for release in table["dlls"][one]["cuda"])
        if every:
            return replace(facts, family=f"{stem}64", releases=every, variants=tuple(plain))
    known = any(one.startswith(f"{family}_") for one in table["dlls"])
    return facts if known else LibraryFacts(name, Kind.FOREIGN)


def _header_facts(name: str) -> LibraryFacts:
    """A header is known by its name, or by the folder it is asked for in (`thrust/complex.h`)."""
    folder, _, file = name.rpartition("/")
    headers: dict[str, str] = _table()["headers"]
    part = next(
        (headers[key] for key in (f"{folder.partition('/')[0]}/", file) if key in headers), None
    )
    stem = file.partition(".")[0]
    part = part or (_component(stem) if not stem.startswith(("crt", "profiler")) else None)
    for kind in (Kind.CUDNN, Kind.NCCL):
        if file.startswith(kind.value):
            return LibraryFacts(name, kind, kind.value, sort=Sort.HEADER)
    if part is None:
        return LibraryFacts(name, Kind.FOREIGN, sort=Sort.HEADER)
    kept = all_releases()
    last = _table()["last"].get(name)
    kept = kept[: kept.index(last) + 1] if last else kept
    return LibraryFacts(name, Kind.TOOLKIT, releases=kept, component=part, sort=Sort.HEADER)


def _archive_facts(name: str, match: re.Match[str]) -> LibraryFacts:
    """An archive is of the releases whose shared library has the same name."""
    stem = match["stem"].lower().removeprefix("lib")
    for kind in (Kind.CUDNN, Kind.NCCL):
        if stem.startswith(kind.value):
            return LibraryFacts(name, kind, kind.value, sort=Sort.ARCHIVE)
    if stem in ("cuda", "nvcuda"):
        return LibraryFacts(
            name, Kind.TOOLKIT, releases=all_releases(), component="cudart", sort=Sort.ARCHIVE
        )
    shared = _facts_of(stem)
    part = _table()["archives"].get(stem) or _component(stem)
    if part is None:
        return LibraryFacts(name, Kind.FOREIGN, sort=Sort.ARCHIVE)
    releases = shared.releases or all_releases()
    return LibraryFacts(
        name, Kind.TOOLKIT, f"lib{stem}", releases, component=part, sort=Sort.ARCHIVE
    )


def _component(family: str) -> str | None:
    """The part of the toolkit that a library belongs to."""
    stem = family.lower().removeprefix("lib")
    for prefix, name in (("nvtoolsext", "nvtx"), ("nvblas", "cublas")):
        if stem.startswith(prefix):
            return name
    fitting = [name for name in components() if stem.startswith(name)]
    return max(fitting, key=len, default=None)


@cache
def _families() -> dict[str, str]:
    """Families by their name in lower case."""
    table = _table()
    names = {row.partition(".so")[0] for row in table["libraries"]} | set(table["alike"])
    return {name.lower(): name for name in names}


@cache
def _driver_stems() -> frozenset[str]:
    return frozenset(name.partition(".so")[0].lower() for name in _table()["driver"])


def _ordered(releases: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(releases), key=lambda text: tuple(map(int, text.split(".")))))


def _table() -> dict[str, Any]:
    return read_data("libraries.json")
