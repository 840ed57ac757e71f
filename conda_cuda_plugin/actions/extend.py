"""What a request adds to: a toolkit's packages, a host compiler, the framework's cuDNN."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..addons import addons_of, agrees, check_major, fits
from ..environment import Environment
from ..errors import CudaError
from ..frameworks.framework import Backend
from ..frameworks.table import find_frameworks
from ..install.wrappers import compiler_in
from ..machine.host_compiler import seen_by_toolkit
from ..machine.machine import Machine
from ..packages.cache import linked_records
from ..platforms import Platform
from ..sources import host_compiler
from ..sources.base import Offer, ToolkitRequest
from ..sources.choice import choose
from ..sources.host_compiler import version_in, with_compiler
from ..toolkit import Toolkit, beyond
from ..versions import VersionRequest

if TYPE_CHECKING:
    from ..frameworks.framework import Framework
    from ..sources.choice import Choice
    from .use_plan import Plan


def holds(toolkit: Toolkit, request: ToolkitRequest) -> bool:
    """Whether a toolkit has everything that was asked for, and nothing that shall go."""
    return request.is_met_by(
        toolkit.flavor,
        toolkit.components,
        toolkit.addons if request.addons else {},
        toolkit.compiler_asked,
        # What an adopted toolkit has is read from its files, which have three numbers of four.
        agrees if toolkit.adopted else fits,
    )


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


def check_request(
    environment: Environment, request: ToolkitRequest, base: Toolkit | None, source: str | None
) -> None:
    """Refuse what cannot be done before any source is asked.

    Args:
        environment: where.
        request: what is asked for.
        base: the installed toolkit that the request adds to.
        source: the source that was named, if one was.

    Raises:
        CudaError: when a host compiler is asked for where there cannot be one.
    """
    if not request.host_compiler:
        return

    release = request.version.release
    there = environment.toolkit(release) if release else None
    if there is not None and source is not None:
        named_it = there.origin is not None and there.origin.value == source
        there = there if named_it else None
    compiles = request.compiles or (base is not None and merged_request(request, base).compiles)
    # What an adopted toolkit or a file holds is known only when it is looked at.
    looked_at = request.path is not None or request.location is not None
    host_compiler.check_request(request, there, compiles=compiles or looked_at)


def choose_with_compiler(
    request: ToolkitRequest, environment: Environment, source: str | None
) -> Choice:
    """The choice of a source, and the compiler besides when one is wanted.

    Raises:
        CudaError: when there is none; see `choose` and `with_compiler`.
    """

    choice = choose(request, environment, source)
    if not request.host_compiler:
        return choice

    return replace(choice, offer=with_compiler(choice.offer, request, environment))


def as_nvcc_sees_it(
    machine: Machine,
    toolkit: Toolkit | Offer,
    environment: Environment,
    platform: Platform,
) -> Machine:
    """The machine, with the compiler that nvcc of a toolkit would call."""
    if isinstance(toolkit, Toolkit):
        if toolkit.host_compiler is None:
            return machine

        return seen_by_toolkit(machine, toolkit.host_compiler, compiler_in(toolkit.root))

    path = environment.root(toolkit.version) / "bin" / f"{platform.machine}-conda-linux-gnu-c++"
    return seen_by_toolkit(machine, version_in(toolkit.packages), path)


def cure_for(toolkit: Toolkit | Offer) -> str | None:
    """What `judge_compiler` takes for `install`: nothing is installed into an adopted toolkit."""
    return "" if toolkit.origin is not None and toolkit.origin.adopted else None


@dataclass(frozen=True)
class Recommendation:
    """An add-on that the plan does not have and a framework wants."""

    addon: str
    version: str
    """As much of it as matters: `9.1`."""
    framework: str
    """The framework with its version: `torch 2.5.1`."""

    @property
    def option(self) -> str:
        """What to add to the command."""
        return f"--{self.addon} {self.version}"


def recommended(plan: Plan) -> Recommendation | None:
    """The cuDNN to offer with a plan; None when nobody needs it or it is there.

    A framework counts that was built for CUDA and a cuDNN and does not bring its own. Only plans
    that install something are looked at: a switch must stay cheap.
    """
    offer = plan.offer
    if offer is None or offer.origin.adopted or "cudnn" in plan.request.addons:
        return None
    if "cudnn" in addons_of(f"{package.name}-{package.version}-0" for package in offer.packages):
        return None

    for framework in find_frameworks(plan.environment.prefix):
        if framework.backend is not Backend.CUDA or framework.brings_cuda:
            continue
        version = wanted_version(framework)
        if version is None:
            continue
        try:
            check_major({"cudnn": version}, offer.version.major)
        except CudaError:
            # Built for another CUDA; the doctor says so.
            continue
        return Recommendation("cudnn", version, f"{framework.name} {framework.version}")
    return None


def wanted_version(framework: Framework) -> str | None:
    """The cuDNN a framework wants, as `--cudnn` takes it: `9.1` for `9.1.0.70`.

    Of a range its beginning is taken (`>=9.8,<10`): what was tested at least.
    """
    match = re.match(r"(?:>=|==|~=)?\s*(\d+(?:\.\d+)?)", framework.cudnn or "", re.ASCII)
    return match[1] if match else None
