"""The frameworks in an environment, and the CUDA each was built for: read, never imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .framework import Contents, Framework
from .readers.cupy import read_cupy
from .readers.jax import read_jax
from .readers.tensorflow import read_tensorflow
from .readers.torch import read_torch
from .site_packages import conda_records, distributions


def find_frameworks(prefix: Path) -> tuple[Framework, ...]:
    """The frameworks of an environment.

    Sources, in order: what the framework writes about its own build (torch/version.py,
    tensorflow's build_info.py), its metadata (`+cu118`, the `nvidia-*` and `cuda-toolkit`
    packages it requires), conda's records (build strings, dependencies), and for releases that
    say nothing the tables of data/frameworks.json.

    Args:
        prefix: the environment.

    Returns:
        PyTorch, TensorFlow, JAX, CuPy in this order, those that are there. Never raises: what is
        broken counts as absent or as unknown.
    """
    contents = Contents(prefix, distributions(prefix), conda_records(prefix))
    readers: tuple[Callable[[Contents], Framework | None], ...] = (
        read_torch,
        read_tensorflow,
        read_jax,
        read_cupy,
    )
    found = (reader(contents) for reader in readers)
    return tuple(framework for framework in found if framework is not None)
