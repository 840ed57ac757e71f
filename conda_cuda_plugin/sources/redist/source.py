"""NVIDIA's redist archives: which releases there are, and what is taken of them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from conda.base.context import context

from ...environment import Environment
from ...network.connections import AnswerError
from ...packages.local_channel import LocalChannel
from ...platforms import Platform
from ...toolkit import Flavor, Origin
from ...versions import CudaVersion
from ..addon_packages import addon_packages
from ..base import AvailableFlavor, NotOffered, Offer, Package, Search, ToolkitRequest
from ..parts import exact_row
from .fetch import fetch_archives
from .manifest import (
    FILE,
    Archive,
    Manifest,
    ManifestError,
    chosen,
    known_releases,
    parse_manifest,
    part_of_toolkit,
)
from .place import Memory, Place, place_of

SOURCE = "redist"
_MOST_TRIES = 4
"""Manifests to ask for, newest first, at an address that does not list what it has."""
_ONCE = (
    "Run the command without --offline once, on this machine or on one that shares its package "
    "cache."
)
_DAMAGED = "Take it from NVIDIA again; a mirror may hold a damaged one."
_HEART = {Flavor.BASE: "cudart", Flavor.RUNTIME: "cudart", Flavor.DEVEL: "nvcc"}
"""The component without which there is no point in a flavor."""


class RedistSource:
    """The source `redist`."""

    name = SOURCE

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Reads a manifest and downloads no archive."""
        place = place_of(request.location, _setting())
        channel = LocalChannel.find(request.platform.subdir)
        memory = Memory(channel, place)
        manifest = _Look(request, place, memory).manifest()
        archives, names = _choose(request, manifest)
        kept = {(record.name, record.version, record.build): record for record in request.keep}
        at_hand = {
            archive: kept.get((archive.name, archive.version, archive.build))
            or channel.record_of(archive.sha256, archive.name, archive.build)
            for archive in archives
        }
        missing = [archive for archive in archives if at_hand[archive] is None]
        if missing and request.offline and not place.here:
            lacking = ", ".join(archive.component for archive in missing)
            raise NotOffered(
                SOURCE,
                f"lacks {lacking} of CUDA {manifest.version} in the package cache, and --offline "
                f"forbids to ask {place.text}",
                hints=[_ONCE],
                unreachable=True,
            )
        addons = addon_packages(request, manifest.version, source=self.name)

        def fetch() -> Sequence[Any]:
            records = dict(at_hand)
            if missing:
                fetched = fetch_archives(missing, place, request.platform)
                records.update(zip(missing, fetched, strict=True))
            memory.remember(manifest.version, manifest.data)
            return [*(records[archive] for archive in archives), *addons.fetch()]

        rows = tuple(
            Package(
                archive.name,
                archive.version,
                size,
                archive.file,
                exact=partial(_exact, archive, place),
            )
            for archive in archives
            for size in [archive.size if archive in missing else 0]
        )
        where = place.text if missing else f"{place.text}, in the package cache already"
        return Offer(
            Origin.REDIST,
            manifest.version,
            request.wanted_flavor,
            names,
            (*rows, *addons.packages),
            ", ".join((where, *addons.origins)),
            specs=(*(f"{one.name}=={one.version}" for one in archives), *addons.specs),
            fetch=fetch,
        )

    def available(self, search: Search) -> Iterator[AvailableFlavor]:
        """See `Source.available`.

        NVIDIA's own server is not asked, since a table knows what it has; another place is asked
        once. Manifests are read in folders only, so sizes are known there, and where a toolkit was
        installed from before.
        """
        place = place_of(None, _setting())
        channel = LocalChannel.find(search.platform.subdir)
        memory = Memory(channel, place)
        if _setting() or search.offline:
            versions, _ = _releases_at(place, memory, offline=search.offline)
        else:
            versions = sorted({*known_releases(), *memory.releases()})
        for version in versions:
            manifest = _manifest_at_hand(version, place, memory)
            for flavor in Flavor:
                if manifest is None:
                    nvcc = flavor is Flavor.DEVEL
                    yield AvailableFlavor(version, flavor, place.text, None, nvcc)
                    continue
                used = memory.recall(version) is not None
                found = _flavor_of(
                    manifest, flavor, search.platform, place, channel if used else None
                )
                if found is not None:
                    yield found


def _exact(archive: Archive, place: Place) -> dict[str, str]:
    """How a file of `export` says an archive."""
    url = place.url(archive)
    return exact_row(archive.name, archive.version, archive.build, url, archive.sha256)


def _choose(
    request: ToolkitRequest, manifest: Manifest
) -> tuple[tuple[Archive, ...], tuple[str, ...]]:
    """The archives to install, and the components that users know them as.

    Raises:
        NotOffered: when the manifest lacks what was asked for, with what it has.
    """
    available = manifest.components(request.platform)
    if not available:
        raise NotOffered(
            SOURCE,
            f"has nothing of CUDA {manifest.version} for {request.platform.subdir}",
            hints=[f"{manifest.file} has: {', '.join(manifest.platforms())}."],
        )
    wanted = tuple(request.components_of(manifest.version))
    taken, names = chosen(available, request.wanted_flavor, wanted)
    flavor = request.wanted_flavor
    needed = [*request.components, *([_HEART[flavor]] if flavor else ())]
    for name in needed:
        if name not in names:
            known = dict.fromkeys(filter(None, map(part_of_toolkit, available)))
            raise NotOffered(
                SOURCE,
                f"has no component {name} of CUDA {manifest.version} for {request.platform.subdir}",
                hints=[f"{manifest.file} has: {', '.join(known) or ', '.join(available)}."],
            )
    try:
        archives = tuple(manifest.archive(component, request.platform) for component in taken)
        by_name = {archive.name: archive for archive in archives}
        for archive in archives:
            if (other := by_name[archive.name]) is not archive:
                both = f"{archive.component} and {other.component}"
                raise ManifestError(f"has {both}, which would be one package")
    except ManifestError as error:
        reason = f"cannot use {manifest.file}: it {error}"
        raise NotOffered(SOURCE, reason, hints=[_DAMAGED]) from error
    return archives, tuple(names)


def _flavor_of(
    manifest: Manifest,
    flavor: Flavor,
    platform: Platform,
    place: Place,
    channel: LocalChannel | None,
) -> AvailableFlavor | None:
    """A flavor as a manifest has it; None when it does not."""
    taken, names = chosen(manifest.components(platform), flavor, ())
    if _HEART[flavor] not in names:
        return None
    try:
        archives = [manifest.archive(component, platform) for component in taken]
    except ManifestError:
        return None
    size = sum(
        archive.size
        for archive in archives
        if channel is None or channel.record_of(archive.sha256, archive.name, archive.build) is None
    )
    return AvailableFlavor(manifest.version, flavor, place.text, size, "nvcc" in names)


class _Missing(NotOffered):
    """There is no such manifest."""


class _Look:
    """One look at a place for the manifest that meets a request."""

    def __init__(self, request: ToolkitRequest, place: Place, memory: Memory) -> None:
        self._request, self._place, self._memory = request, place, memory
        self._cut = request.offline and not place.here

    def manifest(self) -> Manifest:
        """The manifest of the newest release that meets the request.

        Raises:
            NotOffered: when there is none, or none that can be used.
        """
        place, version = self._place, self._request.version
        if place.only is not None:
            return self._named(place.only)
        if self._request.keep:
            # What is added to came from this manifest; it says the same today.
            for known in self._best_first(self._memory.releases()):
                return _parsed(self._memory.recall(known) or b"", f"redistrib_{known}.json")
        releases, certain = _releases_at(place, self._memory, offline=self._request.offline)
        fitting = self._best_first(releases)
        if not fitting and not certain and version.exact is not None:
            fitting = [version.exact]
        for release in fitting[: 1 if certain else _MOST_TRIES]:
            file = f"redistrib_{release}.json"
            with contextlib.suppress(_Missing):
                return _parsed(self._read(file), file)
        if self._cut:
            raise NotOffered(
                SOURCE,
                f"has nothing of CUDA {version} from {place.text} in the package cache, and "
                "--offline forbids to ask there",
                hints=[_ONCE],
                unreachable=True,
            )
        raise NotOffered(SOURCE, f"has no CUDA {version} at {place.text}", known=releases)

    def _named(self, file: str) -> Manifest:
        """The one manifest that the user has named."""
        found, sha256 = _parsed(self._read(file), file), self._request.sha256
        if sha256 and hashlib.sha256(found.data).hexdigest() != sha256:
            raise NotOffered(
                SOURCE,
                f"has another {file} at {self._place.text} than the one with the sha256 you gave",
            )
        if not self._request.version.matches(found.version):
            raise NotOffered(
                SOURCE,
                f"has CUDA {found.version} in {file}, and no CUDA {self._request.version}",
                known=[found.version],
            )
        return found

    def _read(self, file: str) -> bytes:
        if self._cut:
            match = FILE.fullmatch(file)
            known = [CudaVersion.parse(match[1])] if match else self._memory.releases()
            for version in self._best_first(known):
                if (data := self._memory.recall(version)) is not None:
                    return data
            raise _Missing(SOURCE, f"has no {file} in the package cache", unreachable=True)
        try:
            return self._place.manifest(file)
        except AnswerError as error:
            problem = _refusal(error)
            if error.missing:
                raise _Missing(SOURCE, problem.reason, hints=problem.hints) from error
            raise problem from error

    def _best_first(self, versions: Iterable[CudaVersion]) -> list[CudaVersion]:
        return sorted(filter(self._request.version.matches, versions), reverse=True)


def _releases_at(place: Place, memory: Memory, *, offline: bool) -> tuple[list[CudaVersion], bool]:
    """The releases that a place has, and whether that is certain.

    An address that lists nothing may have some of those that are known.

    Raises:
        NotOffered: when nobody answers there.
    """
    if offline and not place.here:
        return memory.releases(), True
    try:
        files = place.files()
    except (AnswerError, OSError) as error:
        raise _refusal(error) from error
    if files is None:
        return known_releases(), False
    return [CudaVersion.parse(match[1]) for match in map(FILE.fullmatch, files) if match], True


def _manifest_at_hand(version: CudaVersion, place: Place, memory: Memory) -> Manifest | None:
    """The manifest of a release, when no connection is needed to read it and it can be used."""
    file = f"redistrib_{version}.json"
    with contextlib.suppress(AnswerError, ManifestError):
        data = place.manifest(file) if place.here else memory.recall(version)
        return parse_manifest(data, file) if data is not None else None
    return None


def _parsed(data: bytes, file: str) -> Manifest:
    try:
        return parse_manifest(data, file)
    except ManifestError as error:
        raise NotOffered(SOURCE, f"cannot use {file}: it {error}", hints=[_DAMAGED]) from error


def _refusal(error: Exception) -> NotOffered:
    """What a failure to read something at a place means."""
    reason = getattr(error, "message", None) or str(error)
    return NotOffered(
        SOURCE,
        f"cannot be asked: {reason.rstrip('.')}",
        hints=[
            *getattr(error, "hints", ()),
            "--from ADDRESS or the setting plugins.cuda_redist names another place.",
        ],
        unreachable=getattr(error, "unreachable", False),
    )


def _setting() -> str:
    return str(context.plugins.cuda_redist or "")
