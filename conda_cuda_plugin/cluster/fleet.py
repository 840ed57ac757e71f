"""The machines that were asked as one machine, on each of which a toolkit has to run."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CudaError
from ..machine.group import as_one
from ..machine.machine import Machine
from ..platforms import Platform
from .node import Asked, Node


class NobodyAnsweredError(CudaError):
    """None of the machines has said what it has."""

    def __init__(self, asked: Asked) -> None:
        whys = [f"{node.name} {node.problem}." for node in asked.silent]
        more = [f"and {len(whys) - 5} more"] if len(whys) > 5 else []
        super().__init__(
            f"None of the machines of {asked.target} has answered.",
            hints=[*whys[:5], *more],
            target=asked.target,
            nodes={node.name: node.problem for node in asked.silent},
        )


class OtherArchitectureError(CudaError):
    """A machine cannot run what an environment of this platform holds."""

    def __init__(self, nodes: Sequence[Node], platform: Platform) -> None:
        first, others = nodes[0], len(nodes) - 1
        more = f" (and {others} more)" if others else ""
        super().__init__(
            f"{first.name}{more} has the architecture {first.architecture}, and the environment is "
            f"for {platform.machine} ({platform.subdir}): nothing in it runs there.",
            hints=[
                "Make an environment on such a machine, and give it its CUDA there.",
                "conda cuda info shows the kinds of machines there are, with the same --for.",
            ],
            nodes=[node.name for node in nodes],
            architecture=first.architecture,
            platform=platform.subdir,
        )


def counted(asked: Asked) -> tuple[Node, ...]:
    """The nodes that a verdict is about: those with a GPU or a driver; all, if none has."""
    answered = tuple(node for node in asked.nodes if node.answered)
    return tuple(node for node in answered if node.has_gpu) or answered


def strangers(asked: Asked, platform: Platform) -> tuple[Node, ...]:
    """The nodes of another architecture than the environment's, among those that count."""
    return tuple(
        node
        for node in counted(asked)
        if node.architecture and node.architecture != platform.machine
    )


def fitting(asked: Asked, platform: Platform) -> tuple[Node, ...]:
    """The nodes that count and can run what an environment holds."""
    others = strangers(asked, platform)
    return tuple(node for node in counted(asked) if node not in others)


def machine_of(asked: Asked, platform: Platform) -> Machine:
    """The machines that were asked as one.

    Raises:
        NobodyAnsweredError: when nobody has said anything.
        OtherArchitectureError: when one has another architecture than the environment.
    """
    nodes = counted(asked)
    if not nodes:
        raise NobodyAnsweredError(asked)
    others = strangers(asked, platform)
    if others:
        raise OtherArchitectureError(others, platform)
    return as_one(asked.target, (node.machine for node in nodes if node.machine))


def kinds(asked: Asked) -> list[tuple[Node, ...]]:
    """The nodes, those together that differ in nothing that matters here, in their order."""
    found: dict[object, list[Node]] = {}
    for node in asked.nodes:
        machine = node.machine
        facts = machine and (machine.driver, machine.driver_cuda, machine.gpus, machine.libc)
        rest = (node.problem, node.architecture, node.environment, node.mig)
        found.setdefault((facts, rest), []).append(node)
    return [tuple(nodes) for nodes in found.values()]
