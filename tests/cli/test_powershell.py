"""What the manual and the hints have users type, in PowerShell with conda's module."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.cli.findings import finding_lines
from conda_cuda_plugin.doctor import Finding
from conda_cuda_plugin.quoting import assignment, in_turn

from ..conftest import Conda
from ..shells.conftest import need
from ..shells.families import powershell_quote
from ..shells.shells import SHELLS

PWSH = next(shell for shell in SHELLS if shell.name == "pwsh")
MODULES = {"PSModulePath": "/modules"}


def played(folder: Path, script: str, variables: dict[str, str]) -> str:
    """What a script prints; nothing may go wrong in it."""
    need(PWSH)
    (folder / "script.ps1").write_text(f"$ErrorActionPreference = 'Stop'\n{script}")
    done = subprocess.run(
        [str(PWSH.path()), *PWSH.command[1:], "script.ps1"],
        cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def in_session(conda: Conda, active: Path, script: str) -> list[str]:
    """The lines that a script prints in a session with conda's module and an active environment."""
    root = conda.exe.parent.parent
    variables = conda.environ(_CONDA_ROOT=str(root), CONDA_EXE=str(conda.exe), CONDA_SHLVL="0")
    start = f"Import-Module {powershell_quote(str(root / 'shell/condabin/Conda.psm1'))}\n"
    start += f"conda activate {powershell_quote(str(active))}\n"
    return played(conda.home, start + script, variables).splitlines()


def test_a_command_behind_two_dashes(conda: Conda, two: Path) -> None:
    """PowerShell takes them for its own."""
    script = "conda cuda run 13.0 -- printenv CUDA_HOME\nconda cuda run -- printenv CUDA_HOME"
    assert in_session(conda, two, script) == [f"{two}/cuda-13.0", f"{two}/cuda-12.4"]


def test_a_message_from_a_pipe(conda: Conda, two: Path) -> None:
    """As the help has it; conda's function hands nothing on."""
    said = " ".join(conda("cuda", "which", "--help").out.split())
    assert "PowerShell hands on with | & $Env:CONDA_EXE cuda which -" in said
    script = "'ImportError: libcudart.so.12: not found' | & $Env:CONDA_EXE cuda which -"
    assert in_session(conda, two, script)[0] == "libcudart.so.12"


def test_completion_and_variables_of_a_session(conda: Conda, two: Path) -> None:
    script = """
    conda cuda completion powershell >~/.conda-cuda.ps1
    . ~/.conda-cuda.ps1
    (TabExpansion2 'conda cuda comp' 15).CompletionMatches.CompletionText
    conda cuda env 13.0 --format powershell | Out-String | Invoke-Expression
    $Env:CUDA_HOME
    """
    assert in_session(conda, two, script) == ["completion", f"{two}/cuda-13.0"]


@pytest.mark.parametrize("variables", [{}, MODULES], ids=["sh", "powershell"])
def test_a_long_command_is_one_that_may_be_pasted(conda: Conda, variables: dict[str, str]) -> None:
    text = conda("cuda", "match", "torch==2.5.1", "--for=driver=550,cc=8.0", **variables).out
    [line] = [line for line in text.splitlines() if "whl/cu118" in line]
    assert line.split()[:3] == ["pip", "install", "torch==2.5.1"]


def test_a_frozen_environment_is_thawed_in_either_shell(conda: Conda, two: Path) -> None:
    (two / "conda-meta" / "frozen").touch()
    done = conda.cuda("off", two, check=False, PSModulePath="/modules")
    if not done.code:
        pytest.skip("conda before 25.5 knows no frozen environments")
    name = "CONDA_PROTECT_FROZEN_ENVS"
    both = f"$Env:{name} = 'false' in PowerShell, export {name}=false elsewhere"
    assert both in " ".join(done.err.split())


def test_one_command_after_another() -> None:
    """Windows PowerShell 5.1 takes && for an error."""
    words = ("conda cuda remove 12.4", "conda cuda use 12.4")
    assert in_turn(*words, windows=False) == "conda cuda remove 12.4 && conda cuda use 12.4"
    assert in_turn(*words, windows=True) == "conda cuda remove 12.4, then conda cuda use 12.4"


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("shell", ["bash", "fish", "tcsh"])
@pytest.mark.parametrize("modules", [{}, MODULES], ids=["sh", "powershell"])
@pytest.mark.parametrize("value", [None, "/one two/lib64:" * 9])
def test_a_cure_for_a_shell_stays_in_one_piece(
    windows: bool, shell: str, modules: dict[str, str], value: str | None
) -> None:
    cure = assignment("A" * 70, value, {"SHELL": shell, **modules}, windows=windows)
    finding = Finding("Something is wrong.", (), cure)
    assert finding_lines(finding)[-1] == f"  -> {cure}"


values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


def test_powershell_sets_the_value_that_a_hint_names(tmp_path: Path) -> None:
    @settings(max_examples=5, deadline=None, database=None)
    @given(st.lists(values, min_size=10, max_size=40))
    def check(many: list[str]) -> None:
        script = "[Console]::OutputEncoding = [Text.Encoding]::UTF8\n"
        for value in many:
            hint = assignment("CUDA_X", value, MODULES, windows=False)
            gone = assignment("CUDA_X", None, MODULES, windows=False)
            script += hint.rpartition(" in PowerShell, ")[0] + "\n[Console]::Write($Env:CUDA_X)\n"
            script += gone.partition(" in PowerShell, ")[0] + "\n"
            script += '[Console]::Write("`0$(Test-Path Env:CUDA_X)`0")\n'
        read = played(tmp_path, script, {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
        assert read.split("\0")[:-1] == [one for value in many for one in (value, "False")]

    check()
