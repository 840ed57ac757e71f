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
    FOREIGN = "foreign"
    """Not CUDA's."""


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
    soname: str | None = None
    """The name by which programs load it, where the table has that."""

    @property
    def windows(self) -> bool:
        """Whether it is a DLL."""
        return self.name.lower().endswith(".dll")


def releases_of(name: str) -> LibraryFacts:
    """What is known of a library.

    Args:
        name: a soname (`libcudart.so.11.0`), a file name (`libcudart.so.12.4.127`), a DLL, a
            wheel's own copy (`libcudart-80664282.so.10.2`), or a bare name (`cudart`).
    """
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
        return LibraryFacts(name, Kind.DRIVER, stem)
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
    known = any(one.startswith(f"{family}_") for one in table["dlls"])
    return facts if known else LibraryFacts(name, Kind.FOREIGN)


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
