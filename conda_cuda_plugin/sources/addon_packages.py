"""cuDNN and NCCL from channels and wheels, for a toolkit that lacks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from conda.exceptions import CondaError
from conda.models.version import VersionOrder, VersionSpec

from ..addons import Addon, addons, check_major, check_platform, fits, in_words
from ..packages.cache import not_in_cache
from ..packages.channel_records import records_named
from ..packages.local_channel import LocalChannel
from ..toolkit import releases
from ..versions import CudaVersion
from .base import DEFAULT_CHANNELS, NotOffered, Package, ToolkitRequest
from .pypi.parts import Parts, find_parts
from .pypi.wheel import IndexFailure

FIRST_WHEELS = 11
"""The first major version of CUDA that add-ons have wheels for."""


@dataclass(frozen=True)
class AddonPackages:
    """The packages of the wanted add-ons; nothing has been downloaded yet."""

    packages: tuple[Package, ...] = ()
    """For the offer's `packages`."""
    specs: tuple[str, ...] = ()
    """For the offer's `specs`."""
    origins: tuple[str, ...] = ()
    """Where they come from, for the offer's `detail`: `PyPI`, `conda-forge`."""
    fetch: Callable[[], Sequence[Any]] = field(default=tuple, compare=False)
    """Downloads what is missing and returns conda records, to be linked with the toolkit's."""


def check_addons_early(request: ToolkitRequest) -> None:
    """Refuse an add-on that the wanted releases cannot have, before anybody is asked.

    Raises:
        CudaError: in words, with the versions that exist.
    """
    check_platform(request.addons, windows=request.platform.windows)
    majors = {row.version.major for row in releases() if request.version.matches(row.version)}
    if not majors and request.version.release:
        majors = {int(request.version.release.partition(".")[0])}
    if len(majors) == 1:
        check_major(request.wanted_addons, majors.pop())


def addon_packages(
    request: ToolkitRequest,
    version: CudaVersion,
    *,
    source: str,
    only: Sequence[str] | None = None,
    channels: bool = True,
) -> AddonPackages:
    """The packages of the add-ons that a request wants, for a toolkit of any origin.

    What `request.keep` has in the wanted version already is kept as it is. Everything else comes
    from PyPI's wheels for CUDA 11 and later, else from the channel's packages alone: the toolkit
    that those depend on is there already, so it is left out. Nothing is downloaded here, and with
    no add-on wanted nothing is asked.

    Args:
        request: what is wanted; its channels, platform and `offline` count too.
        version: the toolkit's release.
        source: the name of the source that asks, for the error.
        only: the add-ons to give, of those wanted; all by default.
        channels: whether channels may serve what PyPI does not have.

    Raises:
        CudaError: when the version does not exist for this CUDA or platform.
        NotOffered: when nobody has it.
    """
    wanted = {
        name: text for name, text in request.wanted_addons.items() if only is None or name in only
    }
    check_platform(wanted, windows=request.platform.windows)
    check_major(wanted, version.major)
    found = [_one(request, version, name, text, source, channels) for name, text in wanted.items()]
    return AddonPackages(
        tuple(package for part in found for package in part.packages),
        tuple(spec for part in found for spec in part.specs),
        tuple(dict.fromkeys(origin for part in found for origin in part.origins)),
        lambda: [record for part in found for record in part.fetch()],
    )


def kept_addon(request: ToolkitRequest, name: str) -> tuple[Any, ...]:
    """The records of an add-on in the toolkit that is added to, if it may stay as it is."""
    wanted = request.wanted_addons.get(name)
    records = tuple(record for record in request.keep if addons()[name].owns(record.name))
    if wanted is None or not all(fits(wanted, record.version) for record in records):
        return ()
    return records


def changing_addons(request: ToolkitRequest) -> tuple[str, ...]:
    """The wanted add-ons that are not there in the wanted version yet."""
    return tuple(name for name in request.wanted_addons if not kept_addon(request, name))


def asked(request: ToolkitRequest) -> str:
    """`12.4 with cuDNN 8.9`: what a request is for, as the end of `CUDA ...`."""
    text = in_words(request.wanted_addons)
    return f"{request.version} with {text}" if text else str(request.version)


def _one(
    request: ToolkitRequest,
    version: CudaVersion,
    name: str,
    wanted: str,
    source: str,
    channels: bool,
) -> AddonPackages:
    kept = kept_addon(request, name)
    if kept:
        rows = tuple(Package(record.name, record.version, 0, record.fn) for record in kept)
        specs = tuple(f"{record.name}=={record.version}" for record in kept)
        return AddonPackages(rows, specs, (), lambda: kept)
    refusal: NotOffered | None = None
    if version.major >= FIRST_WHEELS:
        try:
            parts = from_wheels(request, version, name, wanted, source)
            return AddonPackages(parts.rows, parts.specs, ("PyPI",), parts.fetch)
        except NotOffered as error:
            refusal = error
    if channels:
        found = from_channels(request, version, name, wanted)
        if found is not None:
            rows, specs, origin, records = found
            return AddonPackages(rows, specs, (origin,), lambda: records)
    if refusal is None:
        text = in_words({name: wanted})
        refusal = NotOffered(
            source,
            f"has no {text}, and no channel has it for CUDA {version.release}",
            hints=["Name a channel that has it with -c CHANNEL."],
        )
    raise refusal


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

    for spec in record.depends:
        name, _, constraint = spec.partition(" ")
        constraint = constraint.partition(" ")[0]
        if name in _TIES and constraint and not VersionSpec(constraint).match(version.release):
            return False
    return True


def from_wheels(
    request: ToolkitRequest, version: CudaVersion, name: str, wanted: str, source: str
) -> Parts:
    """The parts of an add-on that an index has; nothing is downloaded yet.

    Raises:
        NotOffered: when no index that was asked has it.
    """
    pin = f"{addons()[name].wheel(version.major)}=={wanted}.*"
    try:
        return find_parts([pin], request, LocalChannel.find(request.platform.subdir))
    except IndexFailure as error:
        raise _refusal(error, request, version, {name: wanted}, source) from error


def _refusal(
    error: IndexFailure,
    request: ToolkitRequest,
    version: CudaVersion,
    wanted: dict[str, str],
    source: str,
) -> NotOffered:
    """What the failure of an index means for the user."""
    text = in_words(wanted)
    (name,) = wanted
    title = addons()[name].title
    if error.versions:
        shown = ", ".join(error.versions[-6:])
        return NotOffered(
            source,
            f"has no {text} for CUDA {version.major} on {request.platform.subdir}: "
            "no index or channel that was asked has it",
            hints=[f"{title} for CUDA {version.major} on PyPI, the newest: {shown}."],
        )
    if request.offline:
        return NotOffered(
            source,
            f"has no {text} for CUDA {version.major} in the package cache, and --offline forbids "
            "to ask the index",
            hints=["Run the command without --offline once."],
            unreachable=True,
        )
    reason = f"cannot be given {text}: {error.reason}"
    if error.requirement:
        reason = (
            f"has no {text} for CUDA {version.major} on the index that pip is configured to use"
        )
    return NotOffered(source, reason, hints=error.hints, unreachable=error.unreachable)
