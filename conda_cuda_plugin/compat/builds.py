"""The builds of a framework that exist: pip variants, conda-forge, the ended pytorch channel."""

from __future__ import annotations

from ..platforms import Platform
from .build import Builds
from .builds_jax import jax_builds
from .builds_tensorflow import tensorflow_builds
from .builds_torch import torch_builds


def builds_of(name: str, version: str, platform: Platform) -> Builds:
    """The builds of a release on a platform.

    Args:
        name: `torch`, `tensorflow` or `jax`.
        version: a release that `find_release` knows.
        platform: for which platform.
    """
    if name == "torch":
        return torch_builds(version, platform)
    if name == "tensorflow":
        return tensorflow_builds(version, platform)
    return jax_builds(version, platform)
