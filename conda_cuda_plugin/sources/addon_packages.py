"""cuDNN and NCCL for a toolkit whose own source has them apart, or not at all.

Sources call `check_addons_early` before they ask anybody, and `addon_packages` as soon as they
know the release.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..addons import addons, check_major, check_platform, fits, in_words
from ..toolkit import releases
from ..versions import CudaVersion
from .base import NotOffered, Package, ToolkitRequest

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
            from .addon_wheels import from_wheels

            rows, specs, fetch = from_wheels(request, version, name, wanted, source)
            return AddonPackages(rows, specs, ("PyPI",), fetch)
        except NotOffered as error:
            refusal = error
    if channels:
        from .addon_channel import from_channels

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
