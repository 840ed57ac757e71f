"""An override that was forgotten: what `doctor` and `info` say of it, and that the cure cures it."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from conda.base.context import context

from ..conftest import Conda
from ..machine.drivers import compile_standins
from ..machine.looking import L4


@pytest.fixture
def machine(conda: Conda, tmp_path: Path) -> Conda:
    """A machine with an L4, whose driver runs CUDA 12.4."""
    (tmp_path / "driver").mkdir()
    folder = compile_standins(tmp_path / "driver").folder
    conda.variables |= {**L4, "LD_LIBRARY_PATH": str(folder), "SHELL": "/bin/bash"}
    return conda


def rules(conda: Conda, environment: Path, **variables: str) -> dict[str, str]:
    """What doctor finds: ids and cures."""
    result = conda.cuda("doctor", environment, "--json", **variables)
    return {row["rule"]: row["cure"] for row in result.json["findings"]}


def test_a_machine_as_it_is_has_none(machine: Conda, environment: Path) -> None:
    assert rules(machine, environment) == {}
    assert "note" not in machine.cuda("info", environment).out


@pytest.mark.parametrize(
    ("stated", "driver", "note"),
    [
        ("12.2", "runs up to CUDA 12.2 by CONDA_OVERRIDE_CUDA", "which runs CUDA 12.4"),
        ("13.0", "runs up to CUDA 13.0 by CONDA_OVERRIDE_CUDA", "which runs CUDA 12.4"),
        ("", "none by CONDA_OVERRIDE_CUDA", "counts as a machine without CUDA"),
        ("soon", "550.54.15, runs up to CUDA 12.4", "which is not a CUDA version"),
    ],
)
def test_a_variable_of_this_shell(
    machine: Conda, environment: Path, stated: str, driver: str, note: str
) -> None:
    screen = machine.cuda("info", environment, CONDA_OVERRIDE_CUDA=stated).out
    assert f"driver         {driver}\n" in screen
    assert note in " ".join(screen.split())
    assert "1 warning (driver-overridden)" in screen
    assert "`conda cuda doctor -" in screen
    assert "says what to do about it." in " ".join(screen.split())
    assert rules(machine, environment, CONDA_OVERRIDE_CUDA=stated) == {
        "driver-overridden": "unset CONDA_OVERRIDE_CUDA"
    }


def test_what_the_machine_has_may_be_stated(machine: Conda, environment: Path) -> None:
    stated = {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "8.9"}
    assert rules(machine, environment, **stated) == {}
    assert rules(machine, environment, CONDA_OVERRIDE_CUDA="12.4.1") == {}


def test_a_login_node_may_state_what_it_does_not_have(machine: Conda, environment: Path) -> None:
    machine.variables["LD_LIBRARY_PATH"] = "/nowhere"
    stated = {"CONDA_OVERRIDE_CUDA": "12.4", "CONDA_OVERRIDE_CUDA_ARCH": "8.9"}
    assert rules(machine, environment, **stated) == {}
    del stated["CONDA_OVERRIDE_CUDA"]
    [cure] = rules(machine, environment, **stated).values()
    assert cure.splitlines()[1] == "export CONDA_OVERRIDE_CUDA=12.4"


@pytest.mark.skipif(
    not hasattr(context, "override_virtual_packages"),
    reason="conda has the setting from 25.11 on",
)
@pytest.mark.parametrize("setting", ["override_virtual_packages", "virtual_packages"])
@pytest.mark.parametrize("dunder", ["", "__"], ids=["bare", "dunder"])
def test_settings_are_cured_by_the_command_that_is_shown(
    machine: Conda, environment: Path, setting: str, dunder: str
) -> None:
    condarc = machine.home / "condarc.yml"
    before = condarc.read_text()
    stated = {f"{dunder}cuda": "13.0", f"{dunder}cuda_arch": "9.0", f"{dunder}glibc": "2.99"}
    condarc.write_text(f"{before}{setting}: {json.dumps(stated)}\n")
    found = rules(machine, environment)
    assert set(found) == {"driver-overridden", "gpu-overridden"}
    for cure in found.values():
        program, *words = shlex.split(cure)
        assert program == "conda"
        machine(*words)
    assert rules(machine, environment) == {}
    assert "2.99" in condarc.read_text()


@pytest.mark.skipif(
    not hasattr(context, "override_virtual_packages"),
    reason="conda has the setting from 25.11 on",
)
def test_the_file_that_has_the_last_word_is_named(machine: Conda, environment: Path) -> None:
    """`#!final` in one that conda reads earlier goes before one that it reads later."""
    first, later = machine.home / ".condarc", machine.home / "condarc.yml"
    first.write_text("override_virtual_packages:\n  cuda: '11.8'  #!final\n")
    later.write_text(f"{later.read_text()}virtual_packages: {{cuda: '12.1'}}\n")
    [cure] = rules(machine, environment).values()
    assert cure.startswith(f"conda config --file {first} ")
    machine(*shlex.split(cure)[1:])
    [cure] = rules(machine, environment).values()
    assert cure.startswith(f"conda config --file {later} ")


def test_recorded_variables_are_cured_by_the_command_that_is_shown(
    machine: Conda, environment: Path
) -> None:
    words = ["env", "config", "vars", "set", "-p", str(environment), "CONDA_OVERRIDE_CUDA=12.2"]
    machine(*words)
    stated = {"CONDA_OVERRIDE_CUDA": "12.2", "CONDA_PREFIX": str(environment)}
    [cure] = rules(machine, environment, **stated).values()
    program, *words = shlex.split(cure)
    assert program == "conda"
    machine(*words)
    assert "12.2" not in (environment / "conda-meta" / "state").read_text()
    # Until the environment is activated again.
    assert rules(machine, environment, **stated) == {
        "driver-overridden": "unset CONDA_OVERRIDE_CUDA"
    }


@pytest.mark.parametrize(
    ("shell", "cure"),
    [
        ("/usr/bin/fish", "set -e CONDA_OVERRIDE_CUDA"),
        ("/bin/tcsh", "unsetenv CONDA_OVERRIDE_CUDA"),
    ],
)
def test_the_command_is_in_the_language_of_the_shell(
    machine: Conda, environment: Path, shell: str, cure: str
) -> None:
    (machine.home / ".profile").write_text(f"{os.linesep}export CONDA_OVERRIDE_CUDA=12.2\n")
    stated = {"CONDA_OVERRIDE_CUDA": "12.2", "SHELL": shell}
    [found] = machine.cuda("doctor", environment, "--json", **stated).json["findings"]
    assert found["cure"].splitlines()[-1] == cure
    assert "set in ~/.profile:2" in found["evidence"]
