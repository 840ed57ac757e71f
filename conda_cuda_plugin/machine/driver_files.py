"""The driver, from the files that it leaves in the system and from nvidia-smi."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..system.operating_system import for_child
from ..system.reading import open_regular, read_bytes
from .machine import ComputeCapability, DriverVersion, Gpu

SYS = Path("sys/module/nvidia/version")
PROC = Path("proc/driver/nvidia/version")
WSL = Path("usr/lib/wsl/lib")
_RELEASE = Path("proc/sys/kernel/osrelease")
_CACHE = Path("etc/ld.so.cache")
_FOLDERS = (
    "lib64",
    "usr/lib64",
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "lib/aarch64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "lib",
    "usr/lib",
    "usr/lib64/nvidia",
    "usr/lib/nvidia",
    "usr/local/nvidia/lib64",
    "usr/local/nvidia/lib",
    "run/opengl-driver/lib",
    str(WSL),
)
"""The loader's own folders, then those of RHEL, containers, NixOS and WSL."""

# `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  ...` and, for the open modules,
# `... Open Kernel Module for x86_64  580.95.05  Release Build ...`
_NVRM = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)", re.ASCII)


def loaded_driver(root: Path) -> tuple[DriverVersion, str] | None:
    """The release of the kernel module that is loaded, and the file that says so."""
    for relative in (SYS, PROC):
        text = _read(root / relative)
        if relative == PROC:
            match = _NVRM.search(text)
            text = match[1] if match else ""
        try:
            return DriverVersion.parse(text), str(root / relative)
        except ValueError:
            continue
    return None


def is_wsl(root: Path) -> bool:
    """Whether this Linux runs inside Windows, whose driver it then shows."""
    return "microsoft" in _read(root / _RELEASE).lower()


def libraries(root: Path, variables: Mapping[str, str], *, windows: bool) -> dict[str, list[str]]:
    """Where the driver's libraries lie, in the order in which the loader would look.

    Returns:
        Paths for `nvml` and for `cuda`; empty lists when there are none.
    """
    if windows:
        system = Path(variables.get("SYSTEMROOT") or root / "Windows") / "System32"
        programs = Path(variables.get("PROGRAMFILES") or root / "Program Files")
        nvsmi = programs / "NVIDIA Corporation" / "NVSMI"
        found = {
            "nvml": [system / "nvml.dll", nvsmi / "nvml.dll"],
            "cuda": [system / "nvcuda64.dll", system / "nvcuda.dll"],
        }
        return {
            name: [str(path) for path in paths if path.is_file()] for name, paths in found.items()
        }
    return {
        "nvml": _find(root, variables, ("libnvidia-ml.so.1", "libnvidia-ml.so")),
        "cuda": _find(root, variables, ("libcuda.so.1", "libcuda.so")),
    }


def _find(root: Path, variables: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """The different files that go by one of the names, the loader's first choice first."""
    named = variables.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
    cached = list(_cached(root, names))
    found: dict[str, str] = {}
    for name in names:
        folders = [
            *(folder for folder in named if folder),
            *(os.path.dirname(path) for path in cached if path.endswith(f"/{name}")),
            *(os.path.join(root, folder) for folder in _FOLDERS),
        ]
        for folder in folders:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _cached(root: Path, names: tuple[str, ...]) -> Iterator[str]:
    """Paths that the loader's cache holds for some names (strings end in zero there)."""
    try:
        cache = read_bytes(root / _CACHE)
    except OSError:
        return
    for name in names:
        for match in re.finditer(
            rb"\0(/[^\0]{0,4096}/" + re.escape(name.encode()) + rb")\0", cache
        ):
            yield os.path.join(root, os.fsdecode(match[1]).lstrip("/"))


def _read(path: Path) -> str:
    """The beginning of a text file; empty when it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""


_FIELDS = ("name,driver_version,compute_cap", "name,driver_version")
"""Old drivers do not know compute_cap."""


def find(root: Path, variables: Mapping[str, str], *, windows: bool) -> str | None:
    """Where nvidia-smi is; None when there is none."""
    found = shutil.which("nvidia-smi", path=variables.get("PATH", ""))
    if found or windows:
        return found
    wsl = root / WSL / "nvidia-smi"
    return str(wsl) if wsl.is_file() else None


def ask(
    path: str, variables: Mapping[str, str], timeout: float
) -> tuple[DriverVersion | None, tuple[Gpu, ...], tuple[str, ...]]:
    """Run nvidia-smi.

    Args:
        path: the program.
        variables: the environment variables it gets.
        timeout: seconds until it is ended.

    Returns:
        The driver, the GPUs, and notes on what went wrong.
    """
    for fields in _FIELDS:
        words = [path, f"--query-gpu={fields}", "--format=csv,noheader"]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(timeout, 0.1),
                env=for_child({**variables, "LC_ALL": "C"}),
            )
        except subprocess.TimeoutExpired:
            return None, (), (f"{path} did not answer in time.",)
        except OSError as error:
            return None, (), (f"{path} could not be run: {error.strerror}.",)
        if done.returncode == 0:
            return _read_answer(done.stdout.decode("utf-8", "replace"))
    return None, (), (f"{path} ends with exit code {done.returncode}.",)


def _read_answer(text: str) -> tuple[DriverVersion | None, tuple[Gpu, ...], tuple[str, ...]]:
    driver, gpus = None, []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) < 2:
            continue
        try:
            driver = DriverVersion.parse(cells[1])
        except ValueError:
            continue
        try:
            capability = ComputeCapability.parse(cells[2]) if len(cells) > 2 else None
        except ValueError:
            capability = None
        gpus.append(Gpu(cells[0] or None, capability))
    return driver, tuple(gpus), ()
