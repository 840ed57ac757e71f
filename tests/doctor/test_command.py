"""`conda cuda doctor` as people and CI call it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ..listing import listing
from .faults import HOOKS
from .patients import copy_environment

NO_DRIVER = {"CONDA_OVERRIDE_CUDA": None, "SHELL": "/bin/bash"}


@pytest.fixture
def prefix(pristine: Path, clinic: Any, tmp_path: Path) -> Path:
    return copy_environment(pristine, tmp_path / "envs" / "mine")


@pytest.fixture
def doctor(clinic: Any, prefix: Path) -> Any:
    def call(*words: str, check: bool = False, **extra: Any) -> Any:
        return clinic.cuda("doctor", prefix, *words, check=check, **NO_DRIVER, **extra)

    return call


def break_hooks(prefix: Path) -> None:
    (prefix / HOOKS / "~conda-cuda.sh").unlink()


def warn(prefix: Path) -> None:
    (prefix / "bin" / "nvcc").unlink()


def test_a_healthy_environment_gets_one_calm_line(doctor: Any, prefix: Path) -> None:
    done = doctor()
    assert (done.code, done.err) == (0, "")
    assert done.out == f"CUDA 13.0.2 is in order in {prefix}, which is not active here.\n"


def test_a_healthy_environment_is_calm_in_its_own_shell(clinic: Any, prefix: Path) -> None:
    done = clinic(
        "run", "-p", prefix, clinic.exe, "cuda", "doctor", "--strict", check=False, **NO_DRIVER
    )
    assert done.out.strip() == f"CUDA 13.0.2 is in order in {prefix}."
    assert done.code == 0


def test_an_environment_without_cuda_gets_one_calm_line(clinic: Any) -> None:
    prefix = clinic.create(clinic.envs / "plain")
    done = clinic.cuda("doctor", prefix, "--strict", **NO_DRIVER)
    assert done.out == "plain has no CUDA toolkit; nothing is wrong.\n"
    assert list(prefix.iterdir()) == [prefix / "conda-meta"]


def test_errors_exit_with_3_and_say_what_to_do(doctor: Any, prefix: Path) -> None:
    break_hooks(prefix)
    done = doctor()
    assert done.code == 3
    assert (
        done.out
        == f"""\
CUDA in {prefix}: 1 error

error hooks-missing: 1 hook is missing, so `conda activate` does not switch CUDA
  in every shell.
    etc/conda/activate.d/~conda-cuda.sh
  -> conda cuda doctor --fix -p {prefix}
"""
    )


@pytest.mark.parametrize("words, code", [((), 0), (("--strict",), 1)], ids=["plain", "strict"])
def test_warnings_count_only_when_they_shall(
    doctor: Any, prefix: Path, words: tuple[str, ...], code: int
) -> None:
    warn(prefix)
    done = doctor(*words)
    assert done.code == code
    assert "warning wrapper-missing" in done.out


def test_notes_never_count(doctor: Any, prefix: Path) -> None:
    done = doctor("--strict", "--for", "driver=580.65.06,cc=9.0")
    assert done.code == 0
    assert "note driver-limits" in done.out


def test_another_machine_can_be_meant(doctor: Any) -> None:
    done = doctor("--for", "driver=470,cc=3.5")
    assert done.code == 3
    assert "error driver-too-old" in done.out and "error gpu-not-covered" in done.out


def test_the_document_says_everything(doctor: Any, prefix: Path) -> None:
    break_hooks(prefix)
    warn(prefix)
    done = doctor("--json")
    assert (done.code, done.err) == (3, "")
    found = done.json
    assert found["counts"] == {"error": 1, "warning": 1, "note": 0}
    assert found["healthy"] is False
    assert found["current"] == "cuda-13.0"
    assert [finding["rule"] for finding in found["findings"]] == [
        "hooks-missing",
        "wrapper-missing",
    ]
    assert found["findings"][0] == {
        "rule": "hooks-missing",
        "severity": "error",
        "summary": "1 hook is missing, so `conda activate` does not switch CUDA in every shell.",
        "evidence": [f"{HOOKS}/~conda-cuda.sh"],
        "cure": f"conda cuda doctor --fix -p {prefix}",
        "fixable": True,
    }


def test_a_healthy_document(doctor: Any) -> None:
    found = doctor("--json", "--strict", check=True).json
    assert found["healthy"] is True
    assert found["findings"] == []


def test_fix_cures_once_and_for_all(doctor: Any, prefix: Path) -> None:
    healthy = {path: text for path, text in listing(prefix).items() if "lock" not in path}
    break_hooks(prefix)
    warn(prefix)
    done = doctor("--fix", "-y")
    assert done.code == 0
    assert done.out.splitlines()[-4:] == [
        "cured hooks-missing",
        "cured wrapper-missing",
        "",
        f"CUDA 13.0.2 is in order in {prefix}, which is not active here.",
    ]
    assert {p: t for p, t in listing(prefix).items() if "lock" not in p} == healthy
    again = doctor("--fix", "-y")
    assert again.out == f"CUDA 13.0.2 is in order in {prefix}, which is not active here.\n"


def test_fix_tells_machines_what_it_did(doctor: Any, prefix: Path) -> None:
    break_hooks(prefix)
    found = doctor("--fix", "--json", check=True).json
    assert found["cured"] == ["hooks-missing"]
    assert found["failed"] == []
    assert found["healthy"] is True
    again = doctor("--fix", "--json", check=True).json
    assert (again["cured"], again["failed"]) == ([], [])


def test_fix_asks_first(doctor: Any, prefix: Path) -> None:
    break_hooks(prefix)
    before = listing(prefix)
    done = doctor("--fix")
    assert done.code == 1
    assert "Cannot ask for confirmation" in done.err
    done = doctor("--fix", "--dry-run")
    assert "hooks-missing" in done.out
    assert listing(prefix) == before


def test_fix_leaves_what_is_not_ours(doctor: Any, prefix: Path) -> None:
    (prefix / "cuda").unlink()
    (prefix / "cuda").mkdir()
    (prefix / "cuda" / "precious").write_text("mine")
    done = doctor("--fix", "-y")
    assert done.code == 3
    assert "None of this can be cured from here." in done.out
    assert (prefix / "cuda" / "precious").read_text() == "mine"


def test_fix_says_what_it_could_not_do(doctor: Any, prefix: Path) -> None:
    (prefix / HOOKS / "~conda-cuda.fish").unlink()
    (prefix / HOOKS / "~conda-cuda.sh").write_text("export MINE=1\n")
    done = doctor("--fix", "-y")
    assert done.code == 3
    assert "not cured hooks-missing: " in done.out
    assert (prefix / HOOKS / "~conda-cuda.sh").read_text() == "export MINE=1\n"


def test_a_lost_toolkit_is_let_go_of(doctor: Any, clinic: Any, prefix: Path) -> None:
    shutil.rmtree(prefix / "cuda-13.0")
    assert doctor().code == 3
    done = doctor("--fix", "-y", check=True)
    assert done.out.endswith(f"No toolkit is current in {prefix}; nothing is wrong.\n")
    clinic.cuda("use", prefix, "12.4", "-y")
    assert doctor(check=True).code == 0


def test_a_file_that_cannot_be_read_is_no_traceback(doctor: Any, prefix: Path) -> None:
    (prefix / "etc" / "conda" / "cuda" / "state.yaml").write_bytes(b"\xff\x00 {[")
    (prefix / "conda-meta" / "state").write_bytes(b"\x00\xff")
    done = doctor()
    assert "Traceback" not in done.out + done.err
    assert done.code in (0, 3)


def test_it_answers_quickly_beside_a_command_that_holds_the_lock(doctor: Any, prefix: Path) -> None:
    import fcntl

    lock = prefix / "etc" / "conda" / "cuda" / "lock"
    (prefix / ".conda-cuda-cuda-11.8").mkdir()
    lock.with_name("unfinished.json").write_text('[".conda-cuda-cuda-11.8"]')
    with open(lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "interrupted-command" not in doctor().out
    assert "interrupted-command" in doctor().out
