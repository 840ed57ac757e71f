"""JAX: jaxlib and its CUDA plugins, and their builds."""

from __future__ import annotations

import re
from typing import Any

from ..machine.machine import ComputeCapability
from ..platforms import Platform
from ..toolkit import releases
from ..versions import CudaVersion, VersionRequest
from . import build_markers
from .framework import Backend, Build, Builds, Contents, Framework, Note
from .releases import rows_for, table
from .site_packages import Distribution

_PLUGIN = re.compile(r"jax-cuda(\d{2})-(?:plugin|pjrt)")
_LOCAL = re.compile(r"cuda(\d{2,3})\.cudnn(\d{1,4})", re.ASCII)


def read_jax(contents: Contents) -> Framework | None:
    """JAX in an environment, or None."""
    jax = contents.distributions.get("jax")
    library = contents.distributions.get("jaxlib")
    record = contents.records.get("jaxlib")
    if library is None and record is None:
        return None
    if record and not (library and not library.from_conda):
        return _by_conda(contents)
    assert library is not None
    version = (jax or library).version.partition("+")[0]
    plugins = sorted(
        (name for name in contents.distributions if _PLUGIN.fullmatch(name)), reverse=True
    )
    for name in plugins:
        return _with_plugin(contents, version, contents.distributions[name])
    match = _LOCAL.fullmatch(build_markers.local_part(library.version))
    if match:
        return _with_local(contents, version, library, match)
    return Framework("jax", version, Backend.CPU, evidence=contents.relative(library.path))


def _with_plugin(contents: Contents, version: str, plugin: Distribution) -> Framework:
    match = _PLUGIN.fullmatch(plugin.name)
    assert match is not None
    major = int(match[1])
    pinned = {
        **build_markers.pins(plugin.requirements, extra="with-cuda"),
        **build_markers.pins(plugin.requirements, extra="with_cuda"),
    }
    lowest = next(
        (text for name, text in pinned.items() if name.startswith("nvidia-cuda-runtime")), ""
    )
    found = build_markers.parsed(lowest.removeprefix(">="))
    return Framework(
        "jax",
        version,
        Backend.CUDA,
        accepts=_range(major, found),
        cudnn=build_markers.cudnn_of_pins(pinned),
        brings_cuda=any(n.startswith("nvidia-cuda-runtime") for n in contents.distributions),
        evidence=contents.relative(plugin.path / "METADATA"),
    )


def _with_local(
    contents: Contents, version: str, library: Distribution, match: re.Match[str]
) -> Framework:
    digits, cudnn = match[1], match[2]
    # `cuda12`, but `cuda118` in older ones; `cudnn89` is 8.9.
    major = int(digits[:2])
    lowest = build_markers.joined(digits) if len(digits) == 3 else None
    return Framework(
        "jax",
        version,
        Backend.CUDA,
        accepts=_range(major, lowest or (CudaVersion(11, 8) if major == 11 else None)),
        cudnn=f"{cudnn[0]}.{cudnn[1:]}" if len(cudnn) > 1 else cudnn,
        brings_cuda=any(n.startswith("nvidia-cuda-runtime") for n in contents.distributions),
        evidence=contents.relative(library.path),
    )


def _by_conda(contents: Contents) -> Framework:
    record = contents.records["jaxlib"]
    jax = contents.records.get("jax", record)
    cuda = build_markers.cuda_of_build(record.build)
    backend = Backend.CUDA if cuda else Backend.UNKNOWN
    if cuda is None and build_markers.is_cpu_build(record.build):
        backend = Backend.CPU
    return Framework(
        "jax",
        jax.version,
        backend,
        cuda,
        VersionRequest.parse(cuda.release) if cuda else None,
        build_markers.conda_pin(record.depends, "cudnn", "libcudnn") if cuda else None,
        "conda",
        brings_cuda=cuda is not None,
        evidence=contents.relative(record.path),
    )


def _range(major: int, lowest: CudaVersion | None) -> VersionRequest:
    start = lowest.release if lowest and lowest.major == major else f"{major}.0"
    return VersionRequest.parse(f">={start},<{major + 1}")


def jax_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of JAX: one per major version of CUDA, each for a range."""
    builds = []
    rows = [] if platform.windows else rows_for(version, table("jax")["rules"])
    for row in sorted(rows, key=lambda row: row["extra"], reverse=True):
        builds.append(_build(version, row))
    builds.append(Build("pip", (f"pip install jax=={version}",)))
    notes = [
        Note(
            "conda-forge's CUDA builds are not in our tables; to see them:",
            f'conda search -c conda-forge "jaxlib={version}=*cuda*"',
        )
    ]
    if platform.windows:
        notes.append(Note("On Windows itself JAX is CPU only; in WSL it uses GPUs."))
    if any("min_cc" in row for row in rows):
        text = "JAX's least compute capabilities (5.2, with CUDA 13 7.5) are unverified."
        notes.append(Note(text))
    cudnn = next((build.cudnn for build in builds if build.cudnn), None)
    return Builds("jax", version, None, cudnn, tuple(builds), tuple(notes))


def _build(version: str, row: dict[str, Any]) -> Build:
    accepts = VersionRequest.parse(row["cuda"])
    words = f'pip install "jax[{row["extra"]}]=={version}"'
    if row.get("pages"):
        words += f" -f {table('jax')['wheel_pages']}"
    # pip takes the newest packages that the range allows.
    newest = accepts.best(known.version for known in releases())
    return Build(
        "pip",
        (words,),
        newest,
        accepts,
        cudnn=row["cudnn"],
        minimum=ComputeCapability.parse(row["min_cc"]) if "min_cc" in row else None,
        verified="min_cc" not in row,
    )
