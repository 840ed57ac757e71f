"""conda channels: `cudatoolkit` up to 11.8, the split packages with `cuda-version` from 12.0 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
)
from ..versions import CudaVersion, VersionRequest
from .base import NotOffered, Offer, Package, ToolkitRequest

DEFAULT_CHANNELS = ("conda-forge", "nvidia")
FIRST_SPLIT = CudaVersion(12, 0)
FIRST_LABEL = CudaVersion(11, 3)
"""NVIDIA's channel has split packages, nvcc among them, from here on, under one label a release."""


@dataclass(frozen=True)
class _Attempt:
    """One way to ask the solver."""

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    flavor: Flavor | None
    note: str | None = None


class ChannelSource:
    """The source `channel`."""

    name = "channel"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Runs conda's solver and changes nothing."""
        channels = request.channels or DEFAULT_CHANNELS
        attempts = list(_attempts(request, channels))
        refusals: list[NotOffered] = []
        for attempt in attempts:
            try:
                return self._solve(request, environment, attempt)
            except NotOffered as refusal:
                refusals.append(refusal)
                if refusal.unreachable:
                    break
        if not refusals:
            raise _no_such_flavor(request)
        raise refusals[0] if refusals[0].unreachable else _better(refusals, request, channels)

    def available(
        self,
        platform: Platform,
        environment: Environment | None,
        channels: Sequence[str],
        offline: bool,
    ) -> Sequence[tuple[CudaVersion, str]]:
        """See `Source.available`."""
        from ..conda_compat import query

        channels = tuple(channels) or DEFAULT_CHANNELS
        found = set()
        try:
            for _, version, channel, _ in query(
                channels, platform.subdir, ("cuda-version", "cudatoolkit", "cuda-cudart")
            ):
                release = release_of_cudart(version)
                if release is not None:
                    found.add((CudaVersion(release.major, release.minor), channel))
        except Exception as error:
            raise _refusal(error, channels, str(VersionRequest.parse("latest"))) from error
        return sorted(found)

    def _solve(self, request: ToolkitRequest, environment: Environment, attempt: _Attempt) -> Offer:
        from ..conda_compat import not_in_cache, solve

        # The prefix need not exist: a toolkit is always solved for from nothing.
        prefix = environment.prefix / ".conda-cuda-solve"
        try:
            records = solve(prefix, attempt.channels, request.platform.subdir, attempt.specs)
        except (Exception, SystemExit) as error:
            raise _refusal(error, attempt.channels, str(request.version)) from error
        version = _version_of(records, request.version)
        if version is None:
            raise NotOffered(self.name, f"gave no CUDA runtime for {request.version}")
        missing = not_in_cache(records)
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
            packages,
            ", ".join(_channel_names(records)),
            specs=attempt.specs,
            fetch=lambda: records,
            note=attempt.note,
        )


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
        # A newer part of the same name on another channel must not get in.
        return [_Attempt((*request.channels, label), specs, Flavor.DEVEL)]
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
    specs += [
        package for name in request.wanted_components for package in components()[name].channel
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


def _refusal(error: BaseException, channels: Sequence[str], version: str) -> NotOffered:
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
        return _nothing(version, channels)
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


def _better(
    refusals: Sequence[NotOffered], request: ToolkitRequest, channels: Sequence[str]
) -> NotOffered:
    """One refusal for several attempts."""
    return refusals[0] if len(refusals) == 1 else _nothing(str(request.version), channels)


def _nothing(version: str, channels: Sequence[str]) -> NotOffered:
    """The channels do not hold what was asked for."""
    option = " ".join(f"-c {channel}" for channel in channels)
    return NotOffered(
        "channel",
        f"has no CUDA {version} on {', '.join(channels)}",
        hints=[f"conda cuda list --available {option} shows what there is."],
    )


def _no_such_flavor(request: ToolkitRequest) -> NotOffered:
    """No channel holds a compiler, or single components, of the oldest releases."""
    known = [row.version for row in releases() if request.version.matches(row.version)]
    if known and max(known) < FIRST_LABEL:
        asked = "the flavor devel" if request.flavor is Flavor.DEVEL else "single components"
        return NotOffered(
            "channel",
            f"has CUDA {request.version} as one runtime package, without {asked}",
            hints=[
                f"conda cuda use {request.version} --from channel   (the libraries)",
                "A toolkit with nvcc that old comes from NVIDIA's installer: install it, then "
                "conda cuda use /usr/local/cuda-X.Y",
            ],
        )
    return NotOffered(
        "channel",
        f"has CUDA {request.version} as one package; its components cannot be picked",
        hints=[f"conda cuda use {request.version} --flavor runtime"],
    )
