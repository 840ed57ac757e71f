"""What meets a request on channels, and all that `list --available` shows: one way to choose."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ...addons import addon_of, needed_components
from ...packages.cuda_packages import is_nvcc
from ...platforms import PLATFORMS
from ...toolkit import Flavor, components, metapackages, releases, top_components
from ...versions import CudaVersion, VersionRequest
from ..base import AvailableFlavor, NotOffered, ToolkitRequest
from .contents import TIE, ChannelContents, Channels
from .refusals import FIRST_LABEL, lacking
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
    def size(self) -> int | None:
        """Bytes to download; None when the index does not tell all."""
        sizes = [record.get("size") for record in self.records]
        return sum(sizes) if all(sizes) else None

    @property
    def nvcc(self) -> bool:
        """Whether the compiler is among the packages."""
        return any(is_nvcc(record.name) for record in self.records)

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
        refusals: gets why a matching release cannot be used.
        only: a channel that CUDA's own packages have to come from.
    """
    found = []
    for number, contents in enumerate(channels.contents):
        if only in (None, contents.channel):
            for version, one in _releases(contents, request):
                rank = (-version.major, -version.minor, number, -version.patch)
                found.append((rank, version, contents, one))
    doubts: list[NotOffered] = []
    for _, version, contents, one in sorted(found, key=lambda row: row[0]):
        names = (contents.channel, *(each.channel for each in channels.contents))
        names = tuple(dict.fromkeys(names))
        if not isinstance(one, ChannelRelease):
            note = _ONE_PACKAGE if request.wanted_flavor is Flavor.BASE else None
            yield Selection(version, Flavor.RUNTIME, names, (one,), None, note=note)
            continue
        try:
            records = _records(one, request, channels)
        except Incomplete as error:
            # Metapackages know better than tables what there should be.
            told = refusals if one.listed else doubts
            told.append(lacking(version, contents.channel, str(error)))
            continue
        tied = version >= FIRST_SPLIT and channels.has(f"{TIE} {version.release}.*")
        yield Selection(version, request.wanted_flavor, names, records, one, tied)
    refusals += doubts


def _releases(
    contents: ChannelContents, request: ToolkitRequest
) -> Iterator[tuple[CudaVersion, Any]]:
    """The releases of a channel that a request may mean; one that is one package as its record."""
    whole = not request.components and request.wanted_flavor is not Flavor.DEVEL
    monoliths: dict[CudaVersion, Any] = {}
    for record in contents.named(MONOLITH) if whole else ():
        with contextlib.suppress(ValueError):
            monoliths.setdefault(CudaVersion.parse(record.version), record)
    for version, record in monoliths.items():
        if request.version.matches(version):
            yield version, record
    instead = {version.release for version in monoliths}
    there = releases_on(contents)
    listed = {one.version_of("cuda-cudart") for one in there if one.listed}
    for one in there:
        if not request.version.matches(one.version) or one.version.release in instead:
            continue
        # Two updates may have the same runtime: then the one with metapackages is there.
        twin = not one.listed and one.version_of("cuda-cudart") in listed
        if not twin or request.version.exact == one.version:
            yield one.version, one


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
            yield from (package for package in packages if one.contents.rows(package))
    for name in top_components(request.components):
        part = components()[name]
        alone = [found[package] for package in part.channel if package in found]
        said = [text.split(" ")[0] for record in alone for text in record.depends]
        if any(other == TIE or one.owns(other) for other in said):
            continue
        for needed in part.requires:
            below = components()[needed]
            for package in (*below.channel, *(below.dev if name == "nvcc" else ())):
                if one.version_of(package) and one.contents.rows(package):
                    yield package


def flavors_on(channels: Channels) -> Iterator[AvailableFlavor]:
    """Every flavor of every release that channels have, as `use` would take it."""
    for contents in channels.contents:
        platform = PLATFORMS[contents.subdir]
        for flavor in Flavor:
            request = ToolkitRequest(VersionRequest("latest"), platform, flavor)
            for one in selections(request, channels, [], only=contents.channel):
                where = one.records[0].channel.canonical_name
                yield AvailableFlavor(one.version, flavor, where, one.size, one.nvcc)


def label_of(request: ToolkitRequest) -> str | None:
    """NVIDIA's label with the newest release that a request may mean."""
    fitting = [version for version in _labelled() if request.version.matches(version)]
    return f"nvidia/label/cuda-{max(fitting)}" if fitting else None


def labels(without: Collection[str]) -> Iterator[AvailableFlavor]:
    """The compilers that only labels of NVIDIA's channel have; the labels are not asked.

    Args:
        without: the releases (`X.Y`) that have one elsewhere.
    """
    for version in reversed(_labelled()):
        if version.release not in without:
            where = f"nvidia/label/cuda-{version}"
            yield AvailableFlavor(version, Flavor.DEVEL, where, None, nvcc=True)


def _labelled() -> list[CudaVersion]:
    """The releases that have a label with packages."""
    return [row.version for row in releases() if row.label and row.version >= FIRST_LABEL]
