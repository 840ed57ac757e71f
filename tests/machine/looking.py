"""Looking at such a machine."""

from __future__ import annotations

from typing import Any

from conda_cuda_plugin.machine.detect import detect
from conda_cuda_plugin.machine.machine import Machine

from .drivers import Tree

L4 = {"STANDIN_GPUS": "NVIDIA L4:8:9", "STANDIN_DRIVER": "550.54.15", "STANDIN_CUDA": "12040"}


def shown(machine: Machine) -> tuple[str | None, str | None, list[tuple[str | None, str | None]]]:
    """Driver, its CUDA and the GPUs, as text."""
    return (
        str(machine.driver) if machine.driver else None,
        str(machine.driver_cuda) if machine.driver_cuda else None,
        [(gpu.name, str(gpu.capability) if gpu.capability else None) for gpu in machine.gpus],
    )


def look(tree: Tree, variables: dict[str, str] | None = None, **extra: Any) -> Machine:
    return detect(tree.root, variables or {}, **{"compiler": False, **extra})
