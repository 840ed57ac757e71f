"""conda's solver for a machine, with the reason when the machine is why it finds no way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conda.exceptions import PackagesNotFoundError, ResolvePackageNotFound, UnsatisfiableError

from ..system.conda_compat import virtual_packages
from .needs import Unmet, UnmetError, find_unmet, first_unfit, fitting, on_system
from .solver import ask_solver, solve

_UNSATISFIABLE = (PackagesNotFoundError, ResolvePackageNotFound, UnsatisfiableError)
_MOST_ROUNDS = 5


def solve_on(
    machine: Mapping[str, str],
    prefix: Path,
    channels: Sequence[str],
    subdir: str,
    specs: Sequence[str],
) -> tuple[Any, ...]:
    """What `solve` finds for a machine, as `overrides` describes it.

    Raises UnmetError when the packages want another machine, and what `solve` raises.
    """
    return solve(prefix, channels, subdir, specs, machine, _ask)


def _ask(
    prefix: Path, channels: Sequence[str], subdir: str, specs: Sequence[str]
) -> tuple[Any, ...]:
    """What the solver chooses for the machine that it sees, also where it looks at one thing only.

    conda's classic solver holds to what packages depend on, not to what they constrain.
    """
    system = on_system(virtual_packages())
    held: list[str] = []
    unfit: Unmet | None = None
    for _ in range(_MOST_ROUNDS):
        try:
            found = ask_solver(prefix, channels, subdir, (*specs, *held))
        except _UNSATISFIABLE as error:
            if unmet := find_unmet(channels, subdir, specs, system) or unfit:
                raise UnmetError(unmet) from error
            raise
        unfit = first_unfit(found, system)
        if unfit is None:
            return found
        if unmet := find_unmet(channels, subdir, specs, system):
            break
        held += fitting(channels, subdir, found, system)
    assert unfit is not None
    raise UnmetError(unmet or unfit)
