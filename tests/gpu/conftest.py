"""What runs on a machine with a GPU only. Elsewhere these tests are skipped, with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from conda_cuda_plugin.machine.detect import detect
from conda_cuda_plugin.machine.machine import Machine


@dataclass(frozen=True)
class Smi:
    """What nvidia-smi says, which was not written by us."""

    driver: str
    cuda: str
    gpus: list[tuple[str, str]]
    """(name, compute capability)"""


@pytest.fixture(scope="session")
def smi() -> Smi:
    """nvidia-smi's answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        pytest.skip("no GPU here: there is no nvidia-smi")
    query = [program, "--query-gpu=driver_version,compute_cap,name", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=120)
    if done.returncode:
        pytest.skip(f"no GPU here: nvidia-smi ends with {done.returncode}: {done.stdout.strip()}")
    rows = [line.split(", ", 2) for line in done.stdout.splitlines()]
    banner = subprocess.run([program], capture_output=True, text=True, timeout=120).stdout
    cuda = banner.partition("CUDA Version:")[2].split()[0]
    return Smi(rows[0][0], cuda, [(name, capability) for _, capability, name in rows])


@pytest.fixture(scope="session")
def machine(smi: Smi) -> Machine:
    """What we detect."""
    return detect()


@pytest.fixture
def conda(conda: Any) -> Any:
    """A conda whose programs find the driver where this process does (some containers say so)."""
    if "LD_LIBRARY_PATH" in os.environ:
        conda.variables["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return conda
