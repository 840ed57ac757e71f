"""Toolkits and what they are made of: frozen data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
        """Whether the files stay where they are and the root holds links only."""
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
    """One part of the toolkit, under the name NVIDIA gives it in its metapackage."""

    name: str
    flavor: Flavor
    pypi: str
    channel: tuple[str, ...]
    dev: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    requires_since: tuple[tuple[CudaVersion, str], ...] = ()
    """What it needs besides, each from a release on."""

    def needs(self, release: CudaVersion | None = None) -> tuple[str, ...]:
        """The components it needs: in every release, or in one that is known."""
        later = (name for since, name in self.requires_since if release and release >= since)
        return (*self.requires, *later)


@dataclass(frozen=True)
class Toolkit:
    """A CUDA release made usable in an environment."""

    version: CudaVersion
    root: Path
    origin: Origin | None
    """None when the toolkit is incomplete: nothing reliable is known about it then."""
    flavor: Flavor | None = None
    """None when single components were asked for."""
    components: tuple[str, ...] = ()
    """Those beyond the flavor, at least; all of them where the source tells them apart."""
    packages: tuple[str, ...] = ()
    """`name-version-build` of the packages that make it up; empty for a system toolkit."""
    complete: bool = True
    location: str | None = None
    """Where the files of an adopted system toolkit lie."""
    compiler_asked: bool = False
    """Whether its host compiler was asked for; nvcc of conda-forge brings one along."""

    @property
    def name(self) -> str:
        """The name of its root: `cuda-12.4`."""
        return self.root.name

    @property
    def adopted(self) -> bool:
        """Whether its root holds links to files elsewhere, and no packages."""
        return self.origin is not None and self.origin.adopted

    @property
    def more_components(self) -> tuple[str, ...]:
        """The components beyond its flavor."""
        return beyond(self.flavor, self.components)

    @property
    def host_compiler(self) -> str | None:
        """The version of conda's C++ compiler in its root; None without."""
        for package in self.packages:
            name, _, rest = package.rpartition("-")[0].rpartition("-")
            if name.startswith("gxx_impl_"):
                return rest
        return None

    @property
    def addons(self) -> dict[str, str]:
        """cuDNN and NCCL in it: name to version, for an adopted one as far as its files say."""

        if self.adopted:
            return addons_in(self.root)
        return addons_of(self.packages)


@cache
def components() -> dict[str, Component]:
    """Every known component by name (source: data/components.json)."""
    return {
        name: Component(
            name,
            Flavor(row["flavor"]),
            row["pypi"],
            tuple(row["channel"]),
            tuple(row.get("dev", ())),
            tuple(row.get("requires", ())),
            tuple(
                (CudaVersion.parse(since), needed)
                for needed, since in row.get("requires_since", {}).items()
            ),
        )
        for name, row in read_data("components.json")["components"].items()
    }


def metapackages(flavor: Flavor) -> tuple[str, ...]:
    """The conda packages that stand for a flavor from 12.0 on (source: data/components.json)."""
    return tuple(read_data("components.json")["metapackages"][flavor.value])


def with_requirements(names: Iterable[str], release: CudaVersion | None = None) -> tuple[str, ...]:
    """Components with everything they need to work, in the order of the table.

    Args:
        names: the components.
        release: the release that they are of; what only some releases need is left out without.

    Raises:
        UsageError: when a name is unknown.
    """
    table = components()
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in table:
            raise UsageError(
                f"{name!r} is no component of the CUDA toolkit.",
                hints=[f"Components: {', '.join(table)}."],
                component=name,
            )
        if name not in wanted:
            wanted.add(name)
            pending += table[name].needs(release)
    return tuple(name for name in table if name in wanted)


def top_components(names: Iterable[str]) -> tuple[str, ...]:
    """The components of some that none of the others needs."""
    names = tuple(dict.fromkeys(names))
    below = {part for name in names for part in with_requirements((name,)) if part != name}
    return tuple(name for name in names if name not in below)


def in_flavor(flavor: Flavor) -> tuple[str, ...]:
    """The components of a flavor and of all smaller ones."""
    return tuple(name for name, part in components().items() if part.flavor.rank <= flavor.rank)


def beyond(flavor: Flavor | None, names: Iterable[str]) -> tuple[str, ...]:
    """The components of some that are not part of a flavor."""
    have = set(in_flavor(flavor)) if flavor else set()
    return tuple(name for name in names if name not in have)


@dataclass(frozen=True)
class Release:
    """A release NVIDIA has published."""

    version: CudaVersion
    pypi: bool = False
    label: bool = False
    """A label `nvidia/label/cuda-X.Y.Z` exists."""
    cudart: str | None = None
    nvcc: str | None = None
    channel_cudart: str | None = None
    """The runtime's version in conda channels, which is that of PyPI but for one release."""
    channel_nvcc: str | None = None


@cache
def releases() -> tuple[Release, ...]:
    """Every known release, oldest first (source: data/releases.json)."""
    rows = read_data("releases.json")["releases"]
    return tuple(
        Release(
            CudaVersion.parse(text),
            row.get("pypi", False),
            row.get("label", False),
            row.get("cudart"),
            row.get("nvcc"),
            row.get("channel", row).get("cudart"),
            row.get("channel", row).get("nvcc"),
        )
        for text, row in rows.items()
    )


def release_of_cudart(version: str, *, channel: bool = False) -> CudaVersion | None:
    """The newest release that ships this version of the runtime (`12.4.127` is 12.4.1).

    Releases not in the table are known by their first two numbers only.

    Args:
        version: the version of the runtime's package.
        channel: whether that is a package of a conda channel, and no wheel.
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
    """What to name in place of a version that nobody has."""

    names: list[str]
    """Whole versions of the release that was asked for; `X.Y` where there is none of it."""
    hint: str


def nearest(
    request: VersionRequest, known: Iterable[CudaVersion], count: int = 4
) -> Nearest | None:
    """What exists of the release that a request names an update of, else the nearest releases.

    Args:
        request: what was asked for, and is not there.
        known: the versions that exist.
        count: how many releases to name; of one release, all updates are named.

    Returns:
        None when the request names no number, or nothing is known.
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
    """Every version that NVIDIA has published, as far as our tables know."""
    return [row.version for row in releases()]


def has_instead(source: str, request: VersionRequest, known: Iterable[CudaVersion]) -> str | None:
    """What a source has of the release that a request names an update of.

    Returns:
        A sentence; None when the request names none, or the source has nothing of its release.
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
