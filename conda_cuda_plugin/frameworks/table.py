"""The table of frameworks: those in an environment, and the builds that exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import CudaError
from ..platforms import Platform
from .cupy import cupy_builds, read_cupy
from .framework import Build, Builds, Contents, Framework
from .jax import jax_builds, read_jax
from .releases import find_release
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


def build_of(framework: Framework, platform: Platform) -> Build | None:
    """The build of pip's that an installed framework is; None where no table knows it."""
    try:
        version = find_release(framework.name, framework.version)
    except CudaError:
        return None
    if framework.installer != "pip" or version != framework.version:
        return None
    builds = builds_of(framework.name, version, platform).builds
    same = (one for one in builds if one.cuda and one.accepts == framework.accepts)
    return next((one for one in same if one.source == "pip"), None)


def builds_of(name: str, version: str, platform: Platform) -> Builds:
    """The builds of a release that `find_release` knows, on a platform."""
    return _BUILDS[name](version, platform)
