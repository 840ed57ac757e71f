"""PyTorch.

torch/version.py has named the CUDA release since 0.4 (`cuda = '12.4'`, since 1.13
`cuda: Optional[str] = '12.4'`); METADATA pins the `nvidia-*` packages since 1.13 and
cuda-toolkit since 2.11.
"""

from __future__ import annotations

import re

from .. import clues
from ..framework import NOTHING, Backend, Clue, Contents, Framework, exactly
from ..site_packages import CondaRecord, Distribution, file_names, read_head, site_folders

_ASSIGNED = r"(?m)^{name}[ \t]*(?::[^=\n]*)?=[ \t]*(?:['\"]([^'\"\n]*)['\"]|(None))"
_CUDA = re.compile(_ASSIGNED.format(name="cuda"))
_HIP = re.compile(_ASSIGNED.format(name="hip"))
_XPU = re.compile(_ASSIGNED.format(name="xpu"))
_BUNDLED_CUDNN = re.compile(r"(?:libcudnn\S*\.so\.(\d+)|cudnn\w*64_(\d+)\.dll)")


def read_torch(contents: Contents) -> Framework | None:
    """PyTorch in an environment, or None."""
    distribution = contents.distributions.get("torch")
    record = contents.records.get("pytorch")
    if distribution is None and record is None:
        return None
    by_pip = distribution is not None and not (record and distribution.from_conda)
    written = distribution.version if by_pip and distribution else record.version if record else ""
    cuda, backend, evidence = _from_version_file(contents)
    if backend is Backend.UNKNOWN and by_pip and distribution:
        cuda, backend, evidence = _from_metadata(distribution, contents)
    if backend is Backend.UNKNOWN and record and not by_pip:
        cuda, backend, evidence = _from_record(record, contents)
    return Framework(
        "torch",
        written.partition("+")[0],
        backend,
        cuda,
        exactly(cuda),
        _cudnn(contents, distribution if by_pip else None, record) if cuda else None,
        "pip" if by_pip else "conda",
        # Every build of PyTorch does: wheels in torch/lib or as packages they require.
        brings_cuda=cuda is not None,
        evidence=evidence,
    )


def _from_version_file(contents: Contents) -> Clue:
    for folder in site_folders(contents.prefix):
        path = folder / "torch" / "version.py"
        text = read_head(path, 64 * 1024)
        match = _CUDA.search(text)
        if match is None:
            continue
        where = contents.relative(path)
        cuda = clues.parsed(match[1])
        if cuda:
            return cuda, Backend.CUDA, where
        others = [found for found in (_HIP.search(text), _XPU.search(text)) if found and found[1]]
        if others:
            return None, Backend.OTHER, where
        if match[2]:
            return None, Backend.CPU, where
    return NOTHING


def _from_metadata(distribution: Distribution, contents: Contents) -> Clue:
    from ..framework_tables import torch_default_cuda

    local = clues.local_part(distribution.version)
    where = contents.relative(distribution.path / "METADATA")
    cuda = clues.cuda_of_local(distribution.version)
    if cuda:
        return cuda, Backend.CUDA, contents.relative(distribution.path)
    if local.startswith("cpu"):
        return None, Backend.CPU, contents.relative(distribution.path)
    if local.startswith(("rocm", "xpu")):
        return None, Backend.OTHER, contents.relative(distribution.path)
    cuda = clues.cuda_of_pins(clues.pins(distribution.requirements))
    if cuda:
        return cuda, Backend.CUDA, where
    cuda = torch_default_cuda(distribution.version)
    if cuda:
        return cuda, Backend.CUDA, "the table of releases"
    return NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    where = contents.relative(record.path)
    cuda = clues.cuda_of_build(record.build)
    if cuda:
        return cuda, Backend.CUDA, where
    mutex = contents.records.get("pytorch-mutex")
    if clues.is_cpu_build(record.build) or (mutex and mutex.build == "cpu"):
        return None, Backend.CPU, where
    pinned = contents.records.get("pytorch-cuda")
    cuda = clues.parsed(pinned.version) if pinned else None
    if cuda:
        return cuda, Backend.CUDA, contents.relative(pinned.path) if pinned else where
    return NOTHING


def _cudnn(
    contents: Contents, distribution: Distribution | None, record: CondaRecord | None
) -> str | None:
    if distribution is not None:
        found = clues.cudnn_of_pins(clues.pins(distribution.requirements))
        return found or _bundled_cudnn(distribution)
    if record is None:
        return None
    return clues.cudnn_of_build(record.build) or clues.conda_pin(
        record.depends, "cudnn", "libcudnn"
    )


def _bundled_cudnn(distribution: Distribution) -> str | None:
    """The major version of the cuDNN inside an old wheel, which brings everything itself."""
    for name in file_names(distribution.site / "torch" / "lib"):
        match = _BUNDLED_CUDNN.match(name)
        if match:
            return match[1] or match[2]
    return None
