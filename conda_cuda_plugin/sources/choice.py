"""Which source serves a request, and why that one."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from difflib import get_close_matches

from ..data import read_data
from ..environment import Environment
from ..errors import CudaError, UsageError
from ..network.answers import has_answered, hurried, is_late
from ..quoting import typed
from ..toolkit import Origin, Release, has_instead, nearest, published, releases
from ..versions import CudaVersion
from .base import NotOffered, Offer, ToolkitRequest, options_of
from .runfile.installers import installer_for
from .table import NAMES, ORDER
from .table import source as source_named

_MEANT = {
    "pip": "pypi",
    "wheel": "pypi",
    "wheels": "pypi",
    "conda": "channel",
    "channels": "channel",
    "conda-forge": "channel -c conda-forge",
    "nvidia": "channel -c nvidia",
    "anaconda": "channel",
    "local": "system",
    "host": "system",
    "run": "runfile",
    "installer": "runfile",
    "env": "environment",
}
"""What people call a source."""


@dataclass(frozen=True)
class Choice:
    """An offer and why it was taken."""

    offer: Offer
    reason: str


class NoSourceError(CudaError):
    """No source has what was asked for."""

    def __init__(self, request: ToolkitRequest, refusals: list[NotOffered]) -> None:
        known = {CudaVersion.parse(text) for refusal in refusals for text in refusal.known}
        known |= set(published())
        exists = any(request.version.matches(version) for version in known)
        near = None if exists else nearest(request.version, known)
        hints = [near.hint] if near else []
        if not exists:
            message = f"There is no CUDA {request.version.exact or request.version}."
        elif len(refusals) == 1:
            message = f"The source {refusals[0].source} {refusals[0].reason}."
        else:
            message = f"No source can give CUDA {request.version} now."
            hints = [f"{refusal.source}: {refusal.reason}" for refusal in refusals]
        for refusal in refusals if exists else ():
            there = [CudaVersion.parse(v) for v in refusal.known if v not in refusal.reason]
            hints += filter(None, [has_instead(refusal.source, request.version, there)])
        told = any("conda cuda use" in hint for one in refusals for hint in one.hints)
        if exists and not told:
            hints += _routes(request, {refusal.source for refusal in refusals})
        for refusal in refusals:
            # Where there is nothing to be had the network is not the reason.
            if exists and not (refusal.source == "channel" and _beyond_channels(request)):
                hints += [hint for hint in refusal.hints if hint not in hints]
        super().__init__(
            message,
            hints=hints,
            version=str(request.version),
            nearest=near.names if near else [],
            refusals={refusal.source: refusal.reason for refusal in refusals},
        )


def _matching(request: ToolkitRequest) -> list[Release]:
    return [row for row in releases() if request.version.matches(row.version)]


def _beyond_channels(request: ToolkitRequest) -> bool:
    """Whether our channels have never had what is wanted: nvcc is there from 11.3 on."""
    first = (11, 3) if request.compiles else (9, 2)
    matching = _matching(request)
    known = bool(matching) and not request.channels
    return known and all(row.version.numbers < first for row in matching)


def _routes(request: ToolkitRequest, asked: Container[str]) -> list[str]:
    """The commands that ask those sources that have not been asked and have it, by our tables."""
    # What is added to comes from where it came from.
    if request.keep or request.wanted_addons or request.location:
        return []
    matching = _matching(request)
    redist = read_data("redist.json")
    routes = {
        "channel": "" if _beyond_channels(request) else "conda's packages",
        "pypi": "NVIDIA's wheels"
        if any(row.pypi and (row.version.major >= 13 or not request.compiles) for row in matching)
        else "",
        "redist": "NVIDIA's archives, part by part"
        if request.platform.subdir in redist["platforms"]
        and any(request.version.matches(CudaVersion.parse(text)) for text in redist["releases"])
        else "",
        "runfile": "",
    }
    installer = installer_for(request.version, request.platform.machine)
    if installer and not request.platform.windows:
        routes["runfile"] = f"NVIDIA's installer {installer}, whose SHA-256 is known"
    words = f"conda cuda use {typed(str(request.version))} {options_of(request)}".strip()
    return [
        f"{words} --from {source}   ({what})"
        for source, what in routes.items()
        if what and source not in asked
    ]


def choose(request: ToolkitRequest, environment: Environment, source: str | None = None) -> Choice:
    """Ask the sources in their order, or just the named one.

    Slow channels that the user has not named are passed over while another source may serve;
    `answers` says when a channel is slow.

    Raises:
        NoSourceError: when none has it.
        UsageError: when there is no such source.
    """
    if source is not None and source not in NAMES:
        meant = _MEANT.get(source.lower()) or "".join(get_close_matches(source.lower(), NAMES, 1))
        raise UsageError(
            f"{source!r} is not a source of toolkits.",
            hints=[
                *([f"Did you mean --from {meant}?"] if meant else []),
                f"Sources: {', '.join(NAMES)}.",
                "Or NVIDIA's installer (a .run file), or where its redistrib_X.Y.Z.json lies.",
            ],
            source=source,
        )
    names = [source] if source else (request.order or ORDER)
    hurry = len(names) > 1 and not request.channels
    refusals: list[NotOffered] = []
    late: list[int] = []
    found: Offer | None = None
    for name in names:
        try:
            with hurried(hurry):
                found = source_named(name).offer(request, environment)
            break
        except NotOffered as refusal:
            if hurry and refusal.unreachable and not late and is_late():
                late.append(len(refusals))
            refusals.append(refusal)
    for place in late:
        if found is None or has_answered():
            # It was only slow: no other source has it, or they took longer.
            try:
                with hurried(found is not None):
                    found = source_named(names[place]).offer(request, environment)
                del refusals[place:]
                break
            except NotOffered as refusal:
                refusals[place] = refusal
    if found is None:
        raise NoSourceError(request, refusals)
    return Choice(found, "as asked" if source else _reason(refusals, found))


def _reason(refusals: list[NotOffered], offer: Offer) -> str:
    """Why the sources before the chosen one were passed over."""
    told = [refusal for refusal in refusals if refusal.source != "environment"]
    if not told:
        there = offer.origin is Origin.ENVIRONMENT
        return "already there" if there else "first in order"
    return "; ".join(f"{refusal.source} {refusal.reason}" for refusal in told)
