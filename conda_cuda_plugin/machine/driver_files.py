"""The driver, from the files that it leaves in the system and from nvidia-smi."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..system.operating_system import for_child
from ..system.reading import open_regular, read_bytes
from .driver_library import Answers
from .machine import ComputeCapability, DriverVersion, Gpu

_WSL = Path("usr/lib/wsl/lib")
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
    str(_WSL),
)
"""The loader's own folders, then those of RHEL, containers, NixOS and WSL."""

_LOADED = {
    Path("sys/module/nvidia/version"): re.compile(r"(.*)"),
    # `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  ...` and, for the open modules,
    # `... Open Kernel Module for x86_64  580.95.05  Release Build ...`
    Path("proc/driver/nvidia/version"): re.compile(
        r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)", re.ASCII
    ),
}
_FIELDS = ("name,driver_version,compute_cap", "name,driver_version")
"""What nvidia-smi is asked for; old drivers do not know compute_cap."""


def loaded_driver(root: Path) -> Answers | None:
    """The release of the kernel module that is loaded, with the file that says so."""
    return release_in({root / name: _read(root / name) for name in _LOADED}, root)


def release_in(texts: Mapping[Path, str], root: Path = Path("/")) -> Answers | None:
    """The release of the kernel module by the texts of its files."""
    for relative, form in _LOADED.items():
        match = form.search(texts.get(root / relative, "").strip())
        try:
            release = DriverVersion.parse(match[1] if match else "")
        except ValueError:
            continue
        return Answers("kernel", str(root / relative), release)
    return None


def is_wsl(root: Path) -> bool:
    """Whether this Linux runs inside Windows, whose driver it then shows."""
    return "microsoft" in _read(root / _RELEASE).lower()


def libraries(root: Path, variables: Mapping[str, str], *, windows: bool) -> dict[str, list[str]]:
    """Where the driver's libraries lie, in the order in which the loader would look.

    Returns:
        Paths for `nvml` and for `cuda`; empty lists when there are none.
    """
    if not windows:
        return {
            "nvml": _find(root, variables, ("libnvidia-ml.so.1", "libnvidia-ml.so")),
            "cuda": _find(root, variables, ("libcuda.so.1", "libcuda.so")),
        }
    system = Path(variables.get("SYSTEMROOT") or root / "Windows") / "System32"
    programs = Path(variables.get("PROGRAMFILES") or root / "Program Files")
    nvsmi = programs / "NVIDIA Corporation" / "NVSMI"
    found = {
        "nvml": [system / "nvml.dll", nvsmi / "nvml.dll"],
        "cuda": [system / "nvcuda64.dll", system / "nvcuda.dll"],
    }
    return {name: [str(path) for path in paths if path.is_file()] for name, paths in found.items()}


def _find(root: Path, variables: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """The different files that have one of the names, the loader's first choice first."""
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
    for name in map(re.escape, map(os.fsencode, names)):
        for match in re.finditer(rb"\0(/[^\0]{0,4096}/" + name + rb")\0", cache):
            yield os.path.join(root, os.fsdecode(match[1]).lstrip("/"))


def _read(path: Path) -> str:
    """The beginning of a text file; empty when it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def find_smi(root: Path, variables: Mapping[str, str], *, windows: bool) -> str | None:
    """Where nvidia-smi is; None when there is none."""
    found = shutil.which("nvidia-smi", path=variables.get("PATH", ""))
    wsl = root / _WSL / "nvidia-smi"
    return found or (str(wsl) if not windows and wsl.is_file() else None)


def ask_smi(path: str, variables: Mapping[str, str], timeout: float) -> Answers:
    """Run nvidia-smi, which is ended after so many seconds."""
    answers = Answers("nvidia-smi", path)
    for fields in _FIELDS:
        try:
            done = subprocess.run(
                [path, f"--query-gpu={fields}", "--format=csv,noheader"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(timeout, 0.1),
                env=for_child({**variables, "LC_ALL": "C"}),
            )
        except subprocess.TimeoutExpired:
            answers.notes.append(f"{path} did not answer in time.")
            return answers
        except OSError as error:
            answers.notes.append(f"{path} could not be run: {error.strerror}.")
            return answers
        if done.returncode == 0:
            read_smi(done.stdout.decode("utf-8", "replace"), answers)
            return answers
    answers.notes.append(f"{path} ends with exit code {done.returncode}.")
    return answers


def read_smi(text: str, answers: Answers) -> None:
    """Enter what nvidia-smi has printed: a line for each GPU."""
    for line in text.splitlines():
        name, *cells = (cell.strip() for cell in line.split(","))
        try:
            answers.driver = DriverVersion.parse(cells[0])
        except (ValueError, IndexError):
            continue
        capability: ComputeCapability | None = None
        with contextlib.suppress(ValueError, IndexError):
            capability = ComputeCapability.parse(cells[1])
        answers.gpus += (Gpu(name or None, capability),)
