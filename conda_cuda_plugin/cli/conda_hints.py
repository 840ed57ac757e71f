"""What conda cuda adds to errors of conda's own that mention `__cuda`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

from conda.base.context import context
from conda.core.solve import Solver

from ..machine.machine import Machine
from ..packages.channel_records import is_at_hand
from ..packages.needs import Unmet, find_unmet, on_system
from ..quoting import assignment
from ..system.conda_compat import settings, virtual_packages
from ..verdict.driver_rules import driver_cuda
from .machine import machine_for

_MOST_ERRORS = 10
"""Of which one was raised because of the other."""


def hints(error: Any) -> Iterator[Any]:
    """Which package wants what of driver and GPU, what there is, and what to do next."""
    # conda has it from 26.7 on.
    from conda.plugins.types import CondaErrorHint

    machine = machine_for(None)
    no_version = [one.note for one in machine.overrides if one.package == "cuda" and not one.counts]
    unmet = None if no_version else _unmet(error)
    if no_version:
        yield CondaErrorHint(
            f"{no_version[0]} conda goes by it all the same. `conda cuda doctor` says how to take "
            "it away.",
            "cuda_override",
        )
    elif unmet is not None:
        yield CondaErrorHint(f"{unmet.text}.", "cuda_wanted")
        for code, text in unmet.hints(machine, os.environ).items():
            yield CondaErrorHint(text, code)
    else:
        yield CondaErrorHint(*_in_general(machine))
    yield CondaErrorHint("`conda cuda info` shows driver and GPUs.", "cuda_info")


def _unmet(error: BaseException) -> Unmet | None:
    """The package that wants another machine; None where the indexes at hand do not tell."""
    try:
        solver = _solver_of(error)
        if solver is None:
            return None
        names = [channel.canonical_name for channel in solver.channels]
        # What a connection would have to bring takes too long for a hint.
        with settings(offline=True):
            here = [name for name in names if is_at_hand(name, context.subdir)]
            specs = sorted(map(str, solver.specs_to_add))
            return find_unmet(here, context.subdir, specs, on_system(virtual_packages()))
    except Exception:
        # conda has said what is wrong; this only adds to it.
        return None


def _solver_of(error: BaseException | None) -> Solver | None:
    """The solver that has failed: conda's errors do not say what was asked for, and of whom."""
    for _ in range(_MOST_ERRORS):
        if error is None:
            break
        for frame, _line in walk_tb(error.__traceback__):
            found = frame.f_locals.get("self")
            if isinstance(found, Solver):
                return found
        error = error.__cause__ or error.__context__
    return None


def _in_general(machine: Machine) -> tuple[str, str]:
    """What `__cuda` stands for, as conda has found it."""
    cuda = driver_cuda(machine)
    if cuda is None:
        return (
            "__cuda stands for the NVIDIA driver, and none was found here. For another machine, "
            "say what its driver runs, such as 12.4, and ask conda again: "
            + assignment("CONDA_OVERRIDE_CUDA", "12.4", os.environ),
            "cuda_no_driver",
        )
    return (
        f"__cuda stands for the NVIDIA driver, which runs CUDA up to {cuda.release} here. "
        "`conda cuda match torch` shows the builds of PyTorch that it runs, TensorFlow's and "
        "JAX's likewise.",
        "cuda_driver",
    )
