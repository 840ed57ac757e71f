"""What it means when conda's solver or a channel fails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
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

from ...addons import addons, in_words
from ...machine.machine import Machine
from ...machine.spec import overrides
from ...network.answers import NoAnswerError
from ...network.connections import AnswerError, hints_for, meaning
from ...packages.channel_records import FETCH_ANEW
from ...packages.needs import Unmet, UnmetError
from ...quoting import typed
from ...system.conda_compat import detail, first_line
from ...system.shared_caches import NoWritableCacheError
from ...toolkit import Flavor, releases
from ...verdict.driver_rules import judge_driver
from ...verdict.verdict import Level
from ...versions import CudaVersion
from ..addon_packages import asked, versions_there
from ..base import NotOffered, ToolkitRequest

FIRST_LABEL = CudaVersion(11, 3)
"""NVIDIA's channel has split packages, nvcc among them, from here on, under one label a release."""


class OtherMachine(NotOffered):
    """A channel has what was asked for, for other machines."""


def as_it_counts(machine: Machine | None, version: CudaVersion) -> Machine | None:
    """The machine that packages of a release are chosen for.

    Of GPUs that are stated without a driver the packages have to run on each, so it counts as a
    driver that runs the release; the verdict says that none is stated.
    """
    if machine is None or machine.driver_cuda or not (machine.elsewhere and machine.capability):
        return machine
    evidence = (*machine.evidence, ("driver_cuda", "the release, as no driver is stated"))
    return replace(machine, driver_cuda=version, evidence=evidence)


def shown_to_solver(machine: Machine | None, version: CudaVersion) -> Mapping[str, str]:
    """The machine that conda's solver shall see when it looks for a release.

    Whether the driver runs the release is weighed elsewhere, and more exactly than packages can.
    Where it does only with cuda-compat, or not at all, that must not fail the solve.
    """
    if machine is None:
        return overrides(None)
    runs = judge_driver(version, machine)[0] not in (Level.COMPAT, Level.CANNOT)
    return overrides(machine, None if runs else version)


def refusal_of(
    error: BaseException, channels: Sequence[str], version: str, machine: Machine | None = None
) -> NotOffered:
    """What a failure of the solver, or of reading a channel, means for the user.

    Args:
        error: the failure.
        channels: the channels that were asked.
        version: the release, with the add-ons that are wanted.
        machine: the machine that it was asked for; None for one without a driver.
    """
    if isinstance(error, NotOffered):
        return error
    if isinstance(error, UnmetError):
        return _other_machine(error.unmet, channels, version, machine or Machine())
    if isinstance(error, (UnsatisfiableError, PackagesNotFoundError, ResolvePackageNotFound)):
        return nothing(version, channels)
    if isinstance(error, (KeyboardInterrupt, MemoryError)):
        raise error
    where = ", ".join(error.channels if isinstance(error, NoAnswerError) else channels)
    found = _unread(error, where)
    if found is None:
        reason = f"found no way to CUDA {version} on {where}: {first_line(error)}"
        return NotOffered("channel", reason)
    reason, hints = found
    return NotOffered("channel", f"cannot be {reason}", unreachable=True, hints=hints)


def _other_machine(
    unmet: Unmet, channels: Sequence[str], version: str, machine: Machine
) -> NotOffered:
    cuda, capability = unmet.other_machine(machine).values()
    return OtherMachine(
        "channel",
        f"has CUDA {version} on {', '.join(channels)} for other machines only: {unmet.text}",
        hints=[
            *unmet.hints(machine, os.environ).values(),
            f'Or in the command itself: --for "cuda={cuda},cc={capability}"',
        ],
    )


def _unread(error: BaseException, where: str) -> tuple[str, Sequence[str]] | None:
    """Why a channel cannot be read and what to do; None when that is not what an error says."""
    if isinstance(error, AnswerError) and (error.slow or not error.silent):
        why = f"{where} {error.reason}" if error.silent else error.message[:-1]
        return f"read: {why}", error.hints
    status, place = detail(error, "status_code"), detail(error, "channel_url") or where
    if status.isdigit() and int(status) not in (0, 404, 410):
        hints = hints_for(int(status)) or ["Name another channel with -c."]
        return f"read: {place} {meaning(int(status))}", hints
    if isinstance(error, UnavailableInvalidChannel):
        hints = ["Name another channel with -c, or in the setting plugins.cuda_channels."]
        return f"read: there is no channel at {place}", hints
    if isinstance(error, (AttributeError, KeyError, RecursionError, TypeError, ValueError)):
        return f"read: what {where} has as its index is not an index, or is damaged", [FETCH_ANEW]
    if isinstance(error, NoWritablePkgsDirError):
        ours = NoWritableCacheError()
        return f"read: {ours.message[:-1]}", ours.hints
    if isinstance(error, CondaSSLError):
        hints = ["conda config --show ssl_verify says which certificates conda trusts."]
        return f"reached: no answer that can be trusted from {where}", hints
    if isinstance(error, (AnswerError, CondaHTTPError, ChannelError, ProxyError, OSError)):
        hints = ["Check the network, or name another channel with -c."]
        return f"reached: no answer from {where}", hints
    return None


def better(
    refusals: Sequence[NotOffered],
    request: ToolkitRequest,
    channels: Sequence[str],
    known: Sequence[CudaVersion],
) -> NotOffered:
    """One refusal for several attempts, the likeliest first; `known` are the channels' releases."""
    found = nothing(asked(request), channels, known)
    if not request.wanted_addons:
        first = refusals[0] if refusals else found
        return NotOffered("channel", first.reason, hints=first.hints, known=known)
    if any(request.version.matches(version) for version in known):
        found.lacks = in_words(request.wanted_addons)
    for name in request.wanted_addons:
        if there := versions_there(request, name):
            found.hints.insert(0, f"{addons()[name].title} there: {', '.join(there)}.")
    return found


def nothing(version: str, channels: Sequence[str], known: Sequence[CudaVersion] = ()) -> NotOffered:
    """The channels do not have what was asked for; `known` are the releases that they have."""
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
        return NotOffered(
            "channel",
            f"has CUDA {request.version} as one runtime package, without {asked}",
            hints=[
                f"conda cuda use {typed(str(request.version))} --from channel   (the libraries)",
                f"conda cuda use {typed(str(request.version))} {words} --from runfile"
                "   (NVIDIA's installer)",
            ],
        )
    return NotOffered(
        "channel",
        f"has CUDA {request.version} as one package; its components cannot be picked",
        hints=[f"conda cuda use {typed(str(request.version))} --flavor runtime"],
    )
