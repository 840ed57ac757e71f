"""CUDA 8.0, 10.2 and 11.8: one package that keeps its libraries among everybody else's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .foreign import LETHAL
from .shell import SYSTEM_PROGRAMS, Shell, need_programs
from .tree import names

pytestmark = pytest.mark.network

OLD = {
    "8.0": ("libcudart.so.8.0", 8000),
    "10.2": ("libcudart.so.10.2", 10020),
    "11.8": ("libcudart.so.11.0", 11080),
}
LIB64 = {
    "8.0": {
        *("libcublas.so", "libcublas.so.8.0", "libcufft.so", "libcufft.so.8.0"),
        *("libcurand.so", "libcurand.so.8.0", "libnvrtc.so", "libnvrtc.so.8.0"),
        *("libcudart.so", "libcudart.so.8.0", "libcudart.so.8.0.61"),
        *("libcudadevrt.a", "libnvvm.so.4"),
    },
    "10.2": {
        *("libcublas.so", "libcublas.so.10", "libcublasLt.so", "libcublasLt.so.10"),
        *("libcufft.so", "libcufft.so.10", "libnvrtc.so", "libnvrtc.so.10.2"),
        *("libcudart.so", "libcudart.so.10.2", "libcudart.so.10.2.89"),
        *("libcudadevrt.a", "libnvvm.so.4"),
    },
    "11.8": {
        *("libcublas.so", "libcublas.so.11", "libcublasLt.so", "libcublasLt.so.11"),
        *("libcufft.so", "libcufft.so.10", "libnvrtc.so", "libnvrtc.so.11.2"),
        *("libcudart.so", "libcudart.so.11.0", "libcudart.so.11.8.89"),
        *("libcudadevrt.a", "libnvvm.so.4"),
    },
}


@pytest.fixture(scope="module", params=OLD)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def old(release: str, module_conda: Any, channels: Channels) -> Path:
    """An environment that uses an old release."""
    prefix = module_conda.create(module_conda.envs / f"with {release}")
    channel = channels.numba if release == "8.0" else channels.forge
    module_conda.cuda("use", prefix, release, "-c", channel, "-y")
    return prefix


def test_a_fresh_process_loads_the_runtime_by_its_plain_name(
    old: Path, release: str, module_shell: Shell
) -> None:
    soname, version = OLD[release]
    (found,) = module_shell.loads(old, soname)
    if release == "11.8":
        # Up to CUDA 11, NVIDIA's own runtime asks the driver first: 35 is "insufficient driver".
        found = found.replace("error 35", str(version))
    assert found == f"{soname} {version} {old}/cuda/lib64/{soname}"


def test_lib64_holds_cudas_libraries_and_nothing_else(old: Path, release: str) -> None:
    root = old / f"cuda-{release}"
    assert names(root / "lib64") == LIB64[release]
    assert all((root / "lib64" / name).exists() for name in LIB64[release])
    dragged_in = set(LETHAL) - {"libibverbs.so.1"}
    assert dragged_in <= names(root / "lib")


@pytest.mark.parametrize("program", SYSTEM_PROGRAMS)
def test_programs_of_the_system_still_start(old: Path, program: str, module_shell: Shell) -> None:
    need_programs()
    module_shell.lines(old, SYSTEM_PROGRAMS[program])


@pytest.mark.parametrize("program", SYSTEM_PROGRAMS)
def test_on_the_whole_lib_they_would_not(
    old: Path, release: str, program: str, module_conda: Any
) -> None:
    need_programs()
    done = subprocess.run(
        SYSTEM_PROGRAMS[program].split(),
        env=module_conda.environ(LD_LIBRARY_PATH=str(old / f"cuda-{release}" / "lib")),
        capture_output=True,
        text=True,
    )
    # Symbols that the loader misses, or the library's own refusal.
    assert done.returncode in (127, 97)
    assert str(old) in done.stderr or "of the toolkit's dependencies was loaded" in done.stderr


def test_the_message_of_the_package_leaves_no_file_behind(old: Path, release: str) -> None:
    assert not list(old.rglob(".messages.txt"))
    assert names(old) == {"conda-meta", "cuda", f"cuda-{release}", "etc"}


def test_switching_between_the_eras_takes_effect_in_the_active_shell(
    conda: Any, channels: Channels, shell: Shell
) -> None:
    prefix = conda.create(conda.envs / "both")
    conda.cuda("use", prefix, "10.2", "-c", channels.forge, "-y")
    found = shell.lines(
        prefix,
        f"""
        "$PROBE" libcudart.so.10.2 libcudart.so.12
        conda cuda use 12.4 -c {channels.forge} --flavor base -y -q 2>/dev/null
        "$PROBE" libcudart.so.10.2 libcudart.so.12
        conda cuda use 10.2 2>&1
        "$PROBE" libcudart.so.10.2 libcudart.so.12
        conda deactivate
        "$PROBE" libcudart.so.10.2 libcudart.so.12
        echo "${{LD_LIBRARY_PATH-unset}} ${{CUDA_HOME-unset}}"
        """,
    )
    lib64 = prefix / "cuda" / "lib64"
    assert found == [
        f"libcudart.so.10.2 10020 {lib64}/libcudart.so.10.2",
        "libcudart.so.12 none",
        "libcudart.so.10.2 none",
        f"libcudart.so.12 12040 {lib64}/libcudart.so.12",
        "CUDA 10.2.89 is current in both.",
        f"libcudart.so.10.2 10020 {lib64}/libcudart.so.10.2",
        "libcudart.so.12 none",
        "libcudart.so.10.2 none",
        "libcudart.so.12 none",
        "unset unset",
    ]


def test_the_plan_says_that_base_and_runtime_are_the_same(
    conda: Any, environment: Path, channels: Channels
) -> None:
    words = ("10.2", "--flavor", "base", "-c", channels.forge, "--dry-run", "--json")
    plan = conda.cuda("use", environment, *words).json["plan"]
    assert (plan["version"], plan["install"]["flavor"]) == ("10.2.89", "runtime")
    assert plan["install"]["note"] == (
        "channels have CUDA up to 11.8 as one package, so base and runtime are the same"
    )
