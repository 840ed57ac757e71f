"""Writing cuda.yml files, and changing them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conda_cuda_plugin.lockfile.cuda_file import digest_of
from conda_cuda_plugin.system.yaml_text import dump, load

from ..conftest import Conda

RUNTIME = "nvidia-cuda-runtime-cu12-12.4.127-wheel_0"
CONDAS_LOG = "conda-meta/history"
"""Holds the time and the words of each command; it is the one file that differs."""


def without_log(found: dict[str, str]) -> dict[str, str]:
    """A listing without conda's log of a toolkit root."""
    return {name: text for name, text in found.items() if not name.endswith(CONDAS_LOG)}


def export(conda: Conda, prefix: Path, *words: str) -> Path:
    """The file of an environment's CUDA, beside the environment."""
    path = prefix.parent / f"{prefix.name}.yaml"
    conda.cuda("export", prefix, "-f", path, *words)
    return path


def with_empty_cache(conda: Conda, tmp_path: Path) -> Path:
    """From now on conda has an empty package cache."""
    return conda.empty_cache(tmp_path / "empty cache")


def resealed(path: Path, change: Any) -> None:
    """Change a file's content and give it the digest that belongs to it."""
    content = load(path.read_text())
    change(content)
    content["digest"] = digest_of(content)
    path.write_text(dump(content))
