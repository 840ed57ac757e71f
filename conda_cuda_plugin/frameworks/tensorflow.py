"""TensorFlow: the CUDA it was built for, and its builds."""

from __future__ import annotations

import re

from ..machine.machine import ComputeCapability
from ..platforms import Platform
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
    clue_of_record,
    cudnn_of_record,
    exactly,
    first_clue,
)
from .releases import in_range, release_row, table
from .site_packages import CondaRecord, Distribution, read_head, site_folders

_PIP_NAMES = ("tensorflow", "tensorflow-gpu", "tensorflow-cpu", "tensorflow-intel")
_CONDA_NAMES = ("tensorflow-base", "tensorflow", "tensorflow-gpu", "tensorflow-cpu")
_VALUE = r"['\"]?\b{name}['\"]?\s*[:,=]\s*(?:['\"]([^'\"\n]{{1,40}})['\"]|(True|False))"
_CUDA = re.compile(_VALUE.format(name=r"cuda_version(?:_number)?"))
_CUDNN = re.compile(_VALUE.format(name=r"cudnn_version(?:_number)?"))
_IS_CUDA = re.compile(_VALUE.format(name="is_cuda_build"))
_IS_ROCM = re.compile(_VALUE.format(name="is_rocm_build"))


def read_tensorflow(contents: Contents) -> Framework | None:
    """TensorFlow in an environment, or None."""
    distribution, record = contents.find(_PIP_NAMES, _CONDA_NAMES)
    package = distribution or record
    if package is None:
        return None
    info, info_path = _build_info(contents)
    requirements = distribution.requirements if distribution else ()
    pinned = build_markers.pins(requirements, extra="and-cuda")
    row = release_row("tensorflow", package.version) or {}
    cuda, backend, evidence = first_clue(
        lambda: _from_build_info(info, info_path),
        lambda: _from_package(distribution, pinned, contents) if distribution else NOTHING,
        lambda: _from_record(record, contents) if record else NOTHING,
    )
    if backend is Backend.UNKNOWN and package.name == "tensorflow-gpu" and row:
        cuda = build_markers.parsed(row["cuda"])
        backend, evidence = Backend.CUDA, "the table of releases"
    written = _CUDNN.search(info)
    cudnn = (
        build_markers.cudnn_of_pins(pinned)
        or (cudnn_of_record(record) if record else None)
        or row.get("cudnn")
        or (written[1] if written else None)
    )
    return Framework(
        "tensorflow",
        package.version.partition("+")[0],
        backend,
        cuda,
        exactly(cuda),
        cudnn if backend is Backend.CUDA else None,
        package.installer,
        brings_cuda=cuda is not None and (record is not None or contents.has_cuda_wheels),
        evidence=evidence,
    )


def _build_info(contents: Contents) -> tuple[str, str]:
    for folder in site_folders(contents.prefix):
        # In old wheels the package is tensorflow_core (1.15, 2.0).
        for package in ("tensorflow", "tensorflow_core"):
            path = folder / package / "python" / "platform" / "build_info.py"
            if text := read_head(path, 64 * 1024):
                return text, contents.relative(path)
    return "", ""


def _from_build_info(info: str, where: str) -> Clue:
    cuda, is_cuda, is_rocm = _CUDA.search(info), _IS_CUDA.search(info), _IS_ROCM.search(info)
    if is_cuda and is_cuda[2] == "False":
        other = is_rocm is not None and is_rocm[2] == "True"
        return None, Backend.OTHER if other else Backend.CPU, where
    version = build_markers.parsed(cuda[1]) if cuda else None
    return (version, Backend.CUDA, where) if version else NOTHING


def _from_package(distribution: Distribution, pinned: dict[str, str], contents: Contents) -> Clue:
    where = contents.relative(distribution.path)
    if distribution.name in ("tensorflow-cpu", "tensorflow-intel"):
        return None, Backend.CPU, where
    cuda = build_markers.cuda_of_pins(pinned)
    return (cuda, Backend.CUDA, f"{where}/METADATA") if cuda else NOTHING


def _from_record(record: CondaRecord, contents: Contents) -> Clue:
    toolkit = "cudatoolkit" if "gpu" in record.build else None
    found = clue_of_record(contents, record, toolkit)
    if found[0] is None and record.name == "tensorflow-cpu":
        return None, Backend.CPU, contents.relative(record.path)
    return found


def tensorflow_builds(version: str, platform: Platform) -> Builds:
    """The builds of a release of TensorFlow: one CUDA release each, by its table."""
    row = release_row("tensorflow", version)
    assert row is not None, version
    wsl_only = platform.windows and not _is_for_windows(version)
    new_names = in_range(version, ">=2.1")
    extra = row.get("and_cuda")
    cudnn = extra["cudnn"] if extra else row["cudnn"]
    command: tuple[str, ...] = (f'pip install "tensorflow[and-cuda]=={version}"',)
    if not extra:
        # These bring no CUDA: the libraries come from the environment's toolkit.
        package = "tensorflow" if new_names else "tensorflow-gpu"
        command = (f"pip install {package}=={version}", f"conda cuda use {row['cuda']}")
    builds = []
    if not wsl_only and platform.machine != "aarch64":
        minimum = ComputeCapability.parse(row["min_cc"]) if "min_cc" in row else None
        more = {"cudnn": cudnn, "minimum": minimum, "default": True}
        builds.append(Build.of_release("pip", row["cuda"], *command, **more))
    plain = platform.machine == "aarch64" or not new_names
    package = "tensorflow" if plain else "tensorflow-cpu"
    builds.append(Build("pip", (f"pip install {package}=={version}",)))
    notes = [Note.on_conda_forge("tensorflow", version)]
    if "min_cc" not in row:
        notes.append(Note("The oldest GPU that its wheels run on is not known."))
    if wsl_only:
        notes.append(Note("On Windows itself TensorFlow uses GPUs up to 2.10; later ones in WSL."))
    if platform.machine == "aarch64":
        notes.append(Note("No wheel with CUDA for this kind of machine is known."))
    notes.append(Note(f"It is made for Python {row['python']}."))
    return Builds("tensorflow", version, None, cudnn, tuple(builds), tuple(notes))


def _is_for_windows(version: str) -> bool:
    """Whether a release is no newer than the last one that uses GPUs on Windows itself."""
    major, minor = table("tensorflow")["windows_last"].split(".")
    return in_range(version, f"<{major}.{int(minor) + 1}")
