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
        if match := _NAME.fullmatch(name):
            cuda = None if match[2] else build_markers.joined(match[1])
            major = int(match[1])
            # cupy-cuda11x needs 11.2 (its documentation; the others any minor version).
            text = f">={major}.{2 if major == 11 else 0},<{major + 1}"
            return Framework(
                "cupy",
                distribution.version,
                Backend.CUDA,
                cuda,
                exactly(cuda) or VersionRequest.parse(text),
                evidence=contents.relative(distribution.path),
            )
    _, record = contents.find((), ("cupy-core", "cupy"))
    if record is None:
        return None
    pin = build_markers.conda_pin(record.depends, "cuda-version", "cudatoolkit")
    lowest = re.match(r"(?:>=|==?)?(\d{1,2}\.\d{1,2})", pin or "")
    cuda = build_markers.parsed(lowest[1]) if lowest else None
    return Framework(
        "cupy",
        record.version,
        Backend.CUDA if cuda else Backend.UNKNOWN,
        accepts=VersionRequest.parse(f">={cuda.release},<{cuda.major + 1}") if cuda else None,
        installer="conda",
        brings_cuda=cuda is not None,
        evidence=contents.relative(record.path),
    )
