"""Adding to an installed toolkit: what it has stays, and only what is new gets installed."""

from __future__ import annotations

from dataclasses import replace

from ..environment import Environment
from ..sources.base import ToolkitRequest
from ..toolkit import Toolkit, beyond, in_flavor
from ..versions import VersionRequest


def holds(toolkit: Toolkit, request: ToolkitRequest) -> bool:
    """Whether a toolkit has everything that was asked for, and nothing that shall go."""
    from ..addons import NONE, agrees, fits

    have = set(toolkit.components)
    if toolkit.flavor is not None:
        have |= set(in_flavor(toolkit.flavor))
    if not set(request.wanted_components) <= have:
        return False
    if request.flavor is not None and (
        toolkit.flavor is None or toolkit.flavor.rank < request.flavor.rank
    ):
        return False
    present = toolkit.addons if request.addons else {}
    # What an adopted toolkit has is read from its files, which have three numbers of four.
    is_it = agrees if toolkit.adopted else fits
    for name, version in request.addons.items():
        if version == NONE:
            if name in present:
                return False
        elif name not in present or not is_it(version, present[name]):
            return False
    return not request.host_compiler or toolkit.compiler_asked


def toolkit_to_extend(
    environment: Environment, request: ToolkitRequest, source: str | None
) -> Toolkit | None:
    """The installed toolkit that a request adds to; None when it asks for another one."""
    if request.path is not None or request.version.release is None:
        return None
    toolkit = environment.toolkit(request.version.release)
    if (
        toolkit is None
        or not toolkit.complete
        or toolkit.origin is None
        or toolkit.adopted
        or not request.version.matches(toolkit.version)
        or source not in (None, toolkit.origin.value)
    ):
        return None
    return toolkit


def extended(request: ToolkitRequest, toolkit: Toolkit) -> ToolkitRequest:
    """The request for a toolkit with what it has and what was asked for.

    It keeps to the toolkit's own update: adding to 12.4.0 does not make it 12.4.1.
    """
    from ..conda_packages import linked_records

    merged = merged_request(request, toolkit)
    return replace(
        merged,
        version=VersionRequest.parse(str(toolkit.version)),
        keep=tuple(linked_records(toolkit.root)),
    )


def merged_request(request: ToolkitRequest, toolkit: Toolkit) -> ToolkitRequest:
    """What was asked for and what a toolkit has, in one request."""
    flavors = [flavor for flavor in (request.flavor, toolkit.flavor) if flavor is not None]
    flavor = max(flavors, key=lambda flavor: flavor.rank, default=None)
    components = dict.fromkeys((*toolkit.more_components, *request.components))
    return replace(
        request,
        flavor=flavor,
        components=beyond(flavor, components),
        addons={**toolkit.addons, **request.addons},
        host_compiler=request.host_compiler or toolkit.compiler_asked,
    )
