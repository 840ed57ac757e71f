"""What machine this is: driver, GPUs, C library, host compiler; whatever goes wrong is a note."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ..system.operating_system import WINDOWS
from ..versions import CudaVersion
from . import driver_files, driver_library
from .driver_library import Answers
from .host_compiler import EVIDENCE, find_host_compiler, find_libc
from .machine import DriverVersion, Gpu, Machine, Override
from .spec import overriding_settings, stated_arch, stated_cuda, with_arch, with_cuda
from .tables import cuda_of_driver

TIMEOUT = 15.0
"""Seconds. A driver without persistence mode takes several to wake eight GPUs."""


def detect(
    root: Path = Path("/"),
    variables: Mapping[str, str] = os.environ,
    timeout: float = TIMEOUT,
    *,
    settings: Mapping[str, Override] | None = None,
    windows: bool = WINDOWS,
    full: bool = True,
    compiler: bool = True,
) -> Machine:
    """Detect this machine. Never raises, and never takes much longer than the limit.

    The kernel module's release comes from /sys and /proc; everything else from NVML and libcuda,
    called in a child process, then from nvidia-smi. Without any of their files no process is
    started. What the user states for conda's virtual packages stands in for what is found.

    Args:
        root: where the file system begins.
        variables: environment variables.
        timeout: seconds that the driver may take to answer.
        settings: what conda's settings state, as `overriding_settings` has it.
        windows: whether to look in the places of Windows.
        full: ask libcuda too when NVML has said everything, which conda's `__cuda` needs and
            which is slow, and ask a driver that the user has stated away; notes then say when
            `__cuda` says something else.
        compiler: look for the host compiler, which starts a process.
    """
    found = _Found()
    cuda = stated_cuda(variables, settings or {})
    arch = stated_arch(variables, settings or {})
    if full or cuda is None or cuda.text:
        deadline = time.monotonic() + timeout
        libcuda = _ask_driver(found, root, variables, deadline, windows=windows, full=full)
        if full and cuda is None and libcuda is not None:
            _compare_with_conda(found, libcuda)
    if found.cuda is None and found.driver is not None:
        found.cuda = cuda_of_driver(found.driver)
        found.evidence["driver_cuda"] = f"driver branch R{found.driver.branch}"
    machine = Machine(
        windows=windows,
        driver=found.driver,
        driver_cuda=found.cuda,
        gpus=found.gpus,
        libc=None if windows else find_libc(root),
        wsl=not windows and driver_files.is_wsl(root),
        evidence=tuple(found.evidence.items()),
        notes=tuple(dict.fromkeys(found.notes)),
    )
    machine = with_arch(with_cuda(machine, cuda), arch, machine.capability)
    host = find_host_compiler(variables, windows=windows) if compiler else None
    if host is None:
        return machine
    return replace(
        machine, host_compiler=host[0], evidence=(*machine.evidence, (EVIDENCE, host[1]))
    )


def cuda_arch() -> str | None:
    """The version of `__cuda_arch` where there is a `__cuda`: the least compute capability here.

    None where there is no GPU, or where something goes wrong: no solve fails for it.
    """
    try:
        stated = stated_arch(os.environ, overriding_settings())
        return stated.value if stated and stated.counts else _least_capability()
    except Exception:
        return None


@cache
def _least_capability() -> str | None:
    """Of the GPUs that are there, whatever is stated; a solve may ask for it several times."""
    variables = {
        name: text for name, text in os.environ.items() if not name.startswith("CONDA_OVERRIDE_")
    }
    capability = detect(variables=variables, full=False, compiler=False).capability
    return str(capability) if capability else None


@dataclass
class _Found:
    """What is known so far, and what said so."""

    driver: DriverVersion | None = None
    cuda: CudaVersion | None = None
    gpus: tuple[Gpu, ...] = ()
    evidence: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, answers: Answers) -> None:
        """Keep the first driver release, and the first list of GPUs that is complete."""
        where = answers.path or answers.library
        self.notes += answers.notes
        if answers.driver is not None and self.driver is None:
            self.driver, self.evidence["driver"] = answers.driver, where
        elif answers.driver not in (None, self.driver):
            self.notes.append(
                f"{self.evidence['driver']} says driver {self.driver}, {where} says "
                f"{answers.driver}: the driver was updated and the machine not restarted, or this "
                "is a container with libraries of its own."
            )
        if answers.gpus and (not self.gpus or (is_complete(answers.gpus) and not self.complete)):
            self.gpus, self.evidence["gpus"] = answers.gpus, where

    @property
    def complete(self) -> bool:
        """Whether there are GPUs, and all that is to know of them."""
        return bool(self.gpus) and is_complete(self.gpus)


def is_complete(gpus: tuple[Gpu, ...]) -> bool:
    """Whether every compute capability is known."""
    return all(gpu.capability is not None for gpu in gpus)


def _ask_driver(
    found: _Found,
    root: Path,
    variables: Mapping[str, str],
    deadline: float,
    *,
    windows: bool,
    full: bool,
) -> Answers | None:
    """Ask the kernel module, the libraries and nvidia-smi; libcuda's answers."""
    loaded = None if windows else driver_files.loaded_driver(root)
    if loaded is not None:
        found.take(loaded)
    paths = driver_files.libraries(root, variables, windows=windows)
    cuda, hung = None, False
    if any(paths.values()):
        nvml, cuda = driver_library.ask(paths, variables, deadline - time.monotonic(), full=full)
        hung = nvml.hung or cuda.hung
        found.take(nvml)
        found.take(cuda)
        # libcuda is what programs get, and what conda asks.
        for answers in (nvml, cuda):
            if answers.version is not None:
                found.cuda, found.evidence["driver_cuda"] = answers.version, str(answers.path)
        if nvml.gpus and cuda.started and len(nvml.gpus) != len(cuda.gpus):
            found.notes.append(
                f"NVML lists {len(nvml.gpus)} GPUs, libcuda gives programs {len(cuda.gpus)}."
            )
    elif loaded is not None:
        found.notes.append(
            f"The kernel module of driver {found.driver} is loaded, but its libcuda.so.1 is not "
            "here: in a container, start it with the NVIDIA runtime (--gpus all)."
        )
    smi = driver_files.find_smi(root, variables, windows=windows)
    if smi and not hung and (found.driver is None or not found.complete):
        found.take(driver_files.ask_smi(smi, variables, deadline - time.monotonic()))
    return cuda


def _compare_with_conda(found: _Found, libcuda: Answers) -> None:
    """Note when conda's `__cuda` is something else than what was found here.

    conda takes cuDriverGetVersion of libcuda, and nothing unless cuInit succeeds.
    """
    if not (libcuda.started and libcuda.version) and (found.cuda or found.driver):
        found.notes.append(
            "conda's __cuda is absent here: it needs a libcuda whose cuInit succeeds."
        )
    branch = cuda_of_driver(found.driver) if found.driver else None
    if branch and libcuda.version and libcuda.version > branch and "compat" in str(libcuda.path):
        found.notes.append(
            f"{libcuda.path} is of cuda-compat: it supports CUDA {libcuda.version}, the driver "
            f"{found.driver} alone CUDA {branch}."
        )
