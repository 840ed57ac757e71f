"""TensorFlow.

Its build writes tensorflow/python/platform/build_info.py: since 2.3 a dictionary with
`cuda_version`, `cudnn_version` and `is_cuda_build`, before that names (`cuda_version_number`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ...versions import CudaVersion
from .. import clues
from ..framework import NOTHING, Backend, Clue, Contents, Framework, exactly, first_clue
from ..site_packages import CondaRecord, Distribution, read_head, site_folders

_PIP_NAMES = ("tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tensorflow-intel")
_CONDA_NAMES = ("tensorflow-base", "tensorflow", "tensorflow-gpu", "tensorflow-cpu")
_VALUE = r"['\"]?\b{name}['\"]?\s*[:,=]\s*(?:['\"]([^'\"\n]{{1,40}})['\"]|(True|False))"
_CUDA = re.compile(_VALUE.format(name=r"cuda_version(?:_number)?"))
_CUDNN = re.compile(_VALUE.format(name=r"cudnn_version(?:_number)?"))
_IS_CUDA = re.compile(_VALUE.format(name="is_cuda_build"))
_IS_ROCM = re.compile(_VALUE.format(name="is_rocm_build"))
_EXTRA = "and-cuda"

T = TypeVar("T")


def read_tensorflow(contents: Contents) -> Framework | None:
    """TensorFlow in an environment, or None."""
    distribution = _first(contents.distributions, _PIP_NAMES)
    record = _first(contents.records, _CONDA_NAMES)
    if distribution is None and record is None:
        return None
    by_pip = distribution is not None and not (record and distribution.from_conda)
    package = distribution if by_pip else record
    assert package is not None
    info, info_path = _build_info(contents)
    pinned = clues.pins(distribution.requirements, extra=_EXTRA) if distribution and by_pip else {}
    cuda, backend, evidence = first_clue(
        lambda: _from_build_info(info, info_path),
        lambda: _from_package(distribution, pinned, contents) if by_pip else NOTHING,
        lambda: _from_record(record, contents) if record and not by_pip else NOTHING,
    )
    row_cuda, row_cudnn = _table_row(package.version)
    if backend is Backend.UNKNOWN and package.name in ("tensorflow-gpu",) and row_cuda:
        cuda, backend, evidence = row_cuda, Backend.CUDA, "the table of releases"
    cudnn = None
    if backend is Backend.CUDA:
        match = _CUDNN.search(info)
        cudnn = (
            clues.cudnn_of_pins(pinned)
            or (clues.conda_pin(record.depends, "cudnn", "libcudnn") if record else None)
            or row_cudnn
            or (match[1] if match else None)
        )
    return Framework(
        "tensorflow",
        package.version.partition("+")[0],
        backend,
        cuda,
        exactly(cuda),
        cudnn,
        "pip" if by_pip else "conda",
        brings_cuda=cuda is not None and (not by_pip or _has_wheels(contents)),
        evidence=evidence,
    )


def _first(table: Mapping[str, T], names: Sequence[str]) -> T | None:
    return next((table[name] for name in names if name in table), None)


def _build_info(contents: Contents) -> tuple[str, str]:
    for folder in site_folders(contents.prefix):
        # In old wheels the package is tensorflow_core (1.15, 2.0).
        for package in ("tensorflow", "tensorflow_core"):
            path = folder / package / "python" / "platform" / "build_info.py"
            text = read_head(path, 64 * 1024)
            if text:
                return text, contents.relative(path)
    return "", ""


def _from_build_info(info: str, where: str) -> Clue:
    cuda, is_cuda, is_rocm = _CUDA.search(info), _IS_CUDA.search(info), _IS_ROCM.search(info)
    if is_cuda and is_cuda[2] == "False":
        other = is_rocm is not None and is_rocm[2] == "True"
        return None, Backend.OTHER if other else Backend.CPU, where
    version = clues.parsed(cuda[1]) if cuda else None
    return (version, Backend.CUDA, where) if version else NOTHING


def _from_package(
    distribution: Distribution | None, pinned: dict[str, str], contents: Contents
) -> Clue:
    assert distribution is not None
    where = contents.relative(distribution.path)
    if distribution.name in ("tensorflow-cpu", "tensorflow-intel"):
        return None, Backend.CPU, where
    cuda = clues.cuda_of_pins(pinned)
    return (cuda, Backend.CUDA, f"{where}/METADATA") if cuda else NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    where = contents.relative(record.path)
    cuda = clues.cuda_of_build(record.build)
    if cuda:
        return cuda, Backend.CUDA, where
    if clues.is_cpu_build(record.build) or record.name == "tensorflow-cpu":
        return None, Backend.CPU, where
    toolkit = contents.records.get("cudatoolkit")
    found = clues.parsed(toolkit.version) if toolkit and "gpu" in record.build else None
    return (found, Backend.CUDA, contents.relative(toolkit.path)) if found and toolkit else NOTHING


def _table_row(version: str) -> tuple[CudaVersion | None, str | None]:
    from ..framework_tables import tensorflow_row

    row = tensorflow_row(version)
    return (clues.parsed(row["cuda"]), str(row["cudnn"])) if row else (None, None)


def _has_wheels(contents: Contents) -> bool:
    return any(name.startswith("nvidia-cuda-runtime") for name in contents.distributions)
