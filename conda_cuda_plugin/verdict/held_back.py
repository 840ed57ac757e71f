"""Which of several machines hold the others back, and what one would gain without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..machine.group import alike, as_one, named, one_of_each, without
from ..machine.machine import Machine
from ..toolkit import releases
from ..versions import CudaVersion
from .driver_rules import shown
from .judge import best_release

T = TypeVar("T")


@dataclass(frozen=True)
class HeldBack(Generic[T]):
    """The weakest of several machines."""

    machines: tuple[Machine, ...]
    gain: T
    """What the others alone could have."""

    def text(self, gain: str) -> str:
        """One line: who holds the others back, and the gain."""
        first, one = self.machines[0], len(self.machines) == 1
        parts = [f"driver {shown(first.driver)}"] if first.driver else []
        parts += [f"GPU {gpu.capability}" for gpu in first.gpus[:1] if gpu.capability]
        same = len(alike(as_one("", self.machines))) == 1
        facts = f" ({', '.join(parts)})" if parts and same else ""
        verb, them = ("holds", "it") if one else ("hold", "them")
        return f"{named(self.machines)}{facts} {verb} the others back; without {them}: {gain}"


def held_back(
    machine: Machine, best: Callable[[Machine], T | None], worth: Callable[[T | None], Any]
) -> HeldBack[T] | None:
    """The machines without which one could have something better.

    Args:
        machine: several machines as one.
        best: the best that there is for some of them.
        worth: what it is worth, to be compared.

    Returns:
        None when the others could have nothing better, or it is one machine.
    """
    groups = alike(machine)
    if len(groups) < 2:
        return None
    # Of those on which the same runs, one is enough to judge.
    few = one_of_each(machine)
    now = worth(best(few))
    # The weakest first.
    groups.sort(key=lambda group: worth(best(as_one("", group[:1]))))
    gone: tuple[Machine, ...] = ()
    for group in groups[:-1]:
        gone += group
        gain = best(without(few, gone))
        if gain is not None and worth(gain) > now:
            return HeldBack(gone, gain)
    return None


def held_back_release(
    machine: Machine, candidates: Sequence[CudaVersion] | None = None
) -> HeldBack[CudaVersion] | None:
    """The machines without which a newer release would be the best of some candidates.

    Without candidates all known releases are.
    """

    def worth(found: CudaVersion | None) -> tuple[int, tuple[int, ...]]:
        return (0, ()) if found is None else (1, found.numbers)

    return held_back(machine, lambda one: newest_release(one, candidates), worth)


def newest_release(
    machine: Machine, candidates: Sequence[CudaVersion] | None = None
) -> CudaVersion | None:
    """The best of some candidates, by default of all releases; None when none runs."""
    known = [row.version for row in releases()] if candidates is None else candidates
    found = best_release(machine, known)
    return found[0] if found else None
