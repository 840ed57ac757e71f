"""`conda cuda use auto`: which release, and why."""

from __future__ import annotations

from dataclasses import replace

from ..compat.machine import Machine
from ..environment import Environment
from ..errors import UsageError
from ..sources.base import ToolkitRequest
from ..versions import VersionRequest
from .request import recorded_request

AUTO = "auto"


def is_automatic(text: str | None, environment: Environment, framework: str | None) -> bool:
    """Whether the choice is left to us: `auto`, `--for FRAMEWORK`, or nothing and no record.

    Raises:
        UsageError: when both a version and a framework to choose by are named, or the framework
            is none we know.
    """
    if framework is not None:
        from ..compat.match import parse_framework

        parse_framework(framework)
    if framework is not None and text not in (None, AUTO):
        raise UsageError(
            f"Both {text} and --for {framework} say which CUDA to use.",
            hints=["Leave one of them out."],
        )
    if text is not None:
        return text == AUTO
    if framework is not None:
        return True
    # What was recorded and cannot be read is told of, and nothing else chosen in its place.
    recorded = recorded_request(environment).get("version")
    return not recorded and not environment.read_state().problems


def choose_for(
    environment: Environment, request: ToolkitRequest, machine: Machine, framework: str | None
) -> ToolkitRequest:
    """The request with the best release for an environment, and why.

    Args:
        environment: its frameworks count, and its toolkits when they fit.
        request: what was asked for beside the version.
        machine: detected or stated.
        framework: one that is to be installed (`torch==2.5.1`); it decides alone then.

    Raises:
        UsageError: when the framework's name or version makes no sense.
        CudaError: when nothing can be chosen, in words.
    """
    from ..compat.automatic import choose_release

    if framework is not None:
        from ..compat.match import match

        choice = choose_release(machine, (), match(framework, machine, request.platform))
    else:
        from ..compat.frameworks import find_frameworks

        choice = choose_release(machine, find_frameworks(environment.prefix))
    version = choice.request
    best = choice.verdict.version
    at_hand = environment.toolkit(best.release)
    if at_hand is not None and at_hand.complete:
        # What is here already fits as well as anything: no source has to be asked.
        version = VersionRequest.parse(best.release)
    return replace(request, version=version, why=choice.reason)
