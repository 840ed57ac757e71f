"""On a real GPU: what is detected is true, and what is said to run runs."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from conda_cuda_plugin.machine.machine import Machine
from conda_cuda_plugin.toolkit import releases
from conda_cuda_plugin.verdict.judge import best_release, judge
from conda_cuda_plugin.verdict.verdict import Level
from conda_cuda_plugin.versions import CudaVersion

from ..conftest import PROJECT, Conda
from .conftest import Smi

MEMORY = Path(__file__).with_name("memory.py")
RUNTIMES = {"13.0": "libcudart.so.13", "12.4": "libcudart.so.12", "11.8": "libcudart.so.11.0"}
RUNS = (Level.NATIVE, Level.MINOR)


def test_detection_agrees_with_nvidia_smi(smi: Smi, machine: Machine) -> None:
    assert (str(machine.driver), str(machine.driver_cuda)) == (smi.driver, smi.cuda)
    assert [(gpu.name, str(gpu.capability)) for gpu in machine.gpus] == smi.gpus


def test_detection_agrees_with_conda(conda: Conda, machine: Machine) -> None:
    packages = conda("info", "--json").json["virtual_pkgs"]
    assert [version for name, version, _ in packages if name == "__cuda"] == [
        str(machine.driver_cuda)
    ]


def test_the_verdict_is_native_up_to_what_the_driver_supports(machine: Machine) -> None:
    best = best_release(machine, [row.version for row in releases()])
    assert best is not None
    assert machine.driver_cuda is not None
    assert best[1].level is Level.NATIVE
    assert best[0].major <= machine.driver_cuda.major


@pytest.mark.network
def test_two_environments_use_the_gpu_through_two_runtimes(conda: Conda, machine: Machine) -> None:
    fitting = [r for r in RUNTIMES if judge(CudaVersion.parse(r), machine).level in RUNS][:2]
    if len(fitting) < 2:
        pytest.skip(f"this driver and GPU run only {fitting} of {list(RUNTIMES)}")
    used = {}
    for release in fitting:
        prefix = conda.create(conda.envs / f"with {release}")
        conda.cuda("use", prefix, release, "--from", "pypi", "--flavor", "base", "--yes")
        words = ("--", sys.executable, MEMORY, RUNTIMES[release])
        version, content, path = conda.cuda("run", prefix, *words).out.split(maxsplit=2)
        assert content == "same"
        assert Path(path.strip()).is_relative_to(prefix)
        used[release] = int(version)
    assert used == {
        release: int(float(release)) * 1000 + int(release.partition(".")[2]) * 10
        for release in fitting
    }


@pytest.mark.network
def test_a_kernel_compiled_by_the_environments_nvcc_runs(conda: Conda, machine: Machine) -> None:
    verdict = judge(CudaVersion(13, 0), machine)
    if verdict.level not in RUNS:
        pytest.skip(f"CUDA 13.0 does not run here: {verdict.reasons[0].text}")
    prefix = conda.create(conda.envs / "compiler")
    words = ("13.0", "--from", "pypi", "--components", "nvcc", "--yes", "--json")
    plan = json.loads(conda.cuda("use", prefix, *words).out)["plan"]
    assert plan["verdict"]["level"] == verdict.level.value
    shutil.copy(PROJECT / "docs" / "demo" / "kernel.cu", conda.home)
    capability = machine.gpus[0].capability
    assert capability is not None
    arch = f"-arch=sm_{capability.major}{capability.minor}"
    compile_it = ("nvcc", arch, "-cudart", "shared", "-o", "kernel", "kernel.cu")
    conda.cuda("run", prefix, "--", *compile_it)
    out = conda.cuda("run", prefix, "--", conda.home / "kernel").out
    assert "found runtime 13.0; 41 + 1 on the GPU = 42" in out
