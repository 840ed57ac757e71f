"""What a request adds to an installed toolkit: components, add-ons, a host compiler."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..addons import agrees, check_major, fits
from ..environment import Environment
from ..errors import CudaError
from ..frameworks.framework import Backend
from ..frameworks.table import find_frameworks
from ..packages.cache import linked_records
from ..sources import host_compiler
from ..sources.base import ToolkitRequest
from ..sources.choice import Choice, NoSourceError, choose
from ..toolkit import Toolkit, beyond
from ..versions import CudaVersion, VersionRequest


def holds(toolkit: Toolkit, request: ToolkitRequest) -> bool:
    """Whether a toolkit has everything that was asked for, and nothing that shall go."""
    return request.is_met_by(
        toolkit.flavor,
        toolkit.components,
        toolkit.addons if request.addons else {},
        toolkit.compiler_asked,
        # What an adopted toolkit has is read from its files, which have three numbers of four.
        agrees if toolkit.adopted else fits,
        # A flavor may lack what its release or its source does not have.
        listed=toolkit.lists_all,
    )


def toolkit_to_extend(
    environment: Environment, request: ToolkitRequest, source: str | None
) -> Toolkit | None:
    """The installed toolkit that a request adds to; None when it asks for another one."""
    release = request.version.release
    toolkit = environment.toolkit(release) if release and request.path is None else None
    if (
        toolkit is None
        or not toolkit.complete
        or toolkit.adopted
        or not request.version.matches(toolkit.version)
        or source not in (None, toolkit.origin)
    ):
        return None
    return toolkit


def merged_request(request: ToolkitRequest, toolkit: Toolkit) -> ToolkitRequest:
    """What was asked for and what a toolkit has, in one request."""
    flavors = [flavor for flavor in (request.flavor, toolkit.flavor) if flavor is not None]
    flavor = max(flavors, key=lambda flavor: flavor.rank, default=None)
    components = dict.fromkeys((*toolkit.more_components, *request.components))
    # A flavor may lack what its release or its source does not have.
    known = toolkit.components if toolkit.lists_all else request.components
    lacking = [name for name in request.components if name not in known]
    return replace(
        request,
        flavor=flavor,
        components=tuple(dict.fromkeys((*beyond(flavor, components), *lacking))),
        addons={**toolkit.addons, **request.addons},
        host_compiler=request.host_compiler or toolkit.compiler_asked,
    )


def check_request(
    environment: Environment, request: ToolkitRequest, base: Toolkit | None, source: str | None
) -> None:
    """Refuse what cannot be added to the installed toolkit `base` before any source is asked.

    Raises:
        CudaError: when a host compiler is asked for where there cannot be one.
    """
    if not request.host_compiler:
        return
    release = request.version.release
    there = environment.toolkit(release) if release else None
    if there is not None and source not in (None, there.origin):
        there = None
    compiles = request.compiles or (base is not None and merged_request(request, base).compiles)
    # What an adopted toolkit or a file holds is known only when it is looked at.
    unknown = request.path is not None or request.location is not None
    host_compiler.check_request(request, there, compiles=compiles or unknown)


def choose_extended(
    environment: Environment, request: ToolkitRequest, source: str | None, base: Toolkit | None
) -> tuple[Choice, ToolkitRequest]:
    """Choose an offer, and the request it answers: with all that the installed toolkit has.

    Raises:
        CudaError: when no source has it.
    """
    if base is None or base.origin is None:
        return choose_with_compiler(request, environment, source), request
    merged = merged_request(request, base)
    # Adding to 12.4.0 does not make it 12.4.1.
    version = VersionRequest.parse(str(base.version))
    more = replace(merged, version=version, keep=tuple(linked_records(base.root)))
    try:
        choice = choose_with_compiler(more, environment, base.origin.value)
        return replace(choice, reason=f"adds to {base.name}, which came from there"), merged
    except NoSourceError:
        # Another update or another source may have all of it, the toolkit's own parts too.
        return choose_with_compiler(merged, environment, source), merged


def choose_with_compiler(
    request: ToolkitRequest, environment: Environment, source: str | None
) -> Choice:
    """Choose an offer, with a host compiler in it if one is wanted.

    Raises:
        CudaError: when there is none; see `choose` and `host_compiler.with_compiler`.
    """
    choice = choose(request, environment, source)
    if not request.host_compiler:
        return choice
    return replace(choice, offer=host_compiler.with_compiler(choice.offer, request, environment))


@dataclass(frozen=True)
class Recommendation:
    """A cuDNN that the plan does not have and a framework wants."""

    version: str
    """As much of it as matters: `9.1`."""
    framework: str
    """The framework with its version: `torch 2.5.1`."""
    addon: str = "cudnn"

    @property
    def option(self) -> str:
        """What to add to the command."""
        return f"--{self.addon} {self.version}"


def recommended_cudnn(prefix: Path, version: CudaVersion) -> Recommendation | None:
    """The cuDNN that a framework in an environment wants beside a CUDA release.

    A framework counts if it was built for CUDA and a cuDNN and does not bring its own.
    """
    for framework in find_frameworks(prefix):
        # Of a range (`>=9.8,<10`) its beginning is taken: it was tested.
        wanted = re.match(r"(?:>=|==|~=)?\s*(\d+(?:\.\d+)?)", framework.cudnn or "", re.ASCII)
        if framework.backend is not Backend.CUDA or framework.brings_cuda or wanted is None:
            continue
        try:
            check_major({"cudnn": wanted[1]}, version.major)
        except CudaError:
            # Built for another CUDA. The doctor says so.
            continue
        return Recommendation(wanted[1], f"{framework.name} {framework.version}")
    return None
