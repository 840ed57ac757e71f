"""JAX: jaxlib, and since 0.4.22 the plugins jax-cuda12-plugin and jax-cuda13-plugin.

A wheel names a major version only, so it runs with a range of releases (METADATA of the plugins;
local versions such as `0.4.25+cuda12.cudnn89` before).
"""

from __future__ import annotations

import re

from ...versions import CudaVersion, VersionRequest
from .. import clues
from ..framework import Backend, Contents, Framework
from ..site_packages import Distribution

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
    match = _LOCAL.fullmatch(clues.local_part(library.version))
    if match:
        return _with_local(contents, version, library, match)
    return Framework("jax", version, Backend.CPU, evidence=contents.relative(library.path))


def _with_plugin(contents: Contents, version: str, plugin: Distribution) -> Framework:
    match = _PLUGIN.fullmatch(plugin.name)
    assert match is not None
    major = int(match[1])
    pinned = {
        **clues.pins(plugin.requirements, extra="with-cuda"),
        **clues.pins(plugin.requirements, extra="with_cuda"),
    }
    lowest = next(
        (text for name, text in pinned.items() if name.startswith("nvidia-cuda-runtime")), ""
    )
    found = clues.parsed(lowest.removeprefix(">="))
    return Framework(
        "jax",
        version,
        Backend.CUDA,
        accepts=_range(major, found),
        cudnn=clues.cudnn_of_pins(pinned),
        brings_cuda=any(n.startswith("nvidia-cuda-runtime") for n in contents.distributions),
        evidence=contents.relative(plugin.path / "METADATA"),
    )


def _with_local(
    contents: Contents, version: str, library: Distribution, match: re.Match[str]
) -> Framework:
    digits, cudnn = match[1], match[2]
    # `cuda12`, but `cuda118` in older ones; `cudnn89` is 8.9.
    major = int(digits[:2])
    lowest = clues.joined(digits) if len(digits) == 3 else None
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
    cuda = clues.cuda_of_build(record.build)
    backend = Backend.CUDA if cuda else Backend.UNKNOWN
    if cuda is None and clues.is_cpu_build(record.build):
        backend = Backend.CPU
    return Framework(
        "jax",
        jax.version,
        backend,
        cuda,
        VersionRequest.parse(cuda.release) if cuda else None,
        clues.conda_pin(record.depends, "cudnn", "libcudnn") if cuda else None,
        "conda",
        brings_cuda=cuda is not None,
        evidence=contents.relative(record.path),
    )


def _range(major: int, lowest: CudaVersion | None) -> VersionRequest:
    start = lowest.release if lowest and lowest.major == major else f"{major}.0"
    return VersionRequest.parse(f">={start},<{major + 1}")
