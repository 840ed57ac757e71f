"""What it means when conda's solver or a channel fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conda.exceptions import (
    ChannelError,
    CondaHTTPError,
    CondaSSLError,
    NoWritablePkgsDirError,
    PackagesNotFoundError,
    ProxyError,
    ResolvePackageNotFound,
    UnavailableInvalidChannel,
    UnsatisfiableError,
)

from ...addons import addons
from ...network.answers import NoAnswerError
from ...network.connections import AnswerError, hints_for, meaning
from ...packages.channel_records import FETCH_ANEW
from ...quoting import typed
from ...system.conda_compat import detail, first_line
from ...system.shared_caches import NoWritableCacheError
from ...toolkit import Flavor, releases
from ...versions import CudaVersion
from ..addon_packages import asked, versions_there
from ..base import NotOffered, ToolkitRequest
from ..runfile.installers import EXAMPLE, installer_for

FIRST_LABEL = CudaVersion(11, 3)
"""NVIDIA's channel has split packages, nvcc among them, from here on, under one label a release."""


def refusal_of(error: BaseException, channels: Sequence[str], version: str) -> NotOffered:
    """What a failure of the solver means for the user."""

    where = ", ".join(error.channels if isinstance(error, NoAnswerError) else channels)
    if isinstance(error, NotOffered):
        return error
    if isinstance(error, (UnsatisfiableError, PackagesNotFoundError, ResolvePackageNotFound)):
        return nothing(version, channels)
    if isinstance(error, AnswerError) and (error.slow or not error.silent):
        return NotOffered(
            "channel",
            f"cannot be read: {f'{where} {error.reason}' if error.silent else error.message[:-1]}",
            unreachable=True,
            hints=error.hints,
        )
    status = detail(error, "status_code")
    if status.isdigit() and int(status) not in (0, 404, 410):
        place = detail(error, "channel_url") or where
        return NotOffered(
            "channel",
            f"cannot be read: {place} {meaning(int(status))}",
            unreachable=True,
            hints=hints_for(int(status)) or ["Name another channel with -c."],
        )
    if isinstance(error, UnavailableInvalidChannel):
        return NotOffered(
            "channel",
            f"cannot be read: there is no channel at {detail(error, 'channel_url') or where}",
            unreachable=True,
            hints=["Name another channel with -c, or in the setting plugins.cuda_channels."],
        )
    if isinstance(error, (AttributeError, KeyError, RecursionError, TypeError, ValueError)):
        return NotOffered(
            "channel",
            f"cannot be read: what {where} has as its index is none, or is damaged",
            unreachable=True,
            hints=[FETCH_ANEW],
        )
    if isinstance(error, NoWritablePkgsDirError):
        ours = NoWritableCacheError()
        return NotOffered(
            "channel", f"cannot be read: {ours.message[:-1]}", unreachable=True, hints=ours.hints
        )
    if isinstance(error, CondaSSLError):
        return NotOffered(
            "channel",
            f"cannot be reached: no answer that can be trusted from {where}",
            unreachable=True,
            hints=["conda config --show ssl_verify says which certificates conda trusts."],
        )
    if isinstance(error, (AnswerError, CondaHTTPError, ChannelError, ProxyError, OSError)):
        return NotOffered(
            "channel",
            f"cannot be reached: no answer from {where}",
            unreachable=True,
            hints=["Check the network, or name another channel with -c."],
        )
    if isinstance(error, (KeyboardInterrupt, MemoryError)):
        raise error
    return NotOffered("channel", f"found no way to CUDA {version} on {where}: {first_line(error)}")


def better(
    refusals: Sequence[NotOffered],
    request: ToolkitRequest,
    channels: Sequence[str],
    known: Sequence[CudaVersion],
) -> NotOffered:
    """One refusal for several attempts.

    Args:
        refusals: why each came to nothing, the likeliest attempt first.
        request: what was asked for.
        channels: those that were asked.
        known: the releases that they have.
    """
    found = nothing(asked(request), channels, known)
    if not request.wanted_addons:
        reason = refusals[0].reason if refusals else found.reason
        hints = refusals[0].hints if refusals else found.hints
        return NotOffered("channel", reason, hints=hints, known=known)

    for name in request.wanted_addons:
        there = versions_there(request, name)
        if there:
            found.hints.insert(0, f"{addons()[name].title} there: {', '.join(there)}.")
    return found


def nothing(version: str, channels: Sequence[str], known: Sequence[CudaVersion] = ()) -> NotOffered:
    """The channels do not hold what was asked for.

    Args:
        version: what was asked for.
        channels: those that were asked.
        known: the releases that they have.
    """
    option = " ".join(f"-c {typed(channel)}" for channel in channels)
    return NotOffered(
        "channel",
        f"has no CUDA {version} on {', '.join(channels)}",
        hints=[f"conda cuda list --available {option} shows what there is."],
        known=known,
    )


def lacking(version: CudaVersion, channel: str, lacks: str) -> NotOffered:
    """A channel has a release in part only."""
    return NotOffered(
        "channel",
        f"has CUDA {version} on {channel} without {lacks}",
        hints=[f"conda cuda list --available -c {typed(channel)} shows what it has whole."],
        known=[version],
    )


def mixture(version: CudaVersion, records: Sequence[Any]) -> NotOffered:
    """The solver would put packages of other releases into a toolkit."""
    strange = ", ".join(f"{record.name} {record.version}" for record in records[:3])
    more = f" and {len(records) - 3} more" if len(records) > 3 else ""
    return NotOffered(
        "channel",
        f"has CUDA {version} only together with what is not of that release: {strange}{more}",
        hints=["conda cuda list --available shows who else has it."],
        known=[version],
    )


def no_such_flavor(request: ToolkitRequest) -> NotOffered:
    """No channel holds a compiler, or single components, of the oldest releases."""
    known = [row.version for row in releases() if request.version.matches(row.version)]
    if known and max(known) < FIRST_LABEL:
        asked = "the flavor devel" if request.flavor is Flavor.DEVEL else "single components"
        names = typed(",".join(request.components))
        words = "--flavor devel" if request.flavor is Flavor.DEVEL else f"--components {names}"
        installer = installer_for(request.version, request.platform.machine) or EXAMPLE
        return NotOffered(
            "channel",
            f"has CUDA {request.version} as one runtime package, without {asked}",
            hints=[
                f"conda cuda use {typed(str(request.version))} --from channel   (the libraries)",
                f"conda cuda use {typed(str(request.version))} {words} --from {installer}"
                "   (NVIDIA's installer, downloaded from NVIDIA)",
            ],
        )
    return NotOffered(
        "channel",
        f"has CUDA {request.version} as one package; its components cannot be picked",
        hints=[f"conda cuda use {typed(str(request.version))} --flavor runtime"],
    )
