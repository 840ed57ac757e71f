"""Adding to an installed toolkit: what need not change stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from conda.models.match_spec import MatchSpec

from ..addons import addon_of, addons, fits
from .base import ToolkitRequest


def kept_addon(request: ToolkitRequest, name: str) -> tuple[Any, ...]:
    """The records of an add-on in the toolkit that is added to, if it may stay as it is."""
    wanted = request.wanted_addons.get(name)
    records = tuple(record for record in request.keep if addons()[name].owns(record.name))
    if wanted is None or not all(fits(wanted, record.version) for record in records):
        return ()
    return records


def changing_addons(request: ToolkitRequest) -> tuple[str, ...]:
    """The wanted add-ons that are not there in the wanted version yet."""
    return tuple(name for name in request.wanted_addons if not kept_addon(request, name))


def made_of_wheels(request: ToolkitRequest) -> tuple[str, ...]:
    """The wanted add-ons that stay and that no channel knows: those from PyPI."""
    return tuple(
        name
        for name in request.wanted_addons
        if any(record.name not in addons()[name].packages for record in kept_addon(request, name))
    )


def staying(request: ToolkitRequest, apart: Collection[str] = ()) -> tuple[Any, ...]:
    """The records of the toolkit that is added to, without the add-ons that change or go.

    Nor are those in it that the solver is not asked for (`apart`).
    """
    return tuple(
        record
        for record in request.keep
        if (addon := addon_of(record.name)) is None
        or (addon.name not in apart and kept_addon(request, addon.name))
    )


def with_needs(records: Iterable[Any], beginnings: tuple[str, ...]) -> tuple[Any, ...]:
    """Those of some packages whose names begin so, with all that they need of the others."""
    by_name = {record.name: record for record in records}
    pending = [name for name in by_name if name.startswith(beginnings)]
    found: dict[str, Any] = {}
    while pending:
        name = pending.pop()
        if name in by_name and name not in found:
            found[name] = by_name[name]
            pending += [str(text).split()[0] for text in by_name[name].depends]
    return tuple(found.values())


def hold(specs: Sequence[str], records: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What has to be solved for when some packages stay.

    Returns:
        The specs that these do not meet, and one exact spec for each package that is held.
    """
    by_name = {record.name: record for record in records}
    unmet = []
    for text in specs:
        spec = MatchSpec(text)
        if spec.name not in by_name or not spec.match(by_name[spec.name]):
            unmet.append(text)
    free = {MatchSpec(text).name for text in unmet}
    held = [
        f"{record.name}={record.version}={record.build}"
        for record in records
        if record.name not in free
    ]
    return unmet, held


def channels_with(request: ToolkitRequest, channels: Sequence[str]) -> tuple[str, ...]:
    """The channels to ask, and those that the packages that stay came from.

    The latter come first unless channels were named: what is new should go with what is there.
    """
    came_from = [
        str(record.channel.canonical_name)
        for record in request.keep
        if addon_of(record.name) is None
    ]
    ordered = (*channels, *came_from) if request.channels else (*came_from, *channels)
    return tuple(name for name in dict.fromkeys(ordered) if not name.startswith("<"))
