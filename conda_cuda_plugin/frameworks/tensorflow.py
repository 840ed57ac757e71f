"""TensorFlow: the CUDA it was built for, and its builds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from ..platforms import Platform
from ..versions import CudaVersion, VersionRequest
from . import build_markers
from .framework import (
    NOTHING,
    Backend,
    Build,
    Builds,
    Clue,
    Contents,
    Framework,
    Note,
    exactly,
    first_clue,
)
from .releases import in_range, table, tensorflow_row
from .site_packages import CondaRecord, Distribution, read_head, site_folders

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
    pinned = (
        build_markers.pins(distribution.requirements, extra=_EXTRA)
        if distribution and by_pip
        else {}
    )
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
            build_markers.cudnn_of_pins(pinned)
            or (build_markers.conda_pin(record.depends, "cudnn", "libcudnn") if record else None)
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
    version = build_markers.parsed(cuda[1]) if cuda else None
    return (version, Backend.CUDA, where) if version else NOTHING


def _from_package(
    distribution: Distribution | None, pinned: dict[str, str], contents: Contents
) -> Clue:
    assert distribution is not None
    where = contents.relative(distribution.path)
    if distribution.name in ("tensorflow-cpu", "tensorflow-intel"):
        return None, Backend.CPU, where
    cuda = build_markers.cuda_of_pins(pinned)
    return (cuda, Backend.CUDA, f"{where}/METADATA") if cuda else NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    where = contents.relative(record.path)
    cuda = build_markers.cuda_of_build(record.build)
    if cuda:
        return cuda, Backend.CUDA, where
    if build_markers.is_cpu_build(record.build) or record.name == "tensorflow-cpu":
        return None, Backend.CPU, where
    toolkit = contents.records.get("cudatoolkit")
    found = build_markers.parsed(toolkit.version) if toolkit and "gpu" in record.build else None
    return (found, Backend.CUDA, contents.relative(toolkit.path)) if found and toolkit else NOTHING


def _table_row(version: str) -> tuple[CudaVersion | None, str | None]:

    row = tensorflow_row(version)
    return (build_markers.parsed(row["cuda"]), str(row["cudnn"])) if row else (None, None)


def _has_wheels(contents: Contents) -> bool:
    return any(name.startswith("nvidia-cuda-runtime") for name in contents.distributions)


def tensorflow_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of TensorFlow: one CUDA release each, by its table."""
    row = tensorflow_row(version)
    assert row is not None, version
    builds = []
    on_windows_no_more = platform.windows and not in_range(
        version, f"<{_next_minor(table('tensorflow')['windows_last'])}"
    )
    cuda = CudaVersion.parse(row["cuda"])
    extra = row.get("and_cuda")
    if not on_windows_no_more and platform.machine != "aarch64":
        if extra:
            words: tuple[str, ...] = (f'pip install "tensorflow[and-cuda]=={version}"',)
        else:
            # These bring no CUDA: the libraries come from the environment's toolkit.
            package = "tensorflow" if in_range(version, ">=2.1") else "tensorflow-gpu"
            words = (f"pip install {package}=={version}", f"conda cuda use {cuda.release}")
        builds.append(
            Build(
                "pip",
                words,
                cuda,
                VersionRequest.parse(cuda.release),
                cudnn=extra["cudnn"] if extra else row["cudnn"],
                default=True,
            )
        )
    package = "tensorflow-cpu" if in_range(version, ">=2.1") else "tensorflow"
    if platform.machine == "aarch64":
        package = "tensorflow"
    builds.append(Build("pip", (f"pip install {package}=={version}",)))
    notes = [
        Note(
            "conda-forge's CUDA builds are not in our tables; to see them:",
            f'conda search -c conda-forge "tensorflow={version}=*cuda*"',
        )
    ]
    if on_windows_no_more:
        notes.append(Note("On Windows itself TensorFlow uses GPUs up to 2.10; later ones in WSL."))
    if platform.machine == "aarch64":
        notes.append(Note("No wheel with CUDA for this kind of machine is known."))
    notes.append(Note(f"It is made for Python {row['python']}."))
    cudnn = extra["cudnn"] if extra else row["cudnn"]
    return Builds("tensorflow", version, None, cudnn, tuple(builds), tuple(notes))


def _next_minor(release: str) -> str:
    major, minor = release.split(".")
    return f"{major}.{int(minor) + 1}"
