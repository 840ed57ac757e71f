"""NVIDIA's redist archives: which releases there are, and what is taken of them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conda.base.context import context

from ...environment import Environment
from ...network.download import DownloadError
from ...packages.local_channel import LocalChannel
from ...platforms import Platform
from ...toolkit import Flavor, Origin
from ...versions import CudaVersion
from ..addon_packages import addon_packages, check_addons_early
from ..base import AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest
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


@dataclass(frozen=True)
class FoundManifest:
    """A manifest and its text."""

    manifest: Manifest
    data: bytes


class _Missing(NotOffered):
    """There is no such manifest."""


def releases_at(place: Place, memory: Memory, *, offline: bool) -> tuple[list[CudaVersion], bool]:
    """The releases that a place has.

    Args:
        place: the place.
        memory: what toolkits were installed from it before.
        offline: make no connection.

    Returns:
        The releases, and whether that is certain: an address that lists nothing may have some of
        those that are known.

    Raises:
        NotOffered: when nobody answers there.
    """
    if offline and not place.here:
        return memory.releases(), True
    try:
        files = place.files()
    except (DownloadError, OSError) as error:
        raise refusal(error) from error
    if files is None:
        return known_releases(), False
    return [CudaVersion.parse(match[1]) for match in map(FILE.fullmatch, files) if match], True


def find_manifest(request: ToolkitRequest, place: Place, memory: Memory) -> FoundManifest:
    """The manifest of the newest release at a place that meets a request.

    Raises:
        NotOffered: when there is none, or none that can be used.
    """
    if place.only is not None:
        return _named(request, place, place.only, memory)
    if request.keep:
        # What is added to came from this manifest; it says the same today.
        for version in _best_first(request, memory.releases()):
            return _parsed(memory.recall(version) or b"", f"redistrib_{version}.json")
    known, certain = releases_at(place, memory, offline=request.offline)
    fitting = _best_first(request, known)
    if not fitting and not certain and request.version.exact is not None:
        fitting = [request.version.exact]
    for version in fitting[: 1 if certain else _MOST_TRIES]:
        file = f"redistrib_{version}.json"
        with contextlib.suppress(_Missing):
            return _parsed(_read(request, place, file, memory), file)
    if request.offline and not place.here:
        raise NotOffered(
            SOURCE,
            f"has nothing of CUDA {request.version} from {place.text} in the package cache, and "
            "--offline forbids to ask there",
            hints=[
                "Run the command without --offline once, on this machine or on one that shares "
                "its package cache."
            ],
            unreachable=True,
        )
    raise NotOffered(SOURCE, f"has no CUDA {request.version} at {place.text}", known=known)


def manifest_at_hand(version: CudaVersion, place: Place, memory: Memory) -> Manifest | None:
    """The manifest of a release, when no connection is needed to read it and it can be used."""
    file = f"redistrib_{version}.json"
    with contextlib.suppress(DownloadError, ManifestError):
        data = place.manifest(file) if place.here else memory.recall(version)
        return parse_manifest(data, file) if data is not None else None
    return None


def refusal(error: Exception) -> NotOffered:
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


def _named(request: ToolkitRequest, place: Place, file: str, memory: Memory) -> FoundManifest:
    """The one manifest that the user has named."""
    found = _parsed(_read(request, place, file, memory), file)
    if request.sha256 and hashlib.sha256(found.data).hexdigest() != request.sha256:
        raise NotOffered(
            SOURCE, f"has another {file} at {place.text} than the one with the sha256 you gave"
        )
    if not request.version.matches(found.manifest.version):
        raise NotOffered(
            SOURCE,
            f"has CUDA {found.manifest.version} in {file}, and no CUDA {request.version}",
            known=[found.manifest.version],
        )
    return found


def _read(request: ToolkitRequest, place: Place, file: str, memory: Memory) -> bytes:
    if request.offline and not place.here:
        match = FILE.fullmatch(file)
        versions = [CudaVersion.parse(match[1])] if match else memory.releases()
        for version in _best_first(request, versions):
            data = memory.recall(version)
            if data is not None:
                return data
        raise _Missing(SOURCE, f"has no {file} in the package cache", unreachable=True)
    try:
        return place.manifest(file)
    except DownloadError as error:
        problem = refusal(error)
        if error.missing:
            raise _Missing(SOURCE, problem.reason, hints=problem.hints) from error
        raise problem from error


def _parsed(data: bytes, file: str) -> FoundManifest:
    try:
        return FoundManifest(parse_manifest(data, file), data)
    except ManifestError as error:
        raise NotOffered(
            SOURCE,
            f"cannot use {file}: it {error}",
            hints=["Take it from NVIDIA again; a mirror may hold a damaged one."],
        ) from error


def _best_first(request: ToolkitRequest, versions: Iterable[CudaVersion]) -> list[CudaVersion]:
    return sorted(filter(request.version.matches, versions), reverse=True)


_HEART = {Flavor.BASE: "cudart", Flavor.RUNTIME: "cudart", Flavor.DEVEL: "nvcc"}
"""The component without which there is no point in a flavor."""


class RedistSource:
    """The source `redist`."""

    name = SOURCE

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Reads a manifest and downloads no archive."""
        check_addons_early(request)
        place = place_of(request.location, _setting())
        channel = LocalChannel.find(request.platform.subdir)
        memory = Memory(channel, place)
        found = find_manifest(request, place, memory)
        archives, names = _choose(request, found.manifest)
        kept = {(record.name, record.version, record.build): record for record in request.keep}
        at_hand = {
            archive: kept.get((archive.name, archive.version, archive.build))
            or channel.record_of(archive.sha256, archive.name, archive.build)
            for archive in archives
        }
        missing = [archive for archive in archives if at_hand[archive] is None]
        if missing and request.offline and not place.here:
            raise _not_in_cache(found.manifest, missing, place)
        addons = addon_packages(request, found.manifest.version, source=self.name)

        def fetch() -> Sequence[Any]:

            records = dict(at_hand)
            if missing:
                fetched = fetch_archives(missing, place, request.platform)
                records.update(zip(missing, fetched, strict=True))
            memory.remember(found.manifest.version, found.data)
            return [*(records[archive] for archive in archives), *addons.fetch()]

        rows = tuple(
            Package(archive.name, archive.version, size, archive.file)
            for archive in archives
            for size in [archive.size if archive in missing else 0]
        )
        where = place.text if missing else f"{place.text}, in the package cache already"
        return Offer(
            Origin.REDIST,
            found.manifest.version,
            request.wanted_flavor,
            names,
            (*rows, *addons.packages),
            ", ".join((where, *addons.origins)),
            specs=(*(f"{one.name}=={one.version}" for one in archives), *addons.specs),
            fetch=fetch,
        )

    def available(
        self,
        platform: Platform,
        environment: Environment | None,
        channels: Sequence[str],
        offline: bool,
    ) -> Iterator[AvailableFlavor]:
        """See `Source.available`.

        NVIDIA's own server is not asked, since a table knows what it has; another place is asked
        once. Manifests are read in folders only, so sizes are known there, and where a toolkit was
        installed from before.
        """
        place = place_of(None, _setting())
        channel = LocalChannel.find(platform.subdir)
        memory = Memory(channel, place)
        if _setting() or offline:
            versions, _ = releases_at(place, memory, offline=offline)
        else:
            versions = sorted({*known_releases(), *memory.releases()})
        for version in versions:
            manifest = manifest_at_hand(version, place, memory)
            for flavor in Flavor:
                if manifest is None:
                    nvcc = flavor is Flavor.DEVEL
                    yield AvailableFlavor(version, flavor, place.text, None, nvcc)
                    continue
                used = memory.recall(version) is not None
                found = _flavor_of(manifest, flavor, platform, place, channel if used else None)
                if found is not None:
                    yield found


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
        raise NotOffered(
            SOURCE,
            f"cannot use {manifest.file}: it {error}",
            hints=["Take it from NVIDIA again; a mirror may hold a damaged one."],
        ) from error
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


def _not_in_cache(manifest: Manifest, missing: Sequence[Archive], place: Place) -> NotOffered:
    names = ", ".join(archive.component for archive in missing)
    return NotOffered(
        SOURCE,
        f"lacks {names} of CUDA {manifest.version} in the package cache, and --offline forbids to "
        f"ask {place.text}",
        hints=[
            "Run the command without --offline once, on this machine or on one that shares its "
            "package cache."
        ],
        unreachable=True,
    )


def _setting() -> str:

    return str(context.plugins.cuda_redist or "")
