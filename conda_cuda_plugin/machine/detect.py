"""What machine this is: driver, GPUs, C library, host compiler; whatever goes wrong is a note."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..system.operating_system import WINDOWS
from ..versions import CudaVersion
from . import driver_files, driver_library
from .host_compiler import find_host_compiler, find_libc
from .machine import DriverVersion, Gpu, HostCompiler, Machine
from .stated import is_machine_text, overridden_cuda, overridden_gpus, state_machine
from .tables import cuda_of_driver

if TYPE_CHECKING:
    from .driver_library import Answers


__all__ = ["TIMEOUT", "detect", "is_machine_text", "state_machine"]

TIMEOUT = 15.0
"""Seconds. A driver without persistence mode takes several to wake eight GPUs."""


def detect(
    root: Path = Path("/"),
    variables: Mapping[str, str] = os.environ,
    timeout: float = TIMEOUT,
    *,
    windows: bool = WINDOWS,
    full: bool = True,
    compiler: bool = True,
) -> Machine:
    """Find out what machine this is. Never raises, and never takes much longer than the limit.

    The kernel module's release comes from /sys and /proc; everything else from NVML and libcuda,
    called in a child process, then from nvidia-smi. Without any of their files no process is
    started. CONDA_OVERRIDE_CUDA and CONDA_OVERRIDE_CUDA_ARCH stand in for what is found.

    Args:
        root: where the file system begins.
        variables: environment variables.
        timeout: seconds that the driver may take to answer.
        windows: whether to look in the places of Windows.
        full: ask libcuda too when NVML has said everything, which conda's `__cuda` needs and
            which is slow; notes then tell when `__cuda` says something else.
        compiler: look for the host compiler, which starts a process.
    """
    found = Detected()
    wsl = not windows and driver_files.is_wsl(root)
    stated = overridden_cuda(variables)
    if stated is not None and stated[1]:
        found.notes.append(stated[1])
        stated = None
    gpus, note = overridden_gpus(variables)
    if note:
        found.notes.append(note)
    if stated is None or stated[0] is not None:
        _ask_driver(found, root, variables, time.monotonic() + timeout, windows, full)
        if full and stated is None:
            _compare_with_conda(found)
    if found.cuda is None and found.driver is not None:
        found.cuda = cuda_of_driver(found.driver)
        found.evidence["driver_cuda"] = f"driver branch R{found.driver.branch}"
    if stated is not None:
        _override(found, stated[0])
    if gpus is not None:
        found.gpus, found.evidence["gpus"] = gpus, "CONDA_OVERRIDE_CUDA_ARCH"
    libc = None if windows else find_libc(root)
    if compiler:
        host = find_host_compiler(variables, windows=windows)
        if host is not None:
            found.compiler, found.evidence["host_compiler"] = host
    return Machine(
        windows=windows,
        driver=found.driver,
        driver_cuda=found.cuda,
        gpus=found.gpus,
        libc=libc,
        host_compiler=found.compiler,
        wsl=wsl,
        evidence=tuple(found.evidence.items()),
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _ask_driver(
    found: Detected,
    root: Path,
    variables: Mapping[str, str],
    deadline: float,
    windows: bool,
    full: bool,
) -> None:
    loaded = None if windows else driver_files.loaded_driver(root)
    if loaded is not None:
        found.take_driver(*loaded)
    paths = driver_files.libraries(root, variables, windows=windows)
    hung = False
    if any(paths.values()):
        answers = driver_library.ask(paths, variables, deadline - time.monotonic(), full=full)
        nvml, cuda = answers["nvml"], answers["cuda"]
        hung = nvml.hung or cuda.hung
        _take(found, nvml, cuda)
        found.libcuda = cuda
    elif loaded is not None:
        found.notes.append(
            f"The kernel module of driver {found.driver} is loaded, but its libcuda.so.1 is not "
            "here: in a container, start it with the NVIDIA runtime (--gpus all)."
        )
    if found.driver is None or not found.gpus or not is_complete(found.gpus):
        smi = driver_files.find(root, variables, windows=windows)
        if smi is not None and not hung:
            driver, gpus, notes = driver_files.ask(smi, variables, deadline - time.monotonic())
            found.take_driver(driver, smi)
            found.take_gpus(gpus, smi)
            found.notes += notes


def _take(found: Detected, nvml: Answers, cuda: Answers) -> None:
    for answer in (nvml, cuda):
        found.notes += answer.notes
        found.take_driver(answer.driver, answer.path or answer.library)
        found.take_gpus(answer.gpus, answer.path or answer.library)
    # libcuda is what programs get, and what conda asks.
    for answer in (cuda, nvml):
        if answer.version is not None and found.cuda is None:
            found.cuda, found.evidence["driver_cuda"] = answer.version, str(answer.path)
    if nvml.gpus and cuda.started and len(nvml.gpus) != len(cuda.gpus):
        found.notes.append(
            f"NVML lists {len(nvml.gpus)} GPUs, libcuda gives programs {len(cuda.gpus)}."
        )


def _compare_with_conda(found: Detected) -> None:
    """Tell when conda's `__cuda` is something else than what was found here.

    conda takes cuDriverGetVersion of libcuda, and nothing unless cuInit succeeds.
    """
    cuda = found.libcuda
    if cuda is None:
        return
    if not (cuda.started and cuda.version) and (found.cuda or found.driver):
        found.notes.append(
            "conda's __cuda is absent here: it needs a libcuda whose cuInit succeeds."
        )
    if found.driver is not None and cuda.version is not None:
        branch = cuda_of_driver(found.driver)
        if branch is not None and cuda.version > branch and "compat" in str(cuda.path):
            found.notes.append(
                f"{cuda.path} is of cuda-compat: it supports CUDA {cuda.version}, the driver "
                f"{found.driver} alone CUDA {branch}."
            )


def _override(found: Detected, cuda: CudaVersion | None) -> None:
    """Let CONDA_OVERRIDE_CUDA stand in for the driver that was found."""
    if found.driver is not None and cuda is not None and cuda != found.cuda:
        found.notes.append(
            f"CONDA_OVERRIDE_CUDA={cuda} stands in for the driver {found.driver} found here."
        )
    if cuda is None:
        found.notes.append("CONDA_OVERRIDE_CUDA is empty: this counts as a machine without CUDA.")
    if cuda is None or cuda != found.cuda:
        found.driver = None
        found.evidence.pop("driver", None)
    found.cuda, found.evidence["driver_cuda"] = cuda, "CONDA_OVERRIDE_CUDA"


@dataclass
class Detected:
    """A machine that is being put together."""

    driver: DriverVersion | None = None
    cuda: CudaVersion | None = None
    gpus: tuple[Gpu, ...] = ()
    compiler: HostCompiler | None = None
    libcuda: Answers | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take_driver(self, driver: DriverVersion | None, where: str) -> None:
        """Keep the first driver release there is; tell when a later one differs."""
        if driver is None:
            return
        if self.driver is None:
            self.driver, self.evidence["driver"] = driver, where
        elif driver != self.driver:
            self.notes.append(
                f"{self.evidence['driver']} says driver {self.driver}, {where} says {driver}: "
                "the driver was updated and the machine not restarted, or this is a container "
                "with libraries of its own."
            )

    def take_gpus(self, gpus: tuple[Gpu, ...], where: str) -> None:
        """Keep the first list of GPUs that knows every compute capability."""
        if gpus and (not self.gpus or not is_complete(self.gpus)):
            if self.gpus and not is_complete(gpus):
                return
            self.gpus, self.evidence["gpus"] = gpus, where


def is_complete(gpus: tuple[Gpu, ...]) -> bool:
    """Whether every compute capability is known."""
    return all(gpu.capability is not None for gpu in gpus)
