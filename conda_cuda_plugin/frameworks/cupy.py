"""CuPy: the distribution's own name says the CUDA (`cupy-cuda12x`, `cupy-cuda112`)."""

from __future__ import annotations

import re

from ..versions import VersionRequest
from . import build_markers
from .framework import Backend, Contents, Framework, exactly

_NAME = re.compile(r"cupy-cuda(\d{2,3})(x?)", re.ASCII)


def read_cupy(contents: Contents) -> Framework | None:
    """CuPy in an environment, or None."""
    for name, distribution in sorted(contents.distributions.items(), reverse=True):
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        where = contents.relative(distribution.path)
        if match[2]:
            major = int(match[1])
            # cupy-cuda11x needs 11.2 (its documentation; the others any minor version).
            accepts = VersionRequest.parse(f">={major}.{2 if major == 11 else 0},<{major + 1}")
            return Framework(
                "cupy", distribution.version, Backend.CUDA, accepts=accepts, evidence=where
            )
        exact = build_markers.joined(match[1])
        return Framework(
            "cupy", distribution.version, Backend.CUDA, exact, exactly(exact), evidence=where
        )
    record = contents.records.get("cupy-core") or contents.records.get("cupy")
    if record is None:
        return None
    pin = build_markers.conda_pin(record.depends, "cuda-version", "cudatoolkit")
    match = re.match(r"(?:>=|==?)?(\d{1,2}\.\d{1,2})", pin or "")
    cuda = build_markers.parsed(match[1]) if match else None
    return Framework(
        "cupy",
        record.version,
        Backend.CUDA if cuda else Backend.UNKNOWN,
        accepts=VersionRequest.parse(f">={cuda.release},<{cuda.major + 1}") if cuda else None,
        installer="conda",
        brings_cuda=cuda is not None,
        evidence=contents.relative(record.path),
    )
