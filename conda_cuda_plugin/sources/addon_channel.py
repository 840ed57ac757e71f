"""An add-on's packages on a conda channel, without the toolkit that they depend on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..addons import Addon, addons
from ..versions import CudaVersion
from .base import DEFAULT_CHANNELS, Package, ToolkitRequest

_TIES = ("cuda-version", "cudatoolkit")
"""The dependencies that say which CUDA a package was built for."""


def from_channels(
    request: ToolkitRequest, version: CudaVersion, name: str, wanted: str
) -> tuple[tuple[Package, ...], tuple[str, ...], str, tuple[Any, ...]] | None:
    """The newest fitting build of an add-on and the parts of its own that it depends on.

    Returns:
        Rows for the plan, specs, the channel's name and the conda records; None when no channel
        that can be read has it.
    """
    from conda.exceptions import CondaError

    from ..conda_packages import not_in_cache

    addon = addons()[name]
    channels = request.channels or DEFAULT_CHANNELS
    found: tuple[Any, ...] = ()
    for channel in channels:
        try:
            found = _in_channel(channel, request.platform.subdir, addon, wanted, version)
        except (CondaError, OSError):
            continue
        if found:
            break
    if not found:
        return None
    missing = not_in_cache(found)
    rows = tuple(
        Package(
            record.name,
            record.version,
            (record.get("size") or None) if record in missing else 0,
            record.fn,
        )
        for record in found
    )
    specs = tuple(f"{record.name}=={record.version}" for record in found)
    return rows, specs, str(found[0].channel.canonical_name), found


def versions_there(request: ToolkitRequest, name: str, most: int = 8) -> list[str]:
    """The newest versions of an add-on that the request's channels have, oldest first.

    Only builds for the wanted release count, where one is named. Channels that cannot be read
    have none.
    """
    from conda.exceptions import CondaError
    from conda.models.version import VersionOrder

    from ..channel_records import records_named

    release = request.version.release
    version = CudaVersion.parse(release) if release else None
    found = set()
    for channel in request.channels or DEFAULT_CHANNELS:
        for package in addons()[name].channel:
            try:
                records = records_named(channel, request.platform.subdir, package)
            except (CondaError, OSError):
                continue
            found |= {r.version for r in records if version is None or _built_for(r, version)}
    return sorted(found, key=VersionOrder)[-most:]


def _in_channel(
    channel: str, subdir: str, addon: Addon, wanted: str, version: CudaVersion
) -> tuple[Any, ...]:
    """The records of an add-on on one channel; empty when it does not have it."""
    from ..channel_records import records_named

    def query(spec: str) -> Sequence[Any]:
        records = records_named(channel, subdir, spec)
        return [record for record in records if _built_for(record, version)]

    candidates: list[Any] = []
    for package in addon.channel:
        candidates += query(f"{package} {wanted}.*")
    found = _newest(candidates)
    if found is None:
        return ()
    chosen = [found]
    for record in chosen:
        for spec in record.depends:
            name = spec.split()[0]
            if name not in addon.packages or name in {one.name for one in chosen}:
                continue
            part = _newest(query(spec))
            if part is None:
                return ()
            chosen.append(part)
    return tuple(chosen)


def _newest(records: Iterable[Any]) -> Any | None:
    from conda.models.version import VersionOrder

    return max(
        records,
        key=lambda record: (
            VersionOrder(record.version),
            record.build_number,
            record.get("timestamp") or 0,
        ),
        default=None,
    )


def _built_for(record: Any, version: CudaVersion) -> bool:
    """Whether a package was built for a release, as far as its dependencies say."""
    from conda.models.version import VersionSpec

    for spec in record.depends:
        name, _, constraint = spec.partition(" ")
        constraint = constraint.partition(" ")[0]
        if name in _TIES and constraint and not VersionSpec(constraint).match(version.release):
            return False
    return True
