"""conda channels: `cudatoolkit` up to 11.8, the split packages with `cuda-version` from 12.0 on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..addons import addons, needed_components
from ..archives import checked
from ..environment import Environment
from ..platforms import Platform
from ..toolkit import (
    Flavor,
    Origin,
    Release,
    components,
    is_cuda_package,
    metapackages,
    release_of_cudart,
    releases,
    top_components,
)
from ..versions import CudaVersion, VersionRequest
from . import mirrored
from .addon_packages import addon_packages, asked, changing_addons, check_addons_early
from .base import DEFAULT_CHANNELS, AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest
from .channel_refusals import FIRST_LABEL, better, no_such_flavor, refusal_of
from .holding import channels_with, hold, key_of, made_of_wheels, staying

FIRST_SPLIT = CudaVersion(12, 0)


@dataclass(frozen=True)
class _Attempt:
    """One way to ask the solver."""

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    flavor: Flavor | None
    note: str | None = None
    apart: tuple[str, ...] = ()
    """Add-ons that are taken without the toolkit that their packages depend on."""
    held: bool = False
    """Whether the packages of the toolkit that is added to stay as they are."""


class ChannelSource:
    """The source `channel`."""

    name = "channel"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Runs conda's solver and changes nothing."""
        check_addons_early(request)
        return mirrored.offer_of(request, environment, lambda: self._ordinary(request, environment))

    def _ordinary(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """The offer by the names that CUDA's packages have on channels."""
        channels = request.channels or DEFAULT_CHANNELS
        attempts = list(_attempts(request, channels))
        if not attempts:
            raise no_such_flavor(request)
        refusals: list[NotOffered] = []
        lost: dict[frozenset[str], NotOffered] = {}
        for attempt in (*_held(request, attempts), *attempts):
            asked_of = frozenset(attempt.channels)
            before = next((lost[those] for those in lost if those <= asked_of), None)
            try:
                return self._solve(request, environment, attempt, before)
            except NotOffered as refusal:
                refusals.append(refusal)
                if refusal.unreachable and refusal.source == self.name:
                    lost.setdefault(asked_of, refusal)
        raise refusals[0] if refusals[0].unreachable else better(refusals, request, channels)

    def available(
        self,
        platform: Platform,
        environment: Environment | None,
        channels: Sequence[str],
        offline: bool,
    ) -> Iterator[AvailableFlavor]:
        """See `Source.available`. Runs no solver."""
        from .channel_flavors import labels, listed_on, read_channels

        names = tuple(channels) or DEFAULT_CHANNELS
        indexes, failures = read_channels(names, platform.subdir, offline)
        found = list(listed_on(indexes, FIRST_SPLIT))
        yield from found
        if channels:
            readable = [index.channel for index in indexes]
            yield from mirrored.available(readable, platform.subdir, found)
        if not channels and "nvidia" not in failures:
            have = {flavor.version.release for flavor in found if flavor.nvcc}
            yield from labels(FIRST_LABEL, without=have)
        if failures:
            raise refusal_of(next(iter(failures.values())), tuple(failures), "latest")

    def _solve(
        self,
        request: ToolkitRequest,
        environment: Environment,
        attempt: _Attempt,
        lost: NotOffered | None,
    ) -> Offer:
        """An offer; after `lost`, an earlier failure of these channels, one that asks nobody."""
        from ..conda_packages import not_in_cache

        specs = (*attempt.specs, *_addon_specs(request, attempt))
        records = self._records(request, environment, attempt, specs, lost)
        version = _version_of(records, request.version)
        if version is None:
            raise NotOffered(self.name, f"gave no CUDA runtime for {request.version}")
        more = addon_packages(request, version, source=self.name, only=attempt.apart)
        present = {key_of(record) for record in request.keep}
        missing = not_in_cache([record for record in records if key_of(record) not in present])
        packages = tuple(
            Package(
                record.name,
                record.version,
                (record.get("size") or None) if record in missing else 0,
                record.fn,
            )
            for record in records
        )
        return Offer(
            Origin.CHANNEL,
            version,
            attempt.flavor,
            request.wanted_components,
            (*packages, *more.packages),
            ", ".join(dict.fromkeys((*_channel_names(records), *more.origins))),
            specs=(*specs, *more.specs),
            fetch=lambda: (*checked(records, missing), *more.fetch()),
            note=attempt.note,
        )

    def _records(
        self,
        request: ToolkitRequest,
        environment: Environment,
        attempt: _Attempt,
        specs: Sequence[str],
        lost: NotOffered | None,
    ) -> tuple[Any, ...]:
        """The packages of a toolkit, but for the add-ons that are apart."""
        from ..conda_compat import solve

        if attempt.held:
            stay = staying(request, attempt.apart)
            wanted, held = hold(specs, stay)
            if not wanted:
                # What is wanted is there, and something may go: nobody has to be asked.
                return stay
            specs = (*wanted, *held)
        if lost is not None:
            raise lost
        # The prefix need not exist: a toolkit is always solved for from nothing.
        prefix = environment.prefix / ".conda-cuda-solve"
        try:
            return solve(prefix, attempt.channels, request.platform.subdir, specs)
        except (Exception, SystemExit) as error:
            raise refusal_of(error, attempt.channels, asked(request)) from error


def _held(request: ToolkitRequest, attempts: Sequence[_Attempt]) -> Iterator[_Attempt]:
    """The ways to add to a toolkit, the likeliest first: add-ons from its channels, then apart."""
    if not request.keep:
        return
    monolith = any(record.name == "cudatoolkit" for record in request.keep)
    one_era = [one for one in attempts if one.specs[0].startswith("cudatoolkit ") == monolith]
    wheels, changing = made_of_wheels(request), changing_addons(request)
    for apart in dict.fromkeys((wheels, (*wheels, *changing))):
        for attempt in one_era:
            names = dict.fromkeys((*attempt.apart, *apart))
            channels = channels_with(request, attempt.channels)
            yield replace(attempt, channels=channels, apart=tuple(names), held=True)


def _addon_specs(request: ToolkitRequest, attempt: _Attempt) -> tuple[str, ...]:
    """What the solver is asked for because of add-ons."""
    specs = [
        f"{package} {version}.*"
        for name, version in request.wanted_addons.items()
        if name not in attempt.apart
        for package in addons()[name].channel
    ]
    if attempt.specs[0].startswith("cuda-version "):
        # Those that are apart do not say what they load; the older eras have all of it anyway.
        for part in needed_components(attempt.apart):
            specs += components()[part].channel
    return tuple(specs)


def _attempts(request: ToolkitRequest, channels: tuple[str, ...]) -> Sequence[_Attempt]:
    """The ways to ask for a request, the likeliest first."""
    known = [row for row in releases() if request.version.matches(row.version)]
    found = []
    if not known or any(row.version >= FIRST_SPLIT for row in known):
        specs = _split_specs(request)
        flavor = request.wanted_flavor
        found.append(_Attempt(channels, specs, flavor))
        label = _label(known, FIRST_SPLIT)
        if label and not request.channels:
            found.append(_Attempt((*channels, label), specs, flavor))
    if any(row.version < FIRST_SPLIT for row in known):
        found += _old_attempts(request, channels, known)
    return found


def _old_attempts(
    request: ToolkitRequest, channels: tuple[str, ...], known: Sequence[Release]
) -> Sequence[_Attempt]:
    """Up to 11.8: one runtime package; a compiler only under NVIDIA's labels."""
    constraint = _constraint(request.version)
    if request.compiles:
        label = _label([row for row in known if row.version < FIRST_SPLIT], FIRST_LABEL)
        if label is None:
            return []
        specs = tuple(f"{name} {label.rsplit('-', 1)[1]}.*" for name in ("cuda-toolkit",))
        # A newer part of the same name on another channel must not get in; and conda-forge's
        # add-ons would bring the libraries once more, as `cudatoolkit`.
        apart = tuple(request.wanted_addons)
        return [_Attempt((*request.channels, label), specs, Flavor.DEVEL, apart=apart)]
    if request.components:
        return []
    note = None
    if request.flavor is Flavor.BASE:
        note = "channels have CUDA up to 11.8 as one package, so base and runtime are the same"
    return [_Attempt(channels, (f"cudatoolkit {constraint}",), Flavor.RUNTIME, note)]


def _split_specs(request: ToolkitRequest) -> tuple[str, ...]:
    # `<13` would otherwise let `cuda-version 11.8` in, which comes without packages of its own.
    constraint = _constraint(request.version, numbers=2) or "*"
    specs = [f"cuda-version {constraint}"]
    exact = request.version.exact
    # What these need comes with them: the channel's packages say so themselves.
    specs += [
        package
        for name in top_components(request.components)
        for package in components()[name].channel
    ]
    flavor = request.wanted_flavor
    if flavor is not None:
        specs += metapackages(flavor)
        if exact is not None and flavor is not Flavor.BASE:
            # The metapackages of these flavors carry the whole version of the release.
            specs[-1] += f" {exact}.*"
    if exact is not None:
        cudart = next((row.cudart for row in releases() if row.version == exact), None)
        if cudart:
            specs.append(f"cuda-cudart {cudart}.*")
    return tuple(specs)


def _constraint(version: VersionRequest, numbers: int = 3) -> str:
    """A request as a version constraint of conda, where `12.4.*` stands alone."""
    return version.specifier(numbers=numbers).removeprefix("==")


def _label(known: Sequence[Release], since: CudaVersion) -> str | None:
    """The label of the newest release of several that has one."""
    labelled = [row.version for row in known if row.label and row.version >= since]
    return f"nvidia/label/cuda-{max(labelled)}" if labelled else None


def _version_of(records: Sequence[Any], wanted: VersionRequest) -> CudaVersion | None:
    """Which release a set of packages is.

    Several releases may ship the same runtime (13.0.2 and 13.0.3 do); the one that was asked for
    is taken then.
    """
    by_name = {record.name: record.version for record in records}
    for name in ("cudatoolkit", "cuda-toolkit", "cuda-libraries"):
        if name in by_name:
            try:
                return CudaVersion.parse(by_name[name])
            except ValueError:
                continue
    if "cuda-cudart" in by_name:
        cudart = by_name["cuda-cudart"]
        same = [row.version for row in releases() if row.cudart == cudart]
        return wanted.best(same) or release_of_cudart(cudart)
    if "cuda-version" in by_name:
        return CudaVersion.parse(by_name["cuda-version"])
    return None


def _channel_names(records: Sequence[Any]) -> list[str]:
    """The channels that the CUDA packages come from."""
    found = {
        str(record.channel.canonical_name) for record in records if is_cuda_package(record.name)
    }
    return sorted(found)
