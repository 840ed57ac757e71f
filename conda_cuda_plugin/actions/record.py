"""What is kept of a request, so that `use` without a version gives the same again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..addons import fits
from ..sources.base import ToolkitRequest
from ..toolkit import Flavor, Toolkit, in_flavor, with_requirements
from ..versions import VersionRequest


def record_of(
    request: ToolkitRequest, source: str | None, toolkit: Toolkit, before: Mapping[str, Any]
) -> dict[str, Any]:
    """The request as it is kept; paths of the machine are not.

    Args:
        request: what was asked for.
        source: the source that was named, if one was.
        toolkit: what is current now.
        before: what was kept until now. Where it speaks of the same toolkit, what was asked for
            then still counts: `use 12.4` after `use 12.4 --cudnn 9` takes no cuDNN away.
    """
    # A release is recorded and not what led to it: the next `use` gives the same one.
    chosen = request.path is not None or request.why is not None
    record: dict[str, Any] = {
        "version": toolkit.version.release if chosen else str(request.version)
    }
    before = before if _speaks_of(toolkit, before) else {}
    origin = toolkit.origin.value if toolkit.origin else None
    if source or request.path is not None or before.get("source") == origin:
        record["source"] = origin
    flavor = request.flavor.value if request.flavor else before.get("flavor")
    if flavor and _has_flavor(toolkit, str(flavor)):
        record["flavor"] = flavor
    named = dict.fromkeys((*map(str, before.get("components") or ()), *request.components))
    components = [name for name in named if _has_component(toolkit, name)]
    if components:
        record["components"] = components
    addons = _addons(request, toolkit, before)
    if addons:
        record["addons"] = addons
    if toolkit.host_compiler and (request.host_compiler or before.get("host_compiler")):
        record["host_compiler"] = True
    channels = request.channels or tuple(map(str, before.get("channels") or ()))
    if channels:
        record["channels"] = list(channels)
    return record


def _speaks_of(toolkit: Toolkit, record: Mapping[str, Any]) -> bool:
    from ..errors import UsageError

    try:
        request = VersionRequest.parse(str(record.get("version") or ""))
    except UsageError:
        return False
    return request.release == toolkit.version.release


def _has_flavor(toolkit: Toolkit, text: str) -> bool:
    try:
        flavor = Flavor(text)
    except ValueError:
        return False
    return toolkit.adopted or (toolkit.flavor is not None and toolkit.flavor.rank >= flavor.rank)


def _has_component(toolkit: Toolkit, name: str) -> bool:
    from ..errors import UsageError

    have = set(toolkit.components)
    if toolkit.flavor:
        have |= set(in_flavor(toolkit.flavor))
    try:
        with_requirements([name])
    except UsageError:
        return False
    return toolkit.adopted or name in have


def _addons(request: ToolkitRequest, toolkit: Toolkit, before: Mapping[str, Any]) -> dict[str, str]:
    """The add-ons that are there, as they were asked for: `9.1` rather than `9.1.0.70`."""
    kept = before.get("addons")
    asked = {**(kept if isinstance(kept, dict) else {}), **request.wanted_addons}
    found = {}
    for name, version in (toolkit.addons or request.wanted_addons).items():
        text = str(asked.get(name, version))
        earlier = str(kept.get(name, "")) if isinstance(kept, dict) else ""
        if text == version and earlier and fits(earlier, version):
            # Merging has put the whole version in place of the words.
            text = earlier
        found[name] = text if fits(text, version) else version
    return found
