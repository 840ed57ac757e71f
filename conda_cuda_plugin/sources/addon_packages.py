"""cuDNN and NCCL from channels and wheels, for a toolkit that lacks them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from conda.exceptions import CondaError
from conda.models.version import VersionOrder, VersionSpec

from ..addons import Addon, addons, check_major, check_platform, fits, in_words
from ..packages.channel_records import Row, meets, rows_named
from ..packages.local_channel import LocalChannel
from ..toolkit import releases
from ..versions import CudaVersion
from .base import DEFAULT_CHANNELS, NotOffered, ToolkitRequest
from .keep_installed import kept_addon
from .parts import Parts, parts_of
from .pypi.parts import find_parts
from .pypi.wheel import IndexFailure

FIRST_WHEELS = 11
"""The first major version of CUDA that add-ons have wheels for."""
_TIES = ("cuda-version", "cudatoolkit")
"""The dependencies that say which CUDA a package was built for."""


def check_addons_early(request: ToolkitRequest) -> None:
    """Refuse an add-on that the wanted releases cannot have, before any source is asked.

    Raises:
        CudaError: with the versions that exist.
    """
    check_platform(request.addons, windows=request.platform.windows)
    majors = {row.version.major for row in releases() if request.version.matches(row.version)}
    if not majors and request.version.release:
        majors = {int(request.version.release.partition(".")[0])}
    if len(majors) == 1:
        check_major(request.wanted_addons, majors.pop())


def asked(request: ToolkitRequest) -> str:
    """`12.4 with cuDNN 8.9`: what a request is for, as the end of `CUDA ...`."""
    text = in_words(request.wanted_addons)
    return f"{request.version} with {text}" if text else str(request.version)


def addon_packages(
    request: ToolkitRequest,
    version: CudaVersion,
    *,
    source: str,
    only: Sequence[str] | None = None,
    channels: bool = True,
) -> Parts:
    """The packages of the add-ons that a request wants, for a toolkit of any origin.

    An add-on that the toolkit has in the wanted version stays as it is. Any other comes from
    PyPI's wheels for CUDA 11 and later, else from a channel, without the toolkit that it depends
    on there. Nothing is downloaded here, and with no add-on wanted nothing is asked.

    Args:
        request: what is wanted.
        version: the toolkit's release.
        source: the name of the source that asks, for the error.
        only: the add-ons to give, of those wanted; all by default.
        channels: whether channels may serve what PyPI does not have.

    Raises:
        CudaError: when the version does not exist for this CUDA or platform.
        NotOffered: when neither PyPI nor a channel has it.
    """
    wanted = {
        name: text for name, text in request.wanted_addons.items() if only is None or name in only
    }
    check_platform(wanted, windows=request.platform.windows)
    check_major(wanted, version.major)
    found = [_one(request, version, name, source, channels) for name in wanted]
    return Parts(
        tuple(chain.from_iterable(part.packages for part in found)),
        tuple(chain.from_iterable(part.specs for part in found)),
        tuple(dict.fromkeys(origin for part in found for origin in part.origins)),
        lambda: [record for part in found for record in part.fetch()],
    )


def _one(
    request: ToolkitRequest, version: CudaVersion, name: str, source: str, channels: bool
) -> Parts:
    kept = kept_addon(request, name)
    if kept:
        return replace(parts_of(kept, kept), origins=())
    text = in_words({name: request.wanted_addons[name]})
    refusal = NotOffered(
        source,
        f"has no {text}, and no channel has it for CUDA {version.release}",
        hints=["Name a channel that has it with -c CHANNEL."],
        lacks=text,
    )
    if version.major >= FIRST_WHEELS:
        try:
            return _from_wheels(request, version, name)
        except IndexFailure as error:
            refusal = _refusal(error, request, version, name, source)
            refusal.__cause__ = error
    if channels and (records := _from_channels(request, version, name)):
        return parts_of(records)
    raise refusal


def _from_wheels(request: ToolkitRequest, version: CudaVersion, name: str) -> Parts:
    """An add-on as an index has it.

    Raises:
        IndexFailure: when no index that was asked has it.
    """
    pin = f"{addons()[name].wheel(version.major)}=={request.wanted_addons[name]}.*"
    return find_parts([pin], request, LocalChannel.find(request.platform.subdir))


def _from_channels(request: ToolkitRequest, version: CudaVersion, name: str) -> tuple[Any, ...]:
    """The records of an add-on on the first channel that has it; empty when none has."""
    addon, wanted = addons()[name], request.wanted_addons[name]
    for channel in request.channels or DEFAULT_CHANNELS:
        with contextlib.suppress(CondaError, OSError):
            if found := _on_channel(channel, request.platform.subdir, addon, wanted, version):
                return found
    return ()


def _on_channel(
    channel: str, subdir: str, addon: Addon, wanted: str, version: CudaVersion
) -> tuple[Any, ...]:
    """The newest fitting build of an add-on, with the parts of its own that it depends on."""

    def built(package: str) -> list[Row]:
        rows = rows_named(channel, subdir, package)
        return [row for row in rows if row.record is not None and _is_built_for(row, version)]

    candidates = [
        row for package in addon.channel for row in built(package) if fits(wanted, row.version)
    ]
    if not candidates:
        return ()
    chosen = [max(candidates, key=lambda row: row.age).record]
    for record in chosen:
        for spec in record.depends:
            name = spec.split()[0]
            if name not in addon.packages or name in {one.name for one in chosen}:
                continue
            part = next((row.record for row in built(name) if meets(spec, row.record)), None)
            if part is None:
                return ()
            chosen.append(part)
    return tuple(chosen)


def _is_built_for(row: Row, version: CudaVersion) -> bool:
    """Whether a package was built for a release, as far as its dependencies say."""
    for spec in row.depends:
        name, _, constraint = spec.partition(" ")
        constraint = constraint.partition(" ")[0]
        if name in _TIES and constraint and not VersionSpec(constraint).match(version.release):
            return False
    return True


def versions_there(request: ToolkitRequest, name: str, most: int = 8) -> list[str]:
    """The newest versions of an add-on that the request's channels have, oldest first.

    Only builds for the wanted release count, where one is named. A channel that cannot be read
    has none.
    """
    release = request.version.release
    version = CudaVersion.parse(release) if release else None
    found = set()
    for channel in request.channels or DEFAULT_CHANNELS:
        for package in addons()[name].channel:
            with contextlib.suppress(CondaError, OSError):
                rows = rows_named(channel, request.platform.subdir, package)
                found |= {
                    row.version for row in rows if version is None or _is_built_for(row, version)
                }
    return sorted(found, key=VersionOrder)[-most:]


def _refusal(
    error: IndexFailure, request: ToolkitRequest, version: CudaVersion, name: str, source: str
) -> NotOffered:
    """What the failure of an index means for the user."""
    text = in_words({name: request.wanted_addons[name]})
    hints: Sequence[str]
    unreachable = error.unreachable
    if error.versions:
        shown = ", ".join(error.versions[-6:])
        reason = (
            f"has no {text} for CUDA {version.major} on {request.platform.subdir}: "
            "no index or channel that was asked has it"
        )
        hints = [f"{addons()[name].title} for CUDA {version.major} on PyPI, the newest: {shown}."]
        unreachable = False
    elif request.offline:
        reason = (
            f"has no {text} for CUDA {version.major} in the package cache, and --offline forbids "
            "to ask the index"
        )
        hints = ["Run the command without --offline once."]
        unreachable = True
    elif error.requirement:
        reason = (
            f"has no {text} for CUDA {version.major} on the index that pip is configured to use"
        )
        hints = error.hints
    else:
        reason, hints = f"cannot provide {text}: {error.reason}", error.hints
    lacks = text if error.versions else ""
    return NotOffered(source, reason, hints=hints, unreachable=unreachable, lacks=lacks)
