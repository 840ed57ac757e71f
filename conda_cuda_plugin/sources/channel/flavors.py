"""What meets a request on channels, and all that `list --available` shows: one way to choose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...addons import addon_of, needed_components
from ...platforms import PLATFORMS
from ...toolkit import Flavor, components, metapackages, releases, top_components
from ...versions import CudaVersion, VersionRequest
from ..base import AvailableFlavor, NotOffered, ToolkitRequest
from .contents import TIE, ChannelContents, Channels
from .refusals import lacking
from .release import ChannelRelease, Incomplete, family_of, releases_on

MONOLITH = "cudatoolkit"
FIRST_SPLIT = CudaVersion(12, 0)
"""From here on add-ons ask for the parts that they load, and not for `cudatoolkit`."""
_ONE_PACKAGE = "channels have CUDA up to 11.8 as one package, so base and runtime are the same"


@dataclass(frozen=True)
class Selection:
    """A release on a channel, and the packages to take of it."""

    version: CudaVersion
    flavor: Flavor | None
    channels: tuple[str, ...]
    """Which the solver is to ask, that of CUDA's own packages first."""
    records: tuple[Any, ...]
    """CUDA's own packages, as far as they are known without the solver."""
    release: ChannelRelease | None
    """None where one package is all of the release."""
    tied: bool = False
    """Whether `cuda-version` has to keep to the release too."""
    note: str | None = None

    @property
    def monolith(self) -> bool:
        """Whether one package is all of the release."""
        return self.release is None

    @property
    def addons_apart(self) -> bool:
        """Whether the add-ons of channels do not go with these packages."""
        return not self.monolith and self.version < FIRST_SPLIT

    @property
    def specs(self) -> list[str]:
        """What the solver is asked for."""
        return [f"{record.name}=={record.version}" for record in self.records]

    @property
    def size(self) -> int | None:
        """Bytes to download; None when the index does not tell all."""
        sizes = [record.get("size") for record in self.records]
        return sum(sizes) if all(sizes) else None

    @property
    def nvcc(self) -> bool:
        """Whether the compiler is among the packages."""
        return any(record.name.startswith("cuda-nvcc") for record in self.records)

    def owns(self, name: str) -> bool:
        """Whether a package is CUDA's own."""
        return name == MONOLITH if self.release is None else self.release.owns(name)

    def holds(self, record: Any) -> bool:
        """Whether a package that the solver gave is of this release, or none of CUDA's."""

        if self.release is None or record.name == TIE or addon_of(record.name) is not None:
            return True
        return not self.owns(record.name) or self.release.holds(record)


def selections(
    request: ToolkitRequest,
    channels: Channels,
    refusals: list[NotOffered],
    only: str | None = None,
) -> Iterator[Selection]:
    """What meets a request: the newest `X.Y` first, then as the channels are ordered.

    Args:
        request: what is asked for.
        channels: where to look.
        refusals: is told why a release that matches is none.
        only: a channel that CUDA's own packages have to come from.
    """
    found: list[tuple[tuple[int, ...], ChannelRelease | _Monolith]] = []
    for number, contents in enumerate(channels.contents):
        if only is None or contents.channel == only:
            for one in _all_on(contents, request):
                version = one.version
                rank = (-version.major, -version.minor, number, -version.patch)
                found.append((rank, one))
    doubts: list[NotOffered] = []
    for _, one in sorted(found, key=lambda pair: pair[0]):
        names = _ordered(channels, one.contents)
        if isinstance(one, _Monolith):
            note = _ONE_PACKAGE if request.wanted_flavor is Flavor.BASE else None
            flavor = Flavor.RUNTIME
            yield Selection(one.version, flavor, names, (one.record,), None, note=note)
            continue
        try:
            records = _records(one, request, channels)
        except Incomplete as error:
            refusal = lacking(one.version, one.contents.channel, error.lacks)
            # Metapackages know better than tables what there should be.
            (refusals if one.listed else doubts).append(refusal)
            continue
        tied = one.version >= FIRST_SPLIT and channels.has(f"{TIE} {one.version.release}.*")
        yield Selection(one.version, request.wanted_flavor, names, records, one, tied)
    refusals += doubts


@dataclass(frozen=True)
class _Monolith:
    """A release that is one package."""

    contents: ChannelContents
    version: CudaVersion
    record: Any


def _all_on(
    contents: ChannelContents, request: ToolkitRequest
) -> Iterator[ChannelRelease | _Monolith]:
    """The releases of a channel that a request may mean."""
    monoliths = list(_monoliths(contents))
    whole = not request.components and request.wanted_flavor is not Flavor.DEVEL
    if whole:
        yield from (one for one in monoliths if request.version.matches(one.version))
    instead = {one.version.release for one in monoliths} if whole else set()
    there = releases_on(contents)
    told = {one.version_of("cuda-cudart") for one in there if one.listed}
    for one in there:
        if not request.version.matches(one.version) or one.version.release in instead:
            continue
        # Two updates may have the same runtime: then the one with metapackages is there.
        twin = not one.listed and one.version_of("cuda-cudart") in told
        if not twin or request.version.exact == one.version:
            yield one


def _monoliths(contents: ChannelContents) -> Iterator[_Monolith]:
    seen = set()
    for record in contents.named(MONOLITH):
        try:
            version = CudaVersion.parse(record.version)
        except ValueError:
            continue
        if version not in seen:
            seen.add(version)
            yield _Monolith(contents, version, record)


def wanted_names(request: ToolkitRequest) -> list[str]:
    """The packages that a request names: the flavor's, and those of components."""
    flavor = request.wanted_flavor
    names = list(metapackages(flavor)) if flavor is not None else []
    for part in (*top_components(request.components), *needed_components(request.wanted_addons)):
        names += components()[part].channel
    return list(dict.fromkeys(names))


def _records(one: ChannelRelease, request: ToolkitRequest, channels: Channels) -> tuple[Any, ...]:
    """CUDA's own packages for a request.

    Raises:
        Incomplete: when the channel lacks some.
    """
    found = one.with_all_it_needs(wanted_names(request), channels)
    more = [name for name in _unsaid(one, request, found) if name not in found]
    if more:
        found |= one.with_all_it_needs([*wanted_names(request), *more], channels)
    return tuple(found.values())


def _unsaid(one: ChannelRelease, request: ToolkitRequest, found: dict[str, Any]) -> Iterator[str]:
    """What components need of which their own packages say nothing, as NVIDIA's up to 12.4 do."""
    there = {family_of(package) for package in found}
    for name in request.components:
        packages = components()[name].channel
        if not there.intersection(map(family_of, packages)):
            yield from (package for package in packages if one.contents.named(package))
    for name in top_components(request.components):
        part = components()[name]
        alone = [found[package] for package in part.channel if package in found]
        said = [text.split(" ")[0] for record in alone for text in record.depends]
        if any(other == TIE or one.owns(other) for other in said):
            continue
        for needed in part.requires:
            below = components()[needed]
            for package in (*below.channel, *(below.dev if name == "nvcc" else ())):
                if one.version_of(package) and one.contents.named(package):
                    yield package


def _ordered(channels: Channels, first: ChannelContents) -> tuple[str, ...]:
    names = (first.channel, *(contents.channel for contents in channels.contents))
    return tuple(dict.fromkeys(names))


def flavors_on(channels: Channels) -> Iterator[AvailableFlavor]:
    """Every flavor of every release that channels have, as `use` would take it."""

    for contents in channels.contents:
        platform = PLATFORMS[contents.subdir]
        for flavor in Flavor:
            request = ToolkitRequest(VersionRequest("latest"), platform, flavor)
            for one in selections(request, channels, [], only=contents.channel):
                where = one.records[0].channel.canonical_name
                yield AvailableFlavor(one.version, flavor, where, one.size, one.nvcc)


def label_of(request: ToolkitRequest, since: CudaVersion) -> str | None:
    """NVIDIA's label with the newest release that a request may mean.

    Args:
        request: what is asked for.
        since: the first release with a label that has packages.
    """
    labelled = [
        row.version
        for row in releases()
        if row.label and row.version >= since and request.version.matches(row.version)
    ]
    return f"nvidia/label/cuda-{max(labelled)}" if labelled else None


def labels(since: CudaVersion, without: Iterable[str]) -> Iterator[AvailableFlavor]:
    """The compilers that only labels of NVIDIA's channel have; the labels are not asked.

    Args:
        since: the first release with a label that has one.
        without: the releases (`X.Y`) that have one elsewhere.
    """
    skip = set(without)
    for row in reversed(releases()):
        if row.label and row.version >= since and row.version.release not in skip:
            where = f"nvidia/label/cuda-{row.version}"
            yield AvailableFlavor(row.version, Flavor.DEVEL, where, None, nvcc=True)
