"""Toolkits in mirrors: channels in which one package stands for each of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from conda.exceptions import CondaError

from ...environment import Environment
from ...packages.channel_records import rows_named
from ...packages.metapackage import NAME, Metapackage, metapackages_of
from ...packages.on_machine import solve_on
from ...quoting import typed
from ...system.conda_compat import is_on_this_machine
from ...toolkit import Flavor, Origin, beyond, in_flavor
from ...versions import CudaVersion
from ..base import AvailableFlavor, NotOffered, Offer, ToolkitRequest, options_of
from ..parts import parts_of
from .refusals import as_it_counts, refusal_of, shown_to_solver


def offer_of(
    request: ToolkitRequest, environment: Environment, ordinary: Callable[[], Offer]
) -> Offer:
    """An offer from the channels that were named, mirrors or not.

    A folder on this machine is looked at first. Other channels are searched for a mirrored toolkit
    only after the ordinary packages have failed, so that they cost nothing more.

    `ordinary` makes the offer by the names that CUDA's packages have on channels.

    Raises:
        NotOffered: when neither way leads to an offer.
    """
    channels, subdir = request.channels, request.platform.subdir
    here = [channel for channel in channels if _is_here(channel)]
    one = _best(_mirrored(here, subdir), request)
    if one is not None and _is_exact(one, request):
        return _offer(one, request, environment)
    try:
        return ordinary()
    except NotOffered as error:
        if error.unreachable or not channels:
            raise
        found = _mirrored(channels, subdir)
        one = _best(found, request)
        if one is not None:
            return _offer(one, request, environment)
        raise _refusal(found, request) or error from None


def _is_here(channel: str) -> bool:
    # Whoever asks the channel says what is wrong with its address.
    with contextlib.suppress(ValueError):
        return is_on_this_machine(channel)
    return False


def _mirrored(channels: Iterable[str], subdir: str) -> list[Metapackage]:
    """The mirrored toolkits in some channels; a channel that cannot be read has none."""
    found: list[Metapackage] = []
    for channel in channels:
        with contextlib.suppress(CondaError, OSError, ValueError):
            found += metapackages_of(rows_named(channel, subdir, NAME))
    return found


def _best(found: Sequence[Metapackage], request: ToolkitRequest) -> Metapackage | None:
    """The mirrored toolkit that meets a request best; None when none does.

    Where no contents were asked for it is the one with most, else the one with least beyond them.
    """
    most = request.flavor is None and not request.components

    def merit(one: Metapackage) -> tuple[CudaVersion, list[int], str]:
        much = [one.number, len(beyond(one.flavor, one.components)), len(one.addons)]
        return one.version, much if most else [-number for number in much], one.build

    return max((one for one in found if _meets(one, request)), key=merit, default=None)


def _is_exact(one: Metapackage, request: ToolkitRequest) -> bool:
    """Whether a mirrored toolkit is what was asked for and no more."""
    if request.flavor is None and not request.components:
        return True
    wanted = beyond(request.wanted_flavor, request.wanted_components)
    return (
        one.flavor is request.wanted_flavor
        and {*beyond(one.flavor, one.components)} == {*wanted}
        and {*one.addons} == {*request.wanted_addons}
    )


def _meets(one: Metapackage, request: ToolkitRequest) -> bool:
    return request.version.matches(one.version) and request.is_met_by(
        one.flavor, one.components, one.addons, one.host_compiler
    )


def _offer(one: Metapackage, request: ToolkitRequest, environment: Environment) -> Offer:
    """The offer of a mirrored toolkit.

    Raises:
        NotOffered: when its packages cannot be installed together here.
    """
    machine = as_it_counts(request.machine, one.version)
    try:
        seen = shown_to_solver(machine, one.version)
        solved = solve_on(seen, environment.prefix, request.channels, one.subdir, (one.spec,))
    except (Exception, SystemExit) as error:
        raise refusal_of(error, request.channels, str(one.version), machine) from error
    order = {text.split()[0]: number for number, text in enumerate(one.depends)}
    # In the order of the mirror, so that nothing differs from what was installed there.
    records = sorted(
        (record for record in solved if record.name != NAME),
        key=lambda record: order.get(record.name, len(order)),
    )
    (channel,) = (record.channel for record in solved if record.name == NAME)
    parts = parts_of(records, request.keep)
    note = None
    if not _is_exact(one, request):
        note = f"the mirror has {_contents(one)} of this release, which holds what was asked for"
    return Offer(
        Origin.CHANNEL,
        one.version,
        one.flavor,
        one.components,
        parts.packages,
        str(channel.canonical_name),
        specs=parts.specs,
        fetch=parts.fetch,
        note=note,
        compiler_asked=one.host_compiler,
    )


def _refusal(found: Sequence[Metapackage], request: ToolkitRequest) -> NotOffered | None:
    """What to say when mirrors have the release, but not what was asked for of it."""
    of_release = [one for one in found if request.version.matches(one.version)]
    if not of_release:
        return None
    of_release.sort(key=lambda one: (one.version, one.number, one.build))
    have = dict.fromkeys(f"CUDA {one.version} as {_contents(one)}" for one in of_release)
    wanted = _in_words(
        request.flavor, request.components, request.wanted_addons, request.host_compiler
    )
    return NotOffered(
        "channel",
        f"has no {f'flavor {wanted}' if request.flavor else wanted or 'such contents'} of CUDA "
        f"{request.version} in the mirror {', '.join(request.channels)}, which has "
        f"{'; '.join(have)}",
        hints=[
            "Mirror it too, where there is a network: conda cuda mirror "
            f"{typed(str(request.version))} {options_of(request)} --to DIR"
        ],
    )


def available(
    channels: Sequence[str], subdir: str, listed: Sequence[AvailableFlavor]
) -> Iterator[AvailableFlavor]:
    """The mirrored toolkits as `list --available` shows them, but for what is `listed` already."""
    seen = {(one.version.release, one.flavor) for one in listed}
    for channel in channels:
        for one in _mirrored([channel], subdir):
            if one.flavor is None or (one.version.release, one.flavor) in seen:
                continue
            seen.add((one.version.release, one.flavor))
            nvcc = "nvcc" in {*in_flavor(one.flavor), *one.components}
            yield AvailableFlavor(one.version, one.flavor, channel, None, nvcc)


def _contents(one: Metapackage) -> str:
    """What a mirrored toolkit holds, in words."""
    components = beyond(one.flavor, one.components)
    return _in_words(one.flavor, components, one.addons, one.host_compiler)


def _in_words(
    flavor: Flavor | None,
    components: Sequence[str],
    addons: Mapping[str, str],
    host_compiler: bool,
) -> str:
    parts = [flavor.value] if flavor else []
    parts += components
    parts += [f"{name} {version}" for name, version in addons.items()]
    parts += ["a host compiler"] if host_compiler else []
    return ", ".join(parts)
