"""What a channel offers, release by release, read from its index without a solver.

The solver takes seconds for each release and flavor. Here the newest package that fits is taken
for each dependency, which is what the solver ends at, since `cuda-version` ties the parts of a
release together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from ..toolkit import Flavor, is_cuda_package, metapackages, release_of_cudart, releases
from ..versions import CudaVersion
from .base import AvailableFlavor, NotOffered

TIE = "cuda-version"
MONOLITH = "cudatoolkit"
_RUNTIME = "cuda-cudart"


class ChannelPackages:
    """What one channel holds of CUDA; each name is asked for once.

    Args:
        channel: its name or address.
        subdir: conda's name of the platform.
    """

    def __init__(self, channel: str, subdir: str) -> None:
        self.channel = channel
        self.subdir = subdir
        self._records: dict[str, list[Any]] = {}
        self._going_with: dict[tuple[str, str], list[Any]] = {}

    def named(self, name: str) -> list[Any]:
        """The packages of a name, newest first.

        Raises whatever conda raises when the channel cannot be read.
        """
        if name not in self._records:
            from ..conda_compat import records_named

            self._records[name] = records_named(self.channel, self.subdir, name)
        return self._records[name]

    def going_with(self, name: str, release: str) -> list[Any]:
        """The packages of a name that may be installed with a release, newest first."""
        key = name, release
        if key not in self._going_with:
            self._going_with[key] = [
                record for record in self.named(name) if _goes_with(record, release)
            ]
        return self._going_with[key]

    def closure(self, metapackage: str, release: str) -> dict[str, Any] | None:
        """A package of a release with all of CUDA's packages that it needs, by name.

        Returns:
            None when the channel lacks one of them.
        """
        chosen: dict[str, Any] = {}
        wanted: dict[str, set[str]] = {}
        pending = [metapackage]
        while pending:
            dependency = pending.pop()
            name = dependency.split()[0]
            specs = wanted.setdefault(name, set())
            if dependency in specs:
                continue
            specs.add(dependency)
            if name in chosen and _fits(dependency, chosen[name]):
                continue
            record = next(
                (
                    record
                    for record in self.going_with(name, release)
                    if all(_fits(spec, record) for spec in specs)
                ),
                None,
            )
            if record is None:
                return None
            chosen[name] = record
            pending += [text for text in record.depends if is_cuda_package(text.split()[0])]
        return chosen


def read_channels(
    channels: Sequence[str], subdir: str, offline: bool
) -> tuple[list[ChannelPackages], dict[str, Exception]]:
    """The channels that can be read, and for the others what went wrong.

    Args:
        channels: names and addresses.
        subdir: conda's name of the platform.
        offline: whether a connection is forbidden.
    """
    from concurrent.futures import ThreadPoolExecutor

    from ..conda_compat import is_on_this_machine

    failures: dict[str, Exception] = {}

    def read(channel: str) -> ChannelPackages | None:
        index = ChannelPackages(channel, subdir)
        try:
            # The first question reads the whole index.
            index.named(TIE)
        except Exception as error:
            failures[channel] = error
            return None
        return index

    apart = [channel for channel in channels if offline and not is_on_this_machine(channel)]
    with ThreadPoolExecutor(max(len(channels), 1)) as pool:
        found = pool.map(read, [channel for channel in channels if channel not in apart])
    indexes = [index for index in found if index is not None]
    for channel in apart:
        reason = f"is not asked under --offline: {', '.join(apart)}"
        failures[channel] = NotOffered("channel", reason, unreachable=True)
    return indexes, failures


def listed_on(
    indexes: Sequence[ChannelPackages], first_split: CudaVersion
) -> Iterator[AvailableFlavor]:
    """What channels have of every release: the newest update of each on each channel.

    Args:
        indexes: the channels.
        first_split: the first release that is made of many packages.
    """
    ties = {
        record.version
        for index in indexes
        for record in index.named(TIE)
        if (version := _version(record.version)) is not None and version >= first_split
    }
    for index in indexes:
        yield from _monoliths(index)
        for release in sorted(ties):
            yield from _split_flavors(index, release)


def _monoliths(index: ChannelPackages) -> Iterator[AvailableFlavor]:
    """The releases up to 11.8: one package, which is base and runtime at once."""
    seen = set()
    for record in index.named(MONOLITH):
        version = _version(record.version)
        if version is None or version.release in seen:
            continue
        seen.add(version.release)
        where, size = record.channel.canonical_name, record.get("size") or None
        for flavor in (Flavor.BASE, Flavor.RUNTIME):
            yield AvailableFlavor(version, flavor, where, size, nvcc=False)


def _split_flavors(index: ChannelPackages, release: str) -> Iterator[AvailableFlavor]:
    """A release made of many packages, by flavor."""
    for flavor in Flavor:
        (name,) = metapackages(flavor)
        top = next(iter(index.going_with(name, release)), None)
        version = _release_of(top, flavor) if top is not None else None
        if top is None or version is None or version.release != release:
            continue
        parts = index.closure(name, release)
        runtime = (parts or {}).get(_RUNTIME)
        if parts is not None and (runtime is None or not _is_of(runtime, release)):
            # Untied parts of several releases make no toolkit of one.
            continue
        yield AvailableFlavor(
            version,
            flavor,
            top.channel.canonical_name,
            _download(parts),
            nvcc=flavor is Flavor.DEVEL,
        )


def _download(parts: dict[str, Any] | None) -> int | None:
    """The size of some packages in bytes; None when the index does not tell all."""
    total = 0
    for part in parts.values() if parts else [None]:
        if part is None or not part.get("size"):
            return None
        total += part.size
    return total


def labels(since: CudaVersion, without: Iterable[str]) -> Iterator[AvailableFlavor]:
    """The compilers that only labels of NVIDIA's channel have; the labels are not asked.

    Args:
        since: the first release with a label that has one.
        without: the releases (`X.Y`) that have one elsewhere.
    """
    skip = set(without)
    for row in releases():
        if row.label and row.version >= since and row.version.release not in skip:
            where = f"nvidia/label/cuda-{row.version}"
            yield AvailableFlavor(row.version, Flavor.DEVEL, where, None, nvcc=True)


def _goes_with(record: Any, release: str) -> bool:
    """Whether a package's tie, if it has one, lets a release in."""
    ties = [text for text in record.depends if text.split()[0] == TIE]
    return all(_lets_in(text, release) for text in ties)


@cache
def _lets_in(dependency: str, release: str) -> bool:
    version = _spec(dependency).version
    return version is None or bool(version.match(release))


def _fits(dependency: str, record: Any) -> bool:
    return bool(_spec(dependency).match(record))


@cache
def _spec(dependency: str) -> Any:
    from conda.models.match_spec import MatchSpec

    return MatchSpec(dependency)


def _release_of(metapackage: Any, flavor: Flavor) -> CudaVersion | None:
    """The metapackages carry the release's version, the runtime library its own."""
    if flavor is Flavor.BASE:
        return release_of_cudart(metapackage.version)
    return _version(metapackage.version)


def _is_of(runtime: Any, release: str) -> bool:
    version = release_of_cudart(runtime.version)
    return version is not None and version.release == release


def _version(text: str) -> CudaVersion | None:
    try:
        return CudaVersion.parse(text)
    except ValueError:
        return None
