"""A machine as conda's solver sees it: the virtual packages `__cuda` and `__cuda_arch` (CEP 46)."""

from __future__ import annotations

from collections.abc import Mapping

from ..versions import CudaVersion
from .machine import Machine

CUDA, ARCH = "CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_CUDA_ARCH"
"""conda's variables that state the two; an empty one takes the package away."""

NO_DRIVER: Mapping[str, str] = {CUDA: "", ARCH: ""}
"""What lets the solver see a machine without a driver, on which no GPU counts."""


def overrides(machine: Machine | None, runs: CudaVersion | None = None) -> Mapping[str, str]:
    """The variables that let conda's solver see a machine, whatever it finds here.

    Args:
        machine: the machine; None for one without a driver.
        runs: a release that its driver shall count as able to run, if there is a driver.
    """
    cuda = machine.driver_cuda if machine else None
    if machine is None or cuda is None:
        return NO_DRIVER
    if runs is not None:
        cuda = max(cuda, runs)
    return {CUDA: cuda.release, ARCH: str(machine.capability or "")}


def seen_by_solver(machine: Machine) -> str:
    """What the solver sees of a machine and what says so, as a list in a sentence."""
    evidence, found = dict(machine.evidence), overrides(machine)
    by = {
        "__cuda": ("driver_cuda", "cuda", "driver"),
        "__cuda_arch": ("gpus", "cc", "gpu"),
    }
    parts: dict[str, list[str]] = {}
    for (name, keys), version in zip(by.items(), found.values(), strict=True):
        who = next((evidence[key] for key in keys if key in evidence), "")
        parts.setdefault(who, []).append(f"{name} {version}" if version else f"no {name}")
    return ", ".join(
        " and ".join(these) + (f" (by {who})" if who else "") for who, these in parts.items()
    )
