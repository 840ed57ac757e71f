"""NVIDIA's redist archives: every component by itself, nvcc among them.

A manifest `redistrib_X.Y.Z.json` lists them with sizes and hashes. Manifest and archives lie on
NVIDIA's download server, on a mirror of it, or in a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...environment import Environment
from ...local_channel import LocalChannel
from ...platforms import Platform
from ...toolkit import Flavor, Origin
from ..addon_packages import addon_packages, check_addons_early
from ..base import AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest
from .manifest import (
    Archive,
    Manifest,
    ManifestError,
    chosen,
    known_releases,
    part_of_toolkit,
)
from .place import Memory, Place, place_of
from .release import (
    SOURCE,
    find_manifest,
    manifest_at_hand,
    releases_at,
)

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
            from .fetch import fetch_archives

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
        """See `Source.available`. NVIDIA's own server is not asked, since what it has is known, and
        another place is looked at once. Manifests are read in folders only, so that sizes are
        known there, and where a toolkit was installed from before."""
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
    from conda.base.context import context

    return str(context.plugins.cuda_redist or "")
