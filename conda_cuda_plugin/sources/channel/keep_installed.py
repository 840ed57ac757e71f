"""Adding to a toolkit that came from channels: what need not change is held as it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from conda.models.match_spec import MatchSpec

from ...addons import addon_of, addons
from ..addon_packages import kept_addon
from ..base import ToolkitRequest


def staying(request: ToolkitRequest, apart: Collection[str] = ()) -> tuple[Any, ...]:
    """The records of the toolkit that is added to, without the add-ons that change or go.

    Args:
        request: what is wanted; its `keep` is what is there.
        apart: add-ons to leave out in any case, since the solver is not asked for them.
    """
    return tuple(
        record
        for record in request.keep
        if (addon := addon_of(record.name)) is None
        or (addon.name not in apart and kept_addon(request, addon.name))
    )


def made_of_wheels(request: ToolkitRequest) -> tuple[str, ...]:
    """The wanted add-ons that stay and that no channel knows: those from PyPI."""
    return tuple(
        name
        for name in request.wanted_addons
        if any(record.name not in addons()[name].packages for record in kept_addon(request, name))
    )


def hold(specs: Sequence[str], records: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What has to be solved for when some packages stay.

    Args:
        specs: what is wanted.
        records: the packages that stay.

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


def key_of(record: Any) -> tuple[str, str, str]:
    """What makes two package records the same package."""
    return record.name, record.version, record.build
