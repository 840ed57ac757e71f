"""CuPy: the distribution's own name says the CUDA (`cupy-cuda12x`, `cupy-cuda112`); its builds."""

from __future__ import annotations

import re

from ..machine.machine import ComputeCapability
from ..platforms import Platform
from ..toolkit import releases
from ..versions import VersionRequest
from . import build_markers
from .framework import Backend, Build, Builds, Contents, Framework, Note, exactly
from .releases import in_range, table

_NAME = re.compile(r"cupy-cuda(\d{2,3})(x?)", re.ASCII)


def read_cupy(contents: Contents) -> Framework | None:
    """CuPy in an environment, or None."""
    for name, distribution in sorted(contents.distributions.items(), reverse=True):
        if match := _NAME.fullmatch(name):
            cuda = None if match[2] else build_markers.joined(match[1])
            major = int(match[1])
            text = table("cupy")["accepts"].get(str(major), f">={major}.0,<{major + 1}")
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


def cupy_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of CuPy: one per major version of CUDA, each for a range.

    They are for every platform alike.
    """
    known, builds = table("cupy"), []
    for major in reversed(known["releases"][version]["cuda"]):
        accepts = VersionRequest.parse(known["accepts"][major])
        newest = accepts.best(row.version for row in releases())
        name = f"cupy-cuda{major}x"
        brings = in_range(version, known["toolkit_extra"])
        wheel = f'"{name}[ctk]=={version}"' if brings else f"{name}=={version}"
        oldest = ComputeCapability.parse(known["oldest"][major])
        build = Build(
            "pip", (f"pip install {wheel}",), newest, accepts, minimum=oldest, brings_cuda=brings
        )
        builds.append(build)
    notes = [Note.on_conda_forge("cupy", version)]
    if not in_range(version, known["toolkit_extra"]):
        notes.append(Note("Its wheels bring no CUDA: the environment's toolkit has the libraries."))
    return Builds("cupy", version, None, None, tuple(builds), tuple(notes))
