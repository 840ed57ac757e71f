"""Ask the machines that `--for` names, and say who is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from ...cluster.ask import ask, parse_target
from ...cluster.fleet import counted, fitting, machine_of
from ...cluster.node import Asked
from ...machine.group import as_one, named
from ...machine.machine import Machine
from ..common import this_platform, warn

_SKEW = 86400
"""Seconds by which the clocks of two machines may differ."""
_MOST = 10
"""Lines about single machines."""


def asked_for(text: str, passed: Sequence[str] = (), prefix: Path | None = None) -> Asked:
    """Ask machines that are elsewhere.

    Args:
        text: the words after `--for`.
        passed: options for the program that asks.
        prefix: the environment that they should see.

    Raises:
        UsageError: when the text makes no sense.
        CudaError: when they cannot be asked.
    """
    return ask(parse_target(text), passed, prefix)


def machine_elsewhere(text: str, passed: Sequence[str], prefix: Path | None) -> Machine:
    """Machines that are elsewhere as one; who is left out is said on standard error.

    Raises:
        UsageError: when the text makes no sense.
        CudaError: when they cannot be asked, or are of another architecture.
    """
    asked = asked_for(text, passed, prefix)
    machine = machine_of(asked, this_platform())
    for line in _left_out(asked):
        warn(line)
    return machine


def _left_out(asked: Asked) -> list[str]:
    """The machines that a verdict is not about, and how old it is."""
    lines = []
    if asked.saved:
        lines.append(f"The machines of {asked.target} as {asked.saved} has them, {age(asked)}.")
    for node in asked.silent[:_MOST]:
        lines.append(f"warning: {node.name} {node.problem}; the verdict is without it.")
    if len(asked.silent) > _MOST:
        lines.append(f"warning: {len(asked.silent) - _MOST} more have not answered.")
    without = [n.machine for n in asked.nodes if n.machine and n not in counted(asked)]
    if without:
        verb = "has" if len(without) == 1 else "have"
        them = "it" if len(without) == 1 else "them"
        lines.append(f"{named(without)} {verb} no GPU, so the verdict is without {them}.")
    return lines


def age(asked: Asked) -> str:
    """How long ago machines were asked, in words."""
    seconds = int((datetime.now(timezone.utc) - asked.when).total_seconds())
    if seconds < -_SKEW:
        return f"asked on {asked.when:%Y-%m-%d}, which is yet to come"
    for length, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = seconds // length
            return f"asked {count} {word}{'s' if count > 1 else ''} ago"
    return "asked just now"


def whole(asked: Asked) -> Machine | None:
    """The machines that count, as one; None when none has answered."""
    found = [node.machine for node in fitting(asked, this_platform()) if node.machine]
    return as_one(asked.target, found) if found else None
