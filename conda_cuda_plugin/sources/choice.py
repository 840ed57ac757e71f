"""Which source serves a request, and why that one."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ..addons import check_major, check_platform
from ..environment import Environment
from ..errors import CudaError, UsageError
from ..network.answers import has_answered, hurried, is_late
from ..toolkit import Origin, has_instead, nearest, published, releases
from ..versions import CudaVersion
from .base import NotOffered, Offer, ToolkitRequest
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

    def __init__(
        self,
        request: ToolkitRequest,
        refusals: list[NotOffered],
        environment: Environment | None = None,
    ) -> None:
        known = {CudaVersion.parse(text) for refusal in refusals for text in refusal.known}
        known |= set(published())
        exists = any(request.version.matches(version) for version in known)
        self.refusals = {refusal.source: refusal.reason for refusal in refusals}
        self.unreachable = any(refusal.unreachable for refusal in refusals)
        near = None if exists else nearest(request.version, known)
        hints = [near.hint] if near else []
        if not exists:
            message = f"There is no CUDA {request.version.exact or request.version}."
        elif len(refusals) == 1:
            message = f"The source {refusals[0].source} {refusals[0].reason}."
        else:
            message = f"No source can give CUDA {request.version} now."
            lacks = next((refusal.lacks for refusal in refusals if refusal.lacks), "")
            if lacks:
                answering = " that answers" if self.unreachable else ""
                message = f"No source{answering} has {lacks} for CUDA {request.version}."
            hints = [f"{refusal.source}: {refusal.reason}" for refusal in refusals]
        if request.why:
            hints.insert(0, f"CUDA {request.version} was chosen: {request.why}.")
        for refusal in refusals if exists else ():
            there = [CudaVersion.parse(v) for v in refusal.known if v not in refusal.reason]
            hints += filter(None, [has_instead(refusal.source, request.version, there)])
        # Not at the top: what finds an offer needs no way out.
        from .routes import beyond_channels, routes

        told = any("conda cuda use" in hint for one in refusals for hint in one.hints)
        if exists and not told:
            hints += routes(request, {refusal.source for refusal in refusals}, environment)
        for refusal in refusals:
            # Where there is nothing to be had the network is not the reason.
            in_vain = not exists or (refusal.source == "channel" and beyond_channels(request))
            if not (refusal.unreachable and in_vain):
                hints += [hint for hint in refusal.hints if hint not in hints]
        super().__init__(
            message,
            hints=hints,
            version=str(request.version),
            nearest=near.names if near else [],
            refusals=self.refusals,
            unreachable=self.unreachable,
        )


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
                found = _offer(name, request, environment)
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
                    found = _offer(names[place], request, environment)
                del refusals[place:]
                break
            except NotOffered as refusal:
                refusals[place] = refusal
    if found is None:
        raise NoSourceError(request, refusals, environment)
    return Choice(found, "as asked" if source else _reason(refusals, found))


def _offer(name: str, request: ToolkitRequest, environment: Environment) -> Offer:
    if not Origin(name).adopted:
        # What an adopted toolkit has besides is there already, whatever the tables say.
        _check_addons(request)
    return source_named(name).offer(request, environment)


def _check_addons(request: ToolkitRequest) -> None:
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


def _reason(refusals: list[NotOffered], offer: Offer) -> str:
    """Why the sources before the chosen one were passed over."""
    told = [refusal for refusal in refusals if refusal.source != "environment"]
    if not told:
        there = offer.origin is Origin.ENVIRONMENT
        return "already there" if there else "first in order"
    return "; ".join(f"{refusal.source} {refusal.reason}" for refusal in told)
