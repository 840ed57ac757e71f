"""What nvidia-smi says, where the libraries have not said enough."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..system import for_child
from .driver_files import WSL
from .machine import ComputeCapability, DriverVersion, Gpu

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
            return _read(done.stdout.decode("utf-8", "replace"))
    return None, (), (f"{path} ends with exit code {done.returncode}.",)


def _read(text: str) -> tuple[DriverVersion | None, tuple[Gpu, ...], tuple[str, ...]]:
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
