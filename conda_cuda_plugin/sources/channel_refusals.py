"""What it means when conda's solver or a channel fails."""

from __future__ import annotations

from collections.abc import Sequence

from ..addons import addons
from ..toolkit import Flavor, releases
from ..versions import CudaVersion
from .addon_packages import asked
from .base import NotOffered, ToolkitRequest

FIRST_LABEL = CudaVersion(11, 3)
"""NVIDIA's channel has split packages, nvcc among them, from here on, under one label a release."""


def refusal_of(error: BaseException, channels: Sequence[str], version: str) -> NotOffered:
    """What a failure of the solver means for the user."""
    from conda.exceptions import (
        ChannelError,
        CondaHTTPError,
        PackagesNotFoundError,
        ProxyError,
        ResolvePackageNotFound,
        UnavailableInvalidChannel,
        UnsatisfiableError,
    )

    from ..conda_compat import detail, first_line

    where = ", ".join(channels)
    if isinstance(error, NotOffered):
        return error
    if isinstance(error, (UnsatisfiableError, PackagesNotFoundError, ResolvePackageNotFound)):
        return nothing(version, channels)
    if isinstance(error, UnavailableInvalidChannel):
        return NotOffered(
            "channel",
            f"cannot be read: there is no channel at {detail(error, 'channel_url') or where}",
            unreachable=True,
            hints=["Name another channel with -c, or in the setting plugins.cuda_channels."],
        )
    if isinstance(error, (CondaHTTPError, ChannelError, ProxyError, OSError)):
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
    refusals: Sequence[NotOffered], request: ToolkitRequest, channels: Sequence[str]
) -> NotOffered:
    """One refusal for several attempts."""
    if not request.wanted_addons:
        first = refusals[0]
        return first if len(refusals) == 1 else nothing(asked(request), channels)
    from .addon_channel import versions_there

    found = nothing(asked(request), channels)
    for name in request.wanted_addons:
        there = versions_there(request, name)
        if there:
            found.hints.insert(0, f"{addons()[name].title} there: {', '.join(there)}.")
    return found


def nothing(version: str, channels: Sequence[str]) -> NotOffered:
    """The channels do not hold what was asked for."""
    option = " ".join(f"-c {channel}" for channel in channels)
    return NotOffered(
        "channel",
        f"has no CUDA {version} on {', '.join(channels)}",
        hints=[f"conda cuda list --available {option} shows what there is."],
    )


def no_such_flavor(request: ToolkitRequest) -> NotOffered:
    """No channel holds a compiler, or single components, of the oldest releases."""
    known = [row.version for row in releases() if request.version.matches(row.version)]
    if known and max(known) < FIRST_LABEL:
        from .runfile.names import EXAMPLE, installer_for

        asked = "the flavor devel" if request.flavor is Flavor.DEVEL else "single components"
        names = ",".join(request.components)
        words = "--flavor devel" if request.flavor is Flavor.DEVEL else f"--components {names}"
        installer = installer_for(request.version, request.platform.machine) or EXAMPLE
        return NotOffered(
            "channel",
            f"has CUDA {request.version} as one runtime package, without {asked}",
            hints=[
                f"conda cuda use {request.version} --from channel   (the libraries)",
                f"conda cuda use {request.version} {words} --from {installer}"
                "   (NVIDIA's installer, downloaded from NVIDIA)",
            ],
        )
    return NotOffered(
        "channel",
        f"has CUDA {request.version} as one package; its components cannot be picked",
        hints=[f"conda cuda use {request.version} --flavor runtime"],
    )
