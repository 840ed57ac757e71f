"""`conda cuda info`: one screen for bug reports."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conda_cuda_plugin.cli.verbs.info import document, screen
from conda_cuda_plugin.machine.machine import Machine

from .breakage import switched_off
from .frameworks import torch, torch_with_cudnn
from .patients import FITTING, H100, Sick, copy_environment

ROWS = [
    "environment", "current", "installed", "hooks", "this shell", "variables", "driver", "GPUs",
    "verdict", "frameworks", "cuDNN", "host compiler", "system", "conda", "doctor",
]  # fmt: skip


def lines_of(sick: Sick) -> list[str]:
    """The screen."""
    patient, findings = sick.patient(), sick.findings()
    return screen(patient, findings, document(patient, findings))


def shown(sick: Sick) -> dict[str, str]:
    """The screen as rows by name; lines that go on are joined."""
    rows: dict[str, str] = {}
    name = ""
    for line in lines_of(sick):
        head, text = line[2:17].strip(), line[17:]
        name = head or name
        rows[name] = f"{rows[name]} {text}" if name in rows else text
    return rows


def test_one_screen_says_it_all(active: Sick) -> None:
    active.machine = Machine(
        driver=FITTING.driver, driver_cuda=None, gpus=(H100, H100), libc="glibc 2.36",
        host_compiler=FITTING.host_compiler,
    )  # fmt: skip
    torch(active, "13.0")
    active.write("lib/libcudnn.so.9", "cudnn")
    rows = shown(active)
    assert list(rows) == ROWS
    assert rows["environment"] == f"mine ({active.prefix})"
    assert rows["current"].startswith("CUDA 13.0.2, ")
    assert rows["current"].endswith("from pypi")
    assert rows["installed"] == "cuda-13.0, cuda-12.4"
    assert rows["hooks"] == "ok"
    assert rows["this shell"] == (
        f"has it at place 1 of LD_LIBRARY_PATH; nvcc is {active.prefix}/bin/nvcc"
    )
    names = "CUDA_HOME, CUDA_PATH, CUDAToolkit_ROOT, XLA_FLAGS, LD_LIBRARY_PATH"
    assert rows["variables"] == f"{names}: CUDA 13.0.2"
    assert rows["driver"] == "580.95.05"
    assert rows["GPUs"] == "2 x NVIDIA H100 (compute capability 9.0)"
    assert rows["verdict"].startswith("native (driver 580.95.05, 580.95.05 needed; ")
    assert rows["frameworks"] == "PyTorch 2.5.1 for CUDA 13.0 (pip, brings its own)"
    assert rows["cuDNN"] == f"9 ({active.prefix}/lib/libcudnn.so.9)"
    assert rows["host compiler"] == "gcc 12.2.0 (/usr/bin/gcc)"
    assert rows["system"].endswith("glibc 2.36")
    assert rows["doctor"] == "nothing is wrong"


def test_it_says_where_variables_lead_to(active: Sick) -> None:
    active.variables |= {"CPATH": f"{active.toolkit('12.1')}/include", "CUDNN_HOME": "/opt/cudnn"}
    found = {text.rpartition(": ")[2]: text for text in shown(active)["variables"].split("; ")}
    assert found["CUDA 12.1.1"] == "CPATH: CUDA 12.1.1"
    assert found["nothing that exists"] == "CUDNN_HOME: nothing that exists"
    assert "(variable-other-cuda, variable-gone)" in shown(active)["doctor"]


def test_it_sees_that_the_toolkit_is_no_longer_there(active: Sick) -> None:
    switched_off(active)
    rows = shown(active)
    assert rows["this shell"].startswith("mine is active here; nvcc is ")
    assert rows["variables"].endswith("LD_LIBRARY_PATH: nothing that exists")
    assert "variable-gone" in rows["doctor"]


def test_it_names_what_the_doctor_found(active: Sick) -> None:
    torch_with_cudnn(active)
    (active.prefix / "bin" / "nvcc").unlink()
    assert shown(active)["doctor"] == "1 error, 1 warning (cudnn-missing, wrapper-missing)"


def test_it_fits_on_a_screen(active: Sick) -> None:
    torch_with_cudnn(active)
    lines = lines_of(active)
    assert len(lines) <= 40
    # Paths stay whole; everything else is wrapped.
    assert [line for line in lines if len(line) > 80 and str(active.prefix) not in line] == []


def test_a_machine_without_a_driver(sick: Sick) -> None:
    sick.machine = Machine()
    rows = shown(sick)
    assert rows["driver"] == rows["GPUs"] == rows["host compiler"] == "none found"
    assert rows["verdict"].startswith("unknown: No driver is known here")
    assert rows["this shell"].startswith("mine is not active here")


def test_the_document_holds_the_same(active: Sick) -> None:
    torch(active, "12.4")
    found = document(active.patient(), active.findings())
    assert found["current"]["version"] == "13.0.2"
    assert [toolkit["name"] for toolkit in found["toolkits"]] == ["cuda-13.0", "cuda-12.4"]
    assert found["machine"]["driver"] == "580.95.05"
    assert found["machine"]["gpus"] == [{"name": "NVIDIA H100", "compute_capability": "9.0"}]
    assert found["verdict"]["level"] == "native"
    (framework,) = found["frameworks"]
    assert (framework["name"], framework["cuda"], framework["installer"]) == (
        "torch",
        "12.4",
        "pip",
    )
    assert [finding["rule"] for finding in found["findings"]] == ["framework-other-cuda"]
    assert found["shell"]["active"] is True
    assert found["shell"]["position"] == 1


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["text", "json"])
def test_the_command_never_waits_for_a_driver(
    clinic: Any, pristine: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    prefix = copy_environment(pristine, tmp_path / "mine")
    before = time.monotonic()
    done = clinic.cuda("info", prefix, *words)
    assert time.monotonic() - before < 30
    if words:
        assert done.json["environment"] == str(prefix)
    else:
        names = [line[2:17].strip() for line in done.out.splitlines()]
        assert [name for name in names if name and name != "note"] == ROWS


def test_another_machine(clinic: Any, pristine: Path, tmp_path: Path) -> None:
    prefix = copy_environment(pristine, tmp_path / "mine")
    stated = " ".join(clinic.cuda("info", prefix, "--for", "h100+rtx 4090").out.split())
    assert "driver none stated GPUs H100 (compute capability 9.0), GeForce RTX 4090 (" in stated
    assert "verdict unknown: No driver is stated; CUDA" in stated
    document = clinic.cuda("info", prefix, "--for", "h100,driver=550", "--json").json
    assert document["machine"]["stated"]
    assert document["machine"]["driver"] == "550"
    assert document["machine"]["gpus"] == [{"name": "H100", "compute_capability": "9.0"}]
    wrong = clinic.cuda("info", prefix, "--for", "h1000", check=False)
    assert wrong.code == 2
    assert "Did you mean H100" in wrong.err


def test_an_environment_without_cuda(clinic: Any) -> None:
    done = clinic.cuda("info", clinic.create(clinic.envs / "nothing"))
    assert "  current        none\n" in done.out
    assert "  doctor         nothing is wrong\n" in done.out
