"""Several machines as one, on each of which a toolkit has to run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .machine import Machine


def as_one(name: str, machines: Iterable[Machine]) -> Machine:
    """Some machines as one: the oldest driver, all kinds of GPUs, the oldest C library.

    Args:
        name: what they are called together.
        machines: each with its name.
    """
    nodes = tuple(machines)
    drivers = [one.driver for one in nodes if one.driver]
    versions = [one.driver_cuda for one in nodes if one.driver_cuda]
    return Machine(
        driver=min(drivers, default=None),
        driver_cuda=min(versions, default=None),
        gpus=tuple(dict.fromkeys(gpu for one in nodes for gpu in one.gpus)),
        libc=min((one.libc for one in nodes if one.libc), key=_release, default=None),
        name=name,
        nodes=nodes,
    )


def without(machine: Machine, some: Iterable[Machine]) -> Machine:
    """The same machines without some of them."""
    gone = {one.name for one in some}
    kept = [one for one in machine.nodes if one.name not in gone]
    return replace(as_one(machine.name or "", kept), host_compiler=machine.host_compiler)


def one_of_each(machine: Machine) -> Machine:
    """The same machines, of those on which the same runs only the first; verdicts are the same."""
    if len(machine.nodes) < 2:
        return machine
    return replace(machine, nodes=tuple(some[0] for some in alike(machine)))


def alike(machine: Machine) -> list[tuple[Machine, ...]]:
    """The machines, those together on which the same runs."""
    found: dict[object, list[Machine]] = {}
    for one in machine.nodes:
        gpus = frozenset((gpu.name, gpu.capability) for gpu in one.gpus)
        found.setdefault((one.driver, one.driver_cuda, gpus), []).append(one)
    return [tuple(machines) for machines in found.values()]


def named(machines: Iterable[Machine], most: int = 3) -> str:
    """The names of some machines: `gpu01, gpu02 and 5 more`."""
    names = [one.name or "a machine" for one in machines]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _release(libc: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,4}", libc)))
