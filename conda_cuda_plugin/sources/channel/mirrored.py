"""Toolkits in mirrors: channels in which one package stands for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from conda.common.path import url_to_path
from conda.exceptions import CondaError
from conda.models.channel import Channel

from ...addons import NONE, fits
from ...environment import Environment
from ...packages.archives import checked
from ...packages.cache import not_in_cache
from ...packages.channel_folder import read_rows
from ...packages.channel_records import index_rows, records_named
from ...packages.metapackage import NAME, Metapackage, metapackages_of
from ...packages.solver import solve
from ...quoting import typed
from ...system.conda_compat import is_on_this_machine
from ...toolkit import Origin, beyond, in_flavor
from ...versions import CudaVersion
from ..base import AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest
from .keep_installed import key_of
from .refusals import refusal_of


def offer_of(
    request: ToolkitRequest, environment: Environment, ordinary: Callable[[], Offer]
) -> Offer:
    """An offer from the channels that were named, mirrors or not.

    A folder on this machine is seen to be a mirror at a glance. Other channels are asked only
    after the ordinary packages have failed, so that they cost nothing more.

    Args:
        request: what was asked for.
        environment: where to.
        ordinary: makes the offer by the names that CUDA's packages have on channels.

    Raises:
        NotOffered: when neither way leads to an offer.
    """
    channels, subdir = request.channels, request.platform.subdir
    one = best(mirrored_here(channels, subdir), request)
    if one is not None and is_exact(one, request):
        return _offer(one, request, environment)
    try:
        return ordinary()
    except NotOffered as error:
        if error.unreachable or not channels:
            raise
        found = mirrored_anywhere(channels, subdir)
        one = best(found, request)
        if one is not None:
            return _offer(one, request, environment)
        raise refusal(found, request) or error from None


def mirrored_here(channels: Iterable[str], subdir: str) -> list[Metapackage]:
    """The mirrored toolkits in those of some channels that are folders on this machine.

    Other channels are not looked at, so that asking costs next to nothing.
    """

    found: list[Metapackage] = []
    for channel in channels:
        try:
            urls = Channel(channel).urls(with_credentials=True, subdirs=(subdir,))
        except ValueError:
            # Whoever asks the channel says what is wrong with its address.
            continue
        for url in urls:
            if not url.startswith("file:/"):
                continue
            folder = Path(url_to_path(url))
            # The index of a large channel is not read in vain.
            if not any(folder.glob(f"{NAME}-*")):
                continue
            try:
                found += metapackages_of(read_rows(folder))
            except (OSError, ValueError):
                continue
    return found


def mirrored_anywhere(channels: Iterable[str], subdir: str) -> list[Metapackage]:
    """The mirrored toolkits in all of some channels; a channel that cannot be read has none."""

    found: list[Metapackage] = []
    for channel in channels:
        if is_on_this_machine(channel):
            found += mirrored_here([channel], subdir)
            continue
        try:
            if records_named(channel, subdir, NAME):
                found += metapackages_of(index_rows(channel, subdir))
        except (CondaError, OSError, ValueError):
            continue
    return found


def best(found: Sequence[Metapackage], request: ToolkitRequest) -> Metapackage | None:
    """The mirrored toolkit that meets a request best; None when none does.

    Where no contents were asked for it is the one with most, else the one with least beyond them.
    """
    fitting = [one for one in found if _meets(one, request)]
    most = request.flavor is None and not request.components

    def merit(one: Metapackage) -> tuple[CudaVersion, list[int], str]:
        much = [one.number, len(beyond(one.flavor, one.components)), len(one.addons)]
        return one.version, much if most else [-number for number in much], one.build

    return max(fitting, key=merit, default=None)


def is_exact(one: Metapackage, request: ToolkitRequest) -> bool:
    """Whether a mirrored toolkit is what was asked for and no more."""
    if request.flavor is None and not request.components:
        return True
    wanted = beyond(request.wanted_flavor, request.wanted_components)
    return (
        one.flavor is request.wanted_flavor
        and {*beyond(one.flavor, one.components)} == {*wanted}
        and {*one.addons} == {*request.wanted_addons}
    )


def _offer(one: Metapackage, request: ToolkitRequest, environment: Environment) -> Offer:
    """The offer of a mirrored toolkit.

    Raises:
        NotOffered: when its packages cannot be installed together here.
    """

    try:
        solved = solve(
            environment.prefix / ".conda-cuda-solve", request.channels, one.subdir, (one.spec,)
        )
    except (Exception, SystemExit) as error:
        raise refusal_of(error, request.channels, str(one.version)) from error
    order = {text.split()[0]: number for number, text in enumerate(one.depends)}
    # In the order of the mirror, so that nothing differs from what was installed there.
    records = sorted(
        (record for record in solved if record.name != NAME),
        key=lambda record: order.get(record.name, len(order)),
    )
    (channel,) = (record.channel for record in solved if record.name == NAME)
    present = {key_of(record) for record in request.keep}
    missing = not_in_cache([record for record in records if key_of(record) not in present])
    note = None
    if not is_exact(one, request):
        note = f"the mirror has {contents(one)} of this release, which holds what was asked for"
    return Offer(
        Origin.CHANNEL,
        one.version,
        one.flavor,
        one.components,
        tuple(
            Package(
                record.name,
                record.version,
                (record.get("size") or None) if record in missing else 0,
                record.fn,
            )
            for record in records
        ),
        str(channel.canonical_name),
        specs=tuple(f"{record.name}=={record.version}" for record in records),
        fetch=lambda: checked(records, missing),
        note=note,
        compiler_asked=one.host_compiler,
    )


def refusal(found: Sequence[Metapackage], request: ToolkitRequest) -> NotOffered | None:
    """What to say when mirrors have the release, but not what was asked for of it."""
    of_release = [one for one in found if request.version.matches(one.version)]
    if not of_release:
        return None
    have = "; ".join(
        dict.fromkeys(
            f"CUDA {one.version} as {contents(one)}"
            for one in sorted(of_release, key=lambda one: (one.version, one.number, one.build))
        )
    )
    return NotOffered(
        "channel",
        f"has no {_asked(request)} of CUDA {request.version} in the mirror "
        f"{', '.join(request.channels)}, which has {have}",
        hints=[
            "Mirror it too, where there is a network: conda cuda mirror "
            f"{typed(str(request.version))} {options_of(request)} --to DIR"
        ],
    )


def available(
    channels: Sequence[str], subdir: str, listed: Sequence[AvailableFlavor]
) -> Iterator[AvailableFlavor]:
    """The mirrored toolkits as `list --available` shows them.

    Args:
        channels: channels that can be read.
        subdir: conda's name of the platform.
        listed: what is listed by the ordinary names of packages already.
    """
    seen = {(one.version.release, one.flavor) for one in listed}
    for channel in channels:
        for one in mirrored_anywhere([channel], subdir):
            if one.flavor is None or (one.version.release, one.flavor) in seen:
                continue
            seen.add((one.version.release, one.flavor))
            nvcc = "nvcc" in {*in_flavor(one.flavor), *one.components}
            yield AvailableFlavor(one.version, one.flavor, channel, None, nvcc)


def contents(one: Metapackage) -> str:
    """What a mirrored toolkit holds, in words."""
    parts = [one.flavor.value] if one.flavor else []
    parts += beyond(one.flavor, one.components)
    parts += [f"{name} {version}" for name, version in one.addons.items()]
    parts += ["a host compiler"] if one.host_compiler else []
    return ", ".join(parts)


def _meets(one: Metapackage, request: ToolkitRequest) -> bool:
    if not request.version.matches(one.version):
        return False
    have = {*one.components, *(in_flavor(one.flavor) if one.flavor else ())}
    if not set(request.wanted_components) <= have:
        return False
    if request.flavor is not None and (one.flavor is None or one.flavor.rank < request.flavor.rank):
        return False
    for name, version in request.addons.items():
        if version == NONE:
            if name in one.addons:
                return False
        elif name not in one.addons or not fits(version, one.addons[name]):
            return False
    return one.host_compiler or not request.host_compiler


def _asked(request: ToolkitRequest) -> str:
    """What of CUDA was asked for, in words."""
    parts = [f"flavor {request.flavor.value}"] if request.flavor else []
    parts += request.components
    parts += [f"{name} {version}" for name, version in request.wanted_addons.items()]
    parts += ["host compiler"] if request.host_compiler else []
    return ", ".join(parts) or "contents like those asked for"


def options_of(request: ToolkitRequest) -> str:
    """The options of a command line that ask for the contents of a request."""
    words = [f"--flavor {request.flavor.value}"] if request.flavor else []
    words += [f"--components {','.join(request.components)}"] if request.components else []
    words += [f"--{name} {version}" for name, version in request.wanted_addons.items()]
    words += ["--host-compiler"] if request.host_compiler else []
    return " ".join(words)
