"""What `use` has to do with the host compiler: refuse, ask, and judge as nvcc will see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..compat.host_compiler import seen_by_toolkit
from ..compat.machine import Machine
from ..environment import Environment
from ..platforms import Platform
from ..sources.base import Offer, ToolkitRequest
from ..toolkit import Toolkit
from . import extend

if TYPE_CHECKING:
    from ..sources.choice import Choice


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
    from ..sources import host_compiler

    release = request.version.release
    there = environment.toolkit(release) if release else None
    if there is not None and source is not None:
        named_it = there.origin is not None and there.origin.value == source
        there = there if named_it else None
    compiles = request.compiles or (
        base is not None and extend.merged_request(request, base).compiles
    )
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
    from ..sources.choice import choose

    choice = choose(request, environment, source)
    if not request.host_compiler:
        return choice
    from ..sources.host_compiler import with_compiler

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
        from ..install.host_compiler import compiler_in

        return seen_by_toolkit(machine, toolkit.host_compiler, compiler_in(toolkit.root))
    from ..sources.host_compiler import version_in

    path = environment.root(toolkit.version) / "bin" / f"{platform.machine}-conda-linux-gnu-c++"
    return seen_by_toolkit(machine, version_in(toolkit.packages), path)


def cure_for(toolkit: Toolkit | Offer) -> str | None:
    """What `judge_compiler` takes for `install`: nothing is installed into an adopted toolkit."""
    return "" if toolkit.origin is not None and toolkit.origin.adopted else None
