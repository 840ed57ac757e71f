"""What is printed to be typed for another machine lets conda see that machine, in every shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.machine.machine import ComputeCapability, Gpu, Machine
from conda_cuda_plugin.machine.spec import ARCH, CUDA, overrides, seen_by_solver, state_machine
from conda_cuda_plugin.quoting import assignments, with_variables
from conda_cuda_plugin.versions import CudaVersion

from ..conftest import Conda
from ..shells.conftest import need
from ..shells.shells import SHELLS, RealShell

FAR = "driver=550,cc=8.6+9.0"
TYPED = [shell for shell in SHELLS if shell.name in ("bash", "dash", "zsh", "fish", "tcsh", "pwsh")]
UNIX = {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "8.6"}


def played(shell: RealShell, script: str, folder: Path, variables: dict[str, str]) -> str:
    """What a script prints in a shell."""
    need(shell)
    path = folder / f"script.{shell.family}"
    path.write_text(f"{script}\n")
    done = subprocess.run(
        [str(shell.path()), *shell.command[1:], path],
        env=variables, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("shell", TYPED, ids=lambda shell: shell.name)
def test_a_command_of_match_in_a_shell(
    shell: RealShell, conda: Conda, environment: Path, holds_to_constraints: bool
) -> None:
    """PyTorch's build depends on `__cuda`, and this machine has none."""
    here = {"CONDA_OVERRIDE_CUDA": ""}
    shown = conda("cuda", "match", "torch==2.5.1", "--for", FAR, **here).out.splitlines()
    [command] = [line.strip() for line in shown if "cuda126" in line]
    conda_alone = command[command.index("conda install") :]
    more = f' --override-channels --dry-run -p "{environment}"'
    path = f"{conda.exe.parent}:{os.environ['PATH']}"
    variables = conda.environ(PATH=path, **here)
    assert "__cuda" in played(shell, conda_alone + more, conda.home, variables)
    done = played(shell, f"{command}{more}\n{conda_alone}{more}", conda.home, variables)
    planned, _, again = done.partition("DryRunExit")
    assert "pytorch-2.5.1" in planned
    assert f"cuda-arch-{'8.6' if holds_to_constraints else '12.0'}" in planned
    # It has left nothing behind.
    assert "__cuda" in again


def test_every_command_of_conda_carries_both(conda: Conda, nodes: Path) -> None:
    words = ("cuda", "match", "torch==2.5.1", "--for")
    for text, arch in ((FAR, "8.6"), ("driver=550", ""), (str(nodes), "7.5")):
        lines = conda(*words, text).out.splitlines()
        commands = [line.strip() for line in lines if "conda install" in line or " use " in line]
        assert len(commands) > 4
        begin = f"env CONDA_OVERRIDE_CUDA=12.4 CONDA_OVERRIDE_CUDA_ARCH={arch} conda "
        assert [line for line in commands if not line.startswith(begin)] == []
        assert [line for line in lines if "env " in line and " pip " in line] == []
        variables = conda(*words, text, "--json").json["variables"]
        assert variables == {CUDA: "12.4", ARCH: arch}


def test_gpus_alone_get_a_driver_that_runs_the_build(conda: Conda) -> None:
    words = ("cuda", "match", "torch==2.5.1", "--for", "v100+h100")
    builds = conda(*words, "--json").json["builds"]
    assert builds
    for build in builds:
        assert build["variables"] == {CUDA: build["cuda"], ARCH: "7.0"}
    lines = [line.strip() for line in conda(*words).out.splitlines()]
    for build in (one for one in builds if one["source"] == "conda-forge"):
        begin = f"env CONDA_OVERRIDE_CUDA={build['cuda']} CONDA_OVERRIDE_CUDA_ARCH=7.0 "
        assert [line for line in lines if line == begin + build["commands"][0]]


def test_commands_for_this_machine_carry_none(conda: Conda) -> None:
    words = ("cuda", "match", "torch==2.5.1")
    result = conda(*words, **UNIX)
    assert "conda install" in result.out
    assert "env " not in result.out
    found = conda(*words, "--json", **UNIX).json
    assert found["builds"]
    assert [one["variables"] for one in (found, *found["builds"])] == [{}] * (
        len(found["builds"]) + 1
    )


def test_cuda_compat_stands_in_for_a_driver(conda: Conda) -> None:
    lines = conda("cuda", "match", "torch==2.11.0", "--for=a100,driver=550").out.splitlines()
    [compat] = [
        line for line in lines if "conda install" in line and "cuda13" in line and "env " in line
    ]
    assert "CONDA_OVERRIDE_CUDA=13.0 CONDA_OVERRIDE_CUDA_ARCH=8.0 " in compat


@pytest.mark.parametrize("shell", TYPED, ids=lambda shell: shell.name)
@pytest.mark.parametrize("values", [UNIX, {**UNIX, ARCH: ""}], ids=["both", "no GPU"])
def test_a_shell_sets_them(values: dict[str, str], shell: RealShell, tmp_path: Path) -> None:
    [line] = with_variables(
        "printenv CONDA_OVERRIDE_CUDA_ARCH CONDA_OVERRIDE_CUDA", values, windows=False
    )
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), ARCH: "1.0"}
    assert played(shell, line, tmp_path, variables).splitlines() == [values[ARCH], "12.4"]


@pytest.mark.parametrize("shell", TYPED, ids=lambda shell: shell.name)
def test_a_shell_states_another_machine(shell: RealShell, tmp_path: Path) -> None:
    modules = {"PSModulePath": "/modules"} if shell.name == "pwsh" else {}
    text = assignments(UNIX, {"SHELL": f"/bin/{shell.name}", **modules}, windows=False)
    text = text.partition(" in PowerShell")[0]
    script = f"{text}\nprintenv CONDA_OVERRIDE_CUDA\nprintenv CONDA_OVERRIDE_CUDA_ARCH"
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    assert played(shell, script, tmp_path, variables).splitlines() == ["12.4", "8.6"]


def test_the_forms_of_windows() -> None:
    cmd = 'set "CONDA_OVERRIDE_CUDA=12.4" & set "CONDA_OVERRIDE_CUDA_ARCH=8.6" in cmd, '
    powershell = "$Env:CONDA_OVERRIDE_CUDA = '12.4'; $Env:CONDA_OVERRIDE_CUDA_ARCH = '8.6'"
    said = f"{cmd}{powershell} in PowerShell"
    assert assignments(UNIX, {}, windows=True) == said
    assert with_variables("conda info", UNIX, windows=True) == [said, "conda info"]


capabilities = st.builds(ComputeCapability, st.integers(5, 12), st.integers(0, 9))
cudas = st.builds(CudaVersion, st.integers(10, 14), st.integers(0, 9))


@given(
    cuda=st.none() | cudas,
    found=st.lists(capabilities, max_size=4),
    runs=st.none() | cudas,
)
def test_what_a_machine_is_for_the_solver(
    cuda: CudaVersion | None, found: list[ComputeCapability], runs: CudaVersion | None
) -> None:
    """CEP 46: the least capability, and none without a driver or without a GPU."""
    machine = Machine(driver_cuda=cuda, gpus=tuple(Gpu(None, one) for one in found))
    shown = overrides(machine, runs)
    assert shown[ARCH] == (str(min(found)) if cuda and found else "")
    assert shown[CUDA] == ("" if cuda is None else max(cuda, runs or cuda).release)
    text = seen_by_solver(machine)
    assert ("no __cuda " in text) == (cuda is None)
    assert ("no __cuda_arch" in text) == (shown[ARCH] == "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("driver=550,cc=8.6+9.0", "__cuda 12.4 and __cuda_arch 8.6 (by --for)"),
        ("cuda=12.4", "__cuda 12.4 (by --for), no __cuda_arch (no GPU is stated)"),
        ("h100", "no __cuda (no driver is stated), and so no __cuda_arch"),
    ],
)
def test_in_words(text: str, said: str) -> None:
    assert seen_by_solver(state_machine(text, Machine())) == said
