"""Where libraries and files that frameworks need may lie."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..compat.ldcache import read_cache
from ..compat.nvidia_wheels import pip_nvidia_libraries
from ..compat.site_packages import conda_records, distributions, site_folders
from .patient import Patient

_CUDNN = re.compile(r"libcudnn\.so\.(\d{1,2})|cudnn64_(\d{1,2})\.dll", re.ASCII)
_LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"


def cudnn_libraries(patient: Patient) -> dict[int, str]:
    """The cuDNN that the loader or a framework may find: major to path."""
    found: dict[int, str] = {}
    for path in _candidates(patient):
        match = _CUDNN.fullmatch(os.path.basename(path))
        if match:
            found.setdefault(int(match[1] or match[2]), path)
    return found


def _candidates(patient: Patient) -> Iterator[str]:
    folders = [patient.prefix / "lib", patient.prefix / "Library" / "bin"]
    if patient.current is not None:
        folders.insert(0, patient.current.root / "lib64")
    for site in site_folders(patient.prefix):
        # Wheels of older days carry it inside.
        folders.append(site / "torch" / "lib")
    if patient.active:
        folders += [Path(element) for element in patient.library_path if element]
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        yield from (str(folder / name) for name in names)
    for wheel in pip_nvidia_libraries(patient.prefix):
        if wheel.folder is not None:
            yield from (str(wheel.folder / name) for name in wheel.libraries)
    yield from (entry.path for entry in read_cache(patient.loader_cache))


def libdevice_places(patient: Patient) -> list[Path]:
    """Where XLA and Numba look for libdevice, as far as an environment goes.

    Sources: XLA's CandidateCudaRoots (tsl/platform/default/cuda_root_path.cc), Numba's
    cuda_paths.py, read 2026-11.
    """
    places = [patient.environment.link / _LIBDEVICE, patient.prefix / _LIBDEVICE]
    places.append(patient.prefix / "lib" / "libdevice.10.bc")
    for site in site_folders(patient.prefix):
        if site.is_dir():
            places += [site / "nvidia" / name / _LIBDEVICE for name in ("cuda_nvcc", "cu13")]
    return places


def has_numba(prefix: Path) -> bool:
    """Whether Numba is in an environment."""
    return "numba" in distributions(prefix) or "numba" in conda_records(prefix)
