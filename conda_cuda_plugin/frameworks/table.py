"""The table of frameworks: those in an environment, and the builds that exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..platforms import Platform
from .cupy import cupy_builds, read_cupy
from .framework import Builds, Contents, Framework
from .jax import jax_builds, read_jax
from .site_packages import conda_records, distributions
from .tensorflow import read_tensorflow, tensorflow_builds
from .torch import read_torch, torch_builds

_READERS: tuple[Callable[[Contents], Framework | None], ...] = (
    read_torch,
    read_tensorflow,
    read_jax,
    read_cupy,
)
_BUILDS: dict[str, Callable[[str, Platform], Builds]] = {
    "torch": torch_builds,
    "tensorflow": tensorflow_builds,
    "jax": jax_builds,
    "cupy": cupy_builds,
}


def find_frameworks(prefix: Path) -> tuple[Framework, ...]:
    """The frameworks of an environment.

    Sources, in order: what the framework writes about its own build (torch/version.py,
    tensorflow's build_info.py), its metadata (`+cu118`, the `nvidia-*` and `cuda-toolkit`
    packages it requires), conda's records (build strings, dependencies), and for releases that
    say nothing the tables of data/frameworks.json.

    Never raises: what is broken counts as absent or as unknown.
    """
    contents = Contents(prefix, distributions(prefix), conda_records(prefix))
    return tuple(framework for read in _READERS if (framework := read(contents)) is not None)


def builds_of(name: str, version: str, platform: Platform) -> Builds:
    """The builds of a release that `find_release` knows, on a platform."""
    return _BUILDS[name](version, platform)
