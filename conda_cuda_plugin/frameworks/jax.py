"""JAX: jaxlib and its CUDA plugins, and their builds."""

from __future__ import annotations

import re

from ..machine.machine import ComputeCapability
from ..platforms import Platform
from ..toolkit import releases
from ..versions import CudaVersion, VersionRequest
from . import build_markers
from .framework import (
    Backend,
    Build,
    Builds,
    Contents,
    Framework,
    Note,
    clue_of_record,
    cudnn_of_record,
    exactly,
)
from .releases import in_range, rows_for, table
from .site_packages import CondaRecord, Distribution

_PLUGIN = re.compile(r"jax-cuda(\d{2})-(?:plugin|pjrt)")
_LOCAL = re.compile(r"cuda(\d{2,3})\.cudnn(\d{1,4})", re.ASCII)


def read_jax(contents: Contents) -> Framework | None:
    """JAX in an environment, or None."""
    library, record = contents.find(("jaxlib",), ("jaxlib",))
    if record is not None:
        return _by_conda(contents, record)
    return _by_pip(contents, library) if library else None


def _by_pip(contents: Contents, library: Distribution) -> Framework:
    version = contents.distributions.get("jax", library).version.partition("+")[0]
    plugins = {
        match[0]: int(match[1])
        for name in sorted(contents.distributions)
        if (match := _PLUGIN.fullmatch(name))
    }
    local = _LOCAL.fullmatch(build_markers.local_part(library.version))
    if plugins:
        name, major = plugins.popitem()
        plugin = contents.distributions[name]
        pinned = build_markers.pins(plugin.requirements, extra="with-cuda")
        runtimes = (spec for one, spec in pinned.items() if one.startswith("nvidia-cuda-runtime"))
        lowest = build_markers.parsed(next(runtimes, "").removeprefix(">="))
        cudnn = build_markers.cudnn_of_pins(pinned)
        evidence = plugin.path / "METADATA"
    elif local:
        # `cuda12`, but `cuda118` in older ones; `cudnn89` is 8.9.
        major = int(local[1][:2])
        lowest = build_markers.joined(local[1]) if len(local[1]) == 3 else CudaVersion(11, 8)
        cudnn = f"{local[2][0]}.{local[2][1:]}" if len(local[2]) > 1 else local[2]
        evidence = library.path
    else:
        return Framework("jax", version, Backend.CPU, evidence=contents.relative(library.path))
    start = lowest.release if lowest and lowest.major == major else f"{major}.0"
    return Framework(
        "jax",
        version,
        Backend.CUDA,
        accepts=VersionRequest.parse(f">={start},<{major + 1}"),
        cudnn=cudnn,
        brings_cuda=contents.has_cuda_wheels,
        evidence=contents.relative(evidence),
    )


def _by_conda(contents: Contents, record: CondaRecord) -> Framework:
    cuda, backend, _ = clue_of_record(contents, record)
    return Framework(
        "jax",
        contents.records.get("jax", record).version,
        backend,
        cuda,
        exactly(cuda),
        cudnn_of_record(record) if cuda else None,
        "conda",
        brings_cuda=cuda is not None,
        evidence=contents.relative(record.path),
    )


def jax_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of JAX: one per major version of CUDA, each for a range."""
    rows = [] if platform.windows else rows_for(version, table("jax")["rules"])
    builds = []
    for row in sorted(rows, key=lambda row: str(row["extra"]), reverse=True):
        accepts = VersionRequest.parse(row["cuda"])
        command = f'pip install "jax[{row["extra"]}]=={version}"'
        if row.get("pages"):
            command += f" -f {table('jax')['wheel_pages']}"
        # pip takes the newest packages that the range allows.
        newest = accepts.best(known.version for known in releases())
        minimum = _oldest_gpu(version, newest.major) if newest else None
        build = Build("pip", (command,), newest, accepts, row["cudnn"], minimum=minimum)
        builds.append(build)
    cudnn = next((build.cudnn for build in builds), None)
    builds.append(Build("pip", (f"pip install jax=={version}",)))
    notes = [Note.on_conda_forge("jax", version)]
    if platform.windows:
        notes.append(Note("On Windows itself JAX is CPU only; in WSL it uses GPUs."))
    return Builds("jax", version, None, cudnn, tuple(builds), tuple(notes))


def _oldest_gpu(version: str, major: int) -> ComputeCapability | None:
    """The oldest GPU that the builds for a major version of CUDA run on."""
    since = table("jax")["oldest"].get(str(major), {})
    # Oldest release first.
    known = [text for first, text in since.items() if in_range(version, f">={first}")]
    return ComputeCapability.parse(known[-1]) if known else None
