"""Toolkits and what they are made of: frozen data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path

from .addons import addons_in, addons_of
from .data import read_data
from .errors import UsageError
from .versions import CudaVersion, VersionRequest


class Origin(str, Enum):
    """Where an installed toolkit came from."""

    CHANNEL = "channel"
    PYPI = "pypi"
    REDIST = "redist"
    RUNFILE = "runfile"
    SYSTEM = "system"
    ENVIRONMENT = "environment"

    @property
    def adopted(self) -> bool:
        """Whether the root holds only links, to files that lie elsewhere."""
        return self in (Origin.SYSTEM, Origin.ENVIRONMENT)


class Flavor(str, Enum):
    """How much of a toolkit; the names are those of NVIDIA's container images."""

    BASE = "base"
    RUNTIME = "runtime"
    DEVEL = "devel"

    @property
    def rank(self) -> int:
        """0 for the smallest."""
        return list(Flavor).index(self)


@dataclass(frozen=True)
class Component:
    """A part of the toolkit, named as in NVIDIA's metapackage."""

    name: str
    flavor: Flavor
    pypi: str
    channel: Sequence[str]
    dev: Sequence[str] = ()
    requires: Sequence[str] = ()
    requires_since: Mapping[str, CudaVersion] = field(default_factory=dict)
    """What it needs besides, each from a release on."""

    def needs(self, release: CudaVersion | None = None) -> tuple[str, ...]:
        """The components that it needs: in every release, or in a given one."""
        since = self.requires_since.items()
        return (*self.requires, *(name for name, first in since if release and release >= first))


@dataclass(frozen=True)
class Toolkit:
    """An installed CUDA release."""

    version: CudaVersion
    root: Path
    origin: Origin | None
    """None when the toolkit is incomplete: nothing about it is reliable."""
    flavor: Flavor | None = None
    """None when single components were asked for."""
    components: tuple[str, ...] = ()
    """At least those beyond the flavor; all of them if the source tells them apart."""
    packages: tuple[str, ...] = ()
    """`name-version-build` of the packages that make it up; empty for a system toolkit."""
    complete: bool = True
    location: str | None = None
    """Where the files of an adopted toolkit lie."""
    compiler_asked: bool = False
    """Whether its host compiler was asked for; conda-forge's nvcc brings one along."""

    @property
    def name(self) -> str:
        """The name of its root: `cuda-12.4`."""
        return self.root.name

    @property
    def adopted(self) -> bool:
        """Whether its root holds only links, to files that lie elsewhere."""
        return self.origin is not None and self.origin.adopted

    @property
    def lists_all(self) -> bool:
        """Whether all its components are known, those of its flavor too."""
        return bool(self.components) and self.origin in (Origin.PYPI, Origin.REDIST, Origin.RUNFILE)

    @property
    def more_components(self) -> tuple[str, ...]:
        """The components beyond its flavor."""
        return beyond(self.flavor, self.components)

    @property
    def host_compiler(self) -> str | None:
        """The version of conda's C++ compiler in its root; None without one."""
        for package in self.packages:
            name, _, rest = package.rpartition("-")[0].rpartition("-")
            if name.startswith("gxx_impl_"):
                return rest
        return None

    @property
    def addons(self) -> dict[str, str]:
        """The versions of cuDNN and NCCL in it; of an adopted one, as far as its files say."""
        return addons_in(self.root) if self.adopted else addons_of(self.packages)


@cache
def components() -> dict[str, Component]:
    """Every known component by name (source: data/components.json)."""
    found = {}
    for name, row in read_data("components.json")["components"].items():
        since = row.get("requires_since", {}).items()
        parsed = {
            "flavor": Flavor(row["flavor"]),
            "requires_since": {part: CudaVersion.parse(first) for part, first in since},
        }
        found[name] = Component(name, **{**row, **parsed})
    return found


def metapackages(flavor: Flavor) -> tuple[str, ...]:
    """The conda packages that stand for a flavor from 12.0 on (source: data/components.json)."""
    return tuple(read_data("components.json")["metapackages"][flavor.value])


def with_requirements(names: Iterable[str], release: CudaVersion | None = None) -> tuple[str, ...]:
    """Components with all that they need, in the order of the table.

    What only some releases need is left out unless the release is given.

    Raises:
        UsageError: a name is unknown.
    """
    table = components()
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in table:
            raise UsageError(
                f"{name!r} is not a component of the CUDA toolkit.",
                hints=[f"Components: {', '.join(table)}."],
                component=name,
            )
        if name not in wanted:
            wanted.add(name)
            pending += table[name].needs(release)
    return tuple(name for name in table if name in wanted)


def top_components(names: Iterable[str]) -> tuple[str, ...]:
    """Those of some components that none of the others needs."""
    names = tuple(dict.fromkeys(names))
    below = {part for name in names for part in with_requirements((name,)) if part != name}
    return tuple(name for name in names if name not in below)


def in_flavor(flavor: Flavor) -> tuple[str, ...]:
    """The components of a flavor and of all smaller ones."""
    return tuple(name for name, part in components().items() if part.flavor.rank <= flavor.rank)


def beyond(flavor: Flavor | None, names: Iterable[str]) -> tuple[str, ...]:
    """Those of some components that are not part of a flavor."""
    have = set(in_flavor(flavor)) if flavor else set()
    return tuple(name for name in names if name not in have)


@dataclass(frozen=True)
class Release:
    """A release NVIDIA has published."""

    version: CudaVersion
    pypi: bool = False
    label: bool = False
    """Whether a label `nvidia/label/cuda-X.Y.Z` exists."""
    cudart: str | None = None
    nvcc: str | None = None
    channel: Mapping[str, str] = field(default_factory=dict)
    """The versions of both in conda channels, where they differ from those of PyPI."""

    @property
    def channel_cudart(self) -> str | None:
        """The version of the runtime in conda channels."""
        return self.channel.get("cudart", self.cudart)

    @property
    def channel_nvcc(self) -> str | None:
        """The version of nvcc in conda channels."""
        return self.channel.get("nvcc", self.nvcc)


@cache
def releases() -> tuple[Release, ...]:
    """Every known release, oldest first (source: data/releases.json)."""
    rows = read_data("releases.json")["releases"].items()
    return tuple(Release(CudaVersion.parse(text), **row) for text, row in rows)


def release_of_cudart(version: str, *, channel: bool = False) -> CudaVersion | None:
    """The newest release with this version of the runtime's wheel, or package of a conda channel.

    `12.4.127` is 12.4.1. Of a release that is not in the table only two numbers are known.
    """
    found = [
        row.version
        for row in releases()
        if (row.channel_cudart if channel else row.cudart) == version
    ]
    if found:
        return max(found)
    try:
        parsed = CudaVersion.parse(version)
    except ValueError:
        return None
    return CudaVersion(parsed.major, parsed.minor)


@dataclass(frozen=True)
class Nearest:
    """What to name in place of a version that does not exist."""

    names: list[str]
    """Versions of the release that was asked for; if there are none, other releases."""
    hint: str


def nearest(
    request: VersionRequest, known: Iterable[CudaVersion], count: int = 4
) -> Nearest | None:
    """All known versions of a requested release, or the nearest releases.

    Returns:
        None when the request has no number, or no version is known.
    """
    versions = sorted(set(known))
    named = [numbers for _, numbers in request.clauses]
    if not named or not versions:
        return None
    whole = {numbers[:2] for numbers in named if len(numbers) == 3}
    updates = [v for v in versions if v.patch >= 0 and (v.major, v.minor) in whole]
    if updates:
        of = in_words(dict.fromkeys(version.release for version in updates))
        verb = "is" if len(updates) == 1 else "are"
        names = [str(version) for version in updates]
        return Nearest(names, f"Of CUDA {of} there {verb} {in_words(names)}.")
    major, minor = (*named[0], 0)[:2]
    near = sorted(
        {(version.major, version.minor) for version in versions},
        key=lambda row: abs(row[0] * 100 + row[1] - major * 100 - minor),
    )[:count]
    names = [f"{one}.{other}" for one, other in sorted(near)]
    return Nearest(names, f"Nearest releases: {', '.join(names)}.")


def published() -> list[CudaVersion]:
    """Every version in the table of releases."""
    return [row.version for row in releases()]


def has_instead(source: str, request: VersionRequest, known: Iterable[CudaVersion]) -> str | None:
    """A sentence on the updates that a source has of a requested release.

    Returns:
        None when the request names no update, or the source has none of its release.
    """
    if request.exact is None:
        return None
    there = sorted({v for v in known if v.release == request.release and v.patch >= 0})
    if not there:
        return None
    return f"{source} has {in_words(map(str, there))} of CUDA {request.release}."


def in_words(names: Iterable[str]) -> str:
    """`12.4.0`, `12.4.0 and 12.4.1`, `12.6.0, 12.6.1 and 12.6.2`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
