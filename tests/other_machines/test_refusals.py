"""A solve that fails over driver or GPUs: who wants what, what there is, what would do, what to type."""

from __future__ import annotations

import json
from pathlib import Path

import conda.plugins.types
import pytest

from ..conftest import Conda
from ..shells.sh_alone import SH_ALONE

USE = ("--from=channel", "-c=conda-forge", "--flavor=base")
CREATE = ("create", "-n", "x", "-c", "conda-forge", "--override-channels", "--dry-run")
HAS_HINTS = hasattr(conda.plugins.types, "CondaErrorHint")
TREE = set("├└│─")
OLD = {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "7.0"}
SHELLS = {
    "/bin/bash": "export CONDA_OVERRIDE_CUDA={}; export CONDA_OVERRIDE_CUDA_ARCH={}",
    "/usr/bin/fish": "set -x CONDA_OVERRIDE_CUDA {}; set -x CONDA_OVERRIDE_CUDA_ARCH {}",
    "/bin/tcsh": "setenv CONDA_OVERRIDE_CUDA {}; setenv CONDA_OVERRIDE_CUDA_ARCH {}",
}


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("words", "here", "said"),
    [
        (
            ["12.4", "--cudnn=9.10"], OLD,
            ["cudnn 9.10.2.21 wants __cuda_arch >=7.5, through cuda-arch.",
             "Here: __cuda 12.4 (by CONDA_OVERRIDE_CUDA), __cuda_arch 7.0 (by "
             "CONDA_OVERRIDE_CUDA_ARCH).",
             "The newest cudnn that would do: 8.9.7.29",
             "export CONDA_OVERRIDE_CUDA=12.4; export CONDA_OVERRIDE_CUDA_ARCH=7.5",
             '--for "cuda=12.4,cc=7.5"'],
        ),
        (
            ["12.4", "--cudnn=9.12", "--for=driver=550,cc=9.0+8.6"], {},
            ["cudnn 9.12.0.46 wants __cuda_arch >=9.0, through cuda-arch.",
             "Stated: __cuda 12.4 and __cuda_arch 8.6 (by --for).",
             "The newest cudnn that would do: 9.10.2.21",
             "export CONDA_OVERRIDE_CUDA=12.4; export CONDA_OVERRIDE_CUDA_ARCH=9.0"],
        ),
        (
            ["13.0", "--cudnn=9.12", "--for=driver=580,cc=7.5"], {},
            ["cudnn 9.12.0.46 wants __cuda_arch >=8.0, through cuda-arch.",
             "Stated: __cuda 13.0 and __cuda_arch 7.5 (by --for).",
             "export CONDA_OVERRIDE_CUDA=13.0; export CONDA_OVERRIDE_CUDA_ARCH=8.0"],
        ),
    ],
    ids=["here", "stated-weakest-of-two", "nothing-would-do"],
)  # fmt: skip
def test_use(
    words: list[str], here: dict[str, str], said: list[str], conda: Conda, environment: Path
) -> None:
    shown = {"COLUMNS": "80", "SHELL": "/bin/bash", "PSModulePath": None, **here}
    result = conda.cuda("use", environment, *words, *USE, check=False, **shown)
    assert result.code == 1
    for text in said:
        assert text in one_line(result.err)
    if "The newest" not in "".join(said):
        assert "The newest" not in result.err
    assert len(result.err.strip().splitlines()) < 20
    assert not TREE & set(result.err)
    assert "Next steps" not in result.err
    assert not (environment / "cuda").exists()
    # The machine that it names is one that it is installed for.
    *_, stated = (hint for hint in said if hint.startswith("export"))
    variables = dict(part.split()[1].split("=") for part in stated.split("; "))
    words = [word for word in words if not word.startswith("--for")]
    conda.cuda("use", environment, *words, *USE, "--yes", **variables)


def test_which_of_several_machines(conda: Conda, environment: Path, nodes: Path) -> None:
    words = ("12.4", "--cudnn=9.12", f"--for={nodes}", *USE)
    said = one_line(conda.cuda("use", environment, *words, check=False, COLUMNS="80").err)
    assert "cudnn 9.12.0.46 wants __cuda_arch >=9.0, through cuda-arch." in said
    assert "There: __cuda 12.4 (on old), __cuda_arch 7.5 (on new)." in said


def test_a_gpu_without_a_driver(conda: Conda, environment: Path) -> None:
    """Packages are for the GPU, and the driver counts as one that runs the release."""
    words = ("12.4", "--cudnn=9.12", "--for=a100", *USE)
    said = one_line(conda.cuda("use", environment, *words, check=False, COLUMNS="80").err)
    assert "cudnn 9.12.0.46 wants __cuda_arch >=9.0, through cuda-arch." in said
    assert (
        "Stated: __cuda 12.4 (by the release, as no driver is stated), __cuda_arch 8.0 (by --for)."
    ) in said
    assert "The newest cudnn that would do: 9.10.2.21" in said


def test_json(conda: Conda, environment: Path) -> None:
    words = ("12.4", "--cudnn=9.10", *USE, "--json")
    found = conda.cuda("use", environment, *words, check=False, **OLD).json
    assert "wants __cuda_arch >=7.5" in found["message"]
    assert "The newest cudnn that would do: 8.9.7.29" in found["hints"]


def test_another_source_may_have_it(conda: Conda, environment: Path) -> None:
    """The plan says why the channel was passed over."""
    words = ("12.4", "--cudnn=9.10", "-c=conda-forge", "--flavor=base", "--offline")
    result = conda.cuda("use", environment, *words, check=False, COLUMNS="80", **OLD)
    assert "cudnn 9.10.2.21 wants __cuda_arch >=7.5" in one_line(result.err)
    assert "The newest cudnn that would do" in result.err


@pytest.mark.parametrize("shell", SHELLS)
def test_the_form_of_the_shell(shell: str, conda: Conda, environment: Path) -> None:
    shown = {"COLUMNS": "200", "SHELL": shell, "PSModulePath": None, **OLD}
    words = ("12.4", "--cudnn=9.10", *USE)
    result = conda.cuda("use", environment, *words, check=False, **shown)
    assert SHELLS[shell].format("12.4", "7.5") in one_line(result.err)


def test_where_it_may_be_powershell(conda: Conda, environment: Path) -> None:
    shown = {"COLUMNS": "200", "SHELL": "/bin/bash", "PSModulePath": "/modules", **OLD}
    words = ("12.4", "--cudnn=9.10", *USE)
    said = one_line(conda.cuda("use", environment, *words, check=False, **shown).err)
    form = "$Env:CONDA_OVERRIDE_CUDA = '12.4'; $Env:CONDA_OVERRIDE_CUDA_ARCH = '7.5' in PowerShell"
    assert form in said
    assert SH_ALONE.search(said.replace(form, ""))


FAILING = [
    (
        ["driven=2"], {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "8.6"},
        ["driven 2.0 wants __cuda >=13.", "The newest driven that would do: 1.0",
         "export CONDA_OVERRIDE_CUDA=13.0; export CONDA_OVERRIDE_CUDA_ARCH=8.6"],
        False,
    ),
    (
        ["driven"], {"CONDA_OVERRIDE_CUDA": ""},
        ["driven 2.0 wants __cuda >=13.", "no __cuda (by CONDA_OVERRIDE_CUDA)"],
        False,
    ),
    (
        ["archful"], {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "7.5"},
        ["archful 1.0 wants __cuda_arch >=8.0.", "__cuda_arch 7.5 (by CONDA_OVERRIDE_CUDA_ARCH)",
         "export CONDA_OVERRIDE_CUDA=12.4; export CONDA_OVERRIDE_CUDA_ARCH=8.0"],
        False,
    ),
    (
        ["app=3"], {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "9.0"},
        ["app 3.0 wants __cuda >=13, through fast 2.0 and cuda-version 13.0.",
         "The newest app that would do: 2.0"],
        True,
    ),
    (
        ["fast", "cuda-version=13"], {"CONDA_OVERRIDE_CUDA": "13.0", "CONDA_OVERRIDE_CUDA_ARCH": "7.5"},
        ["fast 2.0 wants __cuda_arch >=8.0, through cuda-arch."],
        True,
    ),
]  # fmt: skip
"""What is asked for, what there is, what the hints say, and whether only a constraint is in the way."""


@pytest.mark.parametrize(("words", "here", "said", "constraint"), FAILING)
@pytest.mark.skipif(not HAS_HINTS, reason="conda has hints for its errors since 26.7")
def test_hints_of_conda(
    words: list[str],
    here: dict[str, str],
    said: list[str],
    constraint: bool,
    conda: Conda,
    holds_to_constraints: bool,
) -> None:
    if constraint and not holds_to_constraints:
        pytest.skip("conda's classic solver ignores what packages constrain of a machine")
    shown = {"SHELL": "/bin/bash", "PSModulePath": None, **here}
    result = conda(*CREATE, *words, check=False, **shown)
    assert result.code == 1
    assert "__cuda" in result.err.partition("Next steps")[0]
    for text in said:
        assert text in one_line(result.err.partition("Next steps")[2])
    found = json.loads(conda(*CREATE, *words, "--json", check=False, **shown).out)
    codes = found["guidance"]["hint_codes"]
    assert {"cuda_wanted", "cuda_here", "cuda_elsewhere", "cuda_info"} <= set(codes)


@pytest.mark.skipif(not HAS_HINTS, reason="conda has hints for its errors since 26.7")
@pytest.mark.parametrize("stated", ["fast", "12.4:", "12\n4\x1b[31m"], ids=ascii)
def test_an_override_that_is_no_version_is_the_reason(stated: str, conda: Conda) -> None:
    """conda takes it for the version of `__cuda`, whatever it is."""
    result = conda(*CREATE, "driven=2", check=False, CONDA_OVERRIDE_CUDA=stated)
    assert result.code == 1
    said = one_line(result.err.partition("Next steps")[2])
    assert f"CONDA_OVERRIDE_CUDA is {stated!r}, which is not a CUDA version" in said
    assert "`conda cuda doctor` says how to take it away" in said
    assert "Here:" not in said


@pytest.mark.skipif(not HAS_HINTS, reason="conda has hints for its errors since 26.7")
def test_hints_for_a_file(conda: Conda) -> None:
    """The command line does not say what is asked for, and of which channels."""
    file = conda.home / "environment.yml"
    file.write_text("channels: [conda-forge]\ndependencies: [driven=2]\n")
    words = ("env", "create", "-n", "x", "-f", file, "--dry-run")
    result = conda(*words, check=False, CONDA_OVERRIDE_CUDA="12.4")
    assert "driven 2.0 wants __cuda >=13." in result.err


@pytest.mark.skipif(HAS_HINTS, reason="this conda has hints")
def test_an_older_conda_says_what_it_says(conda: Conda) -> None:
    result = conda(*CREATE, "driven=2", check=False, CONDA_OVERRIDE_CUDA="12.4")
    assert result.code == 1
    assert "__cuda" in result.err
    assert "Traceback" not in result.err
