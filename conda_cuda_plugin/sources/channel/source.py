"""conda channels: `cudatoolkit` up to 11.8, and the metapackages of later releases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...addons import addons
from ...environment import Environment
from ...packages.cuda_packages import is_cuda_package
from ...packages.on_machine import solve_on
from ...toolkit import Origin, releases
from ...versions import CudaVersion
from ..addon_packages import addon_packages, asked
from ..base import DEFAULT_CHANNELS, AvailableFlavor, NotOffered, Offer, Search, ToolkitRequest
from ..keep_installed import changing_addons, channels_with, hold, made_of_wheels, staying
from ..parts import parts_of
from . import mirrored
from .contents import TIE, Channels, read_channels
from .flavors import FIRST_SPLIT, Selection, flavors_on, label_of, labels, selections, wanted_names
from .refusals import (
    FIRST_LABEL,
    OtherMachine,
    as_it_counts,
    better,
    mixture,
    no_such_flavor,
    refusal_of,
    shown_to_solver,
)
from .release import releases_on

_MOST_SOLVES = 3
"""How many selections the solver may refuse: each costs seconds, and they fail alike."""


@dataclass(frozen=True)
class _Apart:
    """Add-ons that the solver is not asked for."""

    names: tuple[str, ...] = ()
    held: bool = False
    """Whether the packages of the toolkit that is added to stay as they are."""


class ChannelSource:
    """The source `channel`."""

    name = "channel"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Runs conda's solver and changes nothing."""
        return mirrored.offer_of(request, environment, lambda: self._ordinary(request, environment))

    def _ordinary(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """The offer by the names that CUDA's packages have on channels."""
        ways = _apart(request)
        kept = self._kept(request, ways[0])
        if kept is not None:
            return kept
        names = request.channels or DEFAULT_CHANNELS
        if request.keep:
            names = channels_with(request, names)
        try:
            channels = _read(names, request)
        except NotOffered:
            # What is there may do, with add-ons from elsewhere.
            kept = self._kept(request, ways[-1])
            if kept is not None:
                return kept
            raise
        refusals: list[NotOffered] = []
        found = _with_labels(request, channels, refusals)
        for selection in itertools.islice(found, _MOST_SOLVES):
            for apart in _ways(request, selection):
                try:
                    return self._solve(request, environment, selection, apart)
                except NotOffered as refusal:
                    if refusal.unreachable and refusal.source == self.name:
                        raise
                    refusals.append(refusal)
        elsewhere = next((one for one in refusals if isinstance(one, OtherMachine)), None)
        if elsewhere is not None:
            raise elsewhere
        if not refusals and _cannot_be_had(request, since=FIRST_LABEL):
            raise no_such_flavor(request)
        known = {one.version for each in channels.contents for one in releases_on(each)}
        raise better(refusals, request, names, sorted(known))

    def available(self, search: Search) -> Iterator[AvailableFlavor]:
        """See `Source.available`. Runs no solver."""
        names = tuple(search.channels) or DEFAULT_CHANNELS
        there, failures = read_channels(names, search.platform.subdir, search.offline)
        found = list(flavors_on(Channels(there)))
        yield from found
        if search.channels:
            readable = [contents.channel for contents in there]
            yield from mirrored.available(readable, search.platform.subdir, found)
        if not search.channels and "nvidia" not in failures:
            have = {flavor.version.release for flavor in found if flavor.nvcc}
            yield from labels(without=have)
        if failures:
            raise refusal_of(next(iter(failures.values())), tuple(failures), "latest")

    def _kept(self, request: ToolkitRequest, apart: tuple[str, ...]) -> Offer | None:
        """The offer when all that is wanted is there, for which no channel is asked.

        `apart` are add-ons that the solver would not be asked for.
        """
        if not request.keep:
            return None
        stay = staying(request, apart)
        # `cudatoolkit` is base and runtime at once.
        whole = _has_monolith(request) and not request.components and not request.compiles
        wanted = [*([] if whole else wanted_names(request)), *_addon_specs(request, apart)]
        if hold(wanted, stay)[0]:
            return None
        version = request.version.exact or CudaVersion.parse(str(request.version))
        return self._offer(request, version, stay, apart, wanted, None)

    def _solve(
        self, request: ToolkitRequest, environment: Environment, selection: Selection, apart: _Apart
    ) -> Offer:
        """The offer of a selection, with all that it needs besides.

        Raises:
            NotOffered: when the solver finds no way, or only one with parts of another release.
        """
        tie = [f"{TIE} {selection.version.release}.*"] if selection.tied else []
        own = [f"{record.name}=={record.version}" for record in selection.records]
        if request.quick:
            addons = tuple(request.wanted_addons)
            found = selection.records
            return self._offer(request, selection.version, found, addons, (), selection)
        specs = [*tie, *own, *_addon_specs(request, apart.names)]
        named = [spec for spec in specs if spec.split("==")[0] in {*wanted_names(request), TIE}]
        held: Sequence[str] = ()
        if apart.held:
            stay = staying(request, apart.names)
            specs, held = hold(specs, stay)
            if not specs:
                return self._offer(request, selection.version, stay, apart.names, named, selection)
        subdir, specs = request.platform.subdir, [*specs, *held]
        machine = as_it_counts(request.machine, selection.version)
        try:
            seen = shown_to_solver(machine, selection.version)
            records = solve_on(seen, environment.prefix, selection.channels, subdir, specs)
        except (Exception, SystemExit) as error:
            raise refusal_of(error, selection.channels, asked(request), machine) from error
        strange = [record for record in records if not selection.holds(record)]
        if strange:
            raise mixture(selection.version, strange)
        return self._offer(request, selection.version, records, apart.names, named, selection)

    def _offer(
        self,
        request: ToolkitRequest,
        version: CudaVersion,
        records: Sequence[Any],
        apart: tuple[str, ...],
        specs: Sequence[str],
        selection: Selection | None,
    ) -> Offer:
        """An offer of some packages, and of the add-ons that come apart from them."""
        more = addon_packages(request, version, source=self.name, only=apart)
        parts = parts_of(records, request.keep)
        owns = selection.owns if selection else is_cuda_package
        channels = {str(record.channel.canonical_name) for record in records if owns(record.name)}
        return Offer(
            Origin.CHANNEL,
            version,
            selection.flavor if selection else request.wanted_flavor,
            request.wanted_components,
            (*parts.packages, *more.packages),
            ", ".join(dict.fromkeys((*sorted(channels), *more.origins))),
            specs=(*specs, *more.specs),
            fetch=lambda: (*parts.fetch(), *more.fetch()),
            note=selection.note if selection else None,
        )


def _read(names: Sequence[str], request: ToolkitRequest) -> Channels:
    """The channels of a request.

    Raises:
        NotOffered: when one of them cannot be read.
    """
    # conda reads what is cached of a channel that must not be asked.
    contents, failures = read_channels(names, request.platform.subdir, offline=False)
    if failures:
        raise refusal_of(next(iter(failures.values())), tuple(failures), asked(request))
    return Channels(contents)


def _with_labels(
    request: ToolkitRequest, channels: Channels, refusals: list[NotOffered]
) -> Iterator[Selection]:
    """What the channels have that meets a request; then what a label of NVIDIA's has."""
    yield from selections(request, channels, refusals)
    label = None if request.channels else label_of(request)
    if label is None:
        return
    try:
        labelled = _read((label,), request)
    except NotOffered as refusal:
        # A mirror of the channel may lack the label. That matters where only it has a compiler.
        if not refusals and _cannot_be_had(request, since=FIRST_SPLIT):
            refusals.append(refusal)
        return
    more = Channels((*labelled.contents, *channels.contents))
    yield from selections(request, more, refusals, only=label)


def _ways(request: ToolkitRequest, selection: Selection) -> Iterator[_Apart]:
    """The ways to take add-ons along, the likeliest first: from the channels, then apart."""
    # conda-forge's add-ons would bring CUDA 11 once more, as `cudatoolkit`.
    parts_of_11 = not selection.monolith and selection.version < FIRST_SPLIT
    always = tuple(request.wanted_addons) if parts_of_11 else ()
    if request.keep and _has_monolith(request) == selection.monolith:
        for apart in _apart(request):
            yield _Apart(tuple(dict.fromkeys((*always, *apart))), held=True)
    yield _Apart(always)


def _apart(request: ToolkitRequest) -> list[tuple[str, ...]]:
    """The add-ons to leave apart when a toolkit is added to, the fewest first."""
    wheels = made_of_wheels(request)
    return list(dict.fromkeys((wheels, (*wheels, *changing_addons(request)))))


def _has_monolith(request: ToolkitRequest) -> bool:
    return any(record.name == "cudatoolkit" for record in request.keep)


def _addon_specs(request: ToolkitRequest, apart: Sequence[str]) -> list[str]:
    """What the solver is asked for because of add-ons."""
    return [
        f"{package} {version}.*"
        for name, version in request.wanted_addons.items()
        if name not in apart
        for package in addons()[name].channel
    ]


def _cannot_be_had(request: ToolkitRequest, since: CudaVersion) -> bool:
    """Whether parts are asked for of releases that are older than those made of parts."""
    known = [row for row in releases() if request.version.matches(row.version)]
    return (
        bool(known)
        and all(row.version < since for row in known)
        and (bool(request.components) or request.compiles)
    )
