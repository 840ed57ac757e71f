"""The `nvidia-*` wheels that pip has put into an environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .site_packages import Distribution, distributions, read_head

_LIBRARY = re.compile(r"(?m)^((?:[^\n,\"]*/)?(?:lib[^/\n,\"]*\.so(?:\.[\d.]+)?|[^/\n,\"]*\.dll)),")
_RECORD_SIZE = 4 * 1024 * 1024


@dataclass(frozen=True)
class NvidiaWheel:
    """One of NVIDIA's wheels, such as nvidia-cublas-cu12."""

    name: str
    version: str
    folder: Path | None
    """Where its libraries lie; None when it has none (headers, tools)."""
    libraries: tuple[str, ...] = ()
    """File names, such as `libcublas.so.12`; only those that exist."""


def pip_nvidia_libraries(prefix: Path) -> tuple[NvidiaWheel, ...]:
    """Every `nvidia-*` wheel in an environment's site-packages.

    Layouts (read from the wheels themselves, 2026-11): `nvidia/<component>/lib` up to CUDA 12,
    `nvidia/cu13/lib` from 13 on; on Windows `bin` and `bin/x86_64`. The files are taken from each
    wheel's RECORD.

    Args:
        prefix: the environment.

    Returns:
        Sorted by name; empty for an environment without any. Never raises.
    """
    found = distributions(prefix)
    return tuple(
        _wheel(found[name])
        for name in sorted(found)
        if name.startswith("nvidia-") and not found[name].from_conda
    )


def _wheel(distribution: Distribution) -> NvidiaWheel:
    record = read_head(distribution.path / "RECORD", _RECORD_SIZE)
    folder: Path | None = None
    names = []
    for relative in _LIBRARY.findall(record):
        parts = relative.split("/")
        # What points outside of site-packages, or is a stub to link against, is no library here.
        if ".." in parts or "stubs" in parts or relative.startswith("/"):
            continue
        path = distribution.site.joinpath(*parts)
        if path.exists():
            folder = folder or path.parent
            names.append(path.name)
    return NvidiaWheel(distribution.name, distribution.version, folder, tuple(sorted(names)))
