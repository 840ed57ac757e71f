"""The same rules in conda's own `conda doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .faults import HOOKS
from .patients import copy_environment
from .test_command import NO_DRIVER


@pytest.fixture
def prefix(pristine: Path, tmp_path: Path) -> Path:
    return copy_environment(pristine, tmp_path / "mine")


@pytest.fixture
def conda_doctor(clinic: Any, prefix: Path) -> Any:
    """`conda doctor`, with this check alone where conda can choose."""
    chosen = ["cuda"] if has_fixers(clinic) else []

    def call(*words: str, of: Path = prefix) -> Any:
        return clinic("doctor", "-p", of, *words, *chosen, check=False, **NO_DRIVER)

    return call


def has_fixers(clinic: Any) -> bool:
    version = clinic("--version").out.split()[1]
    return tuple(map(int, version.split(".")[:2])) >= (26, 1)


def test_it_says_that_all_is_well(conda_doctor: Any, prefix: Path) -> None:
    done = conda_doctor()
    line = f"✅ CUDA: CUDA 13.0.2 is in order in {prefix}, which is not active here."
    assert line in done.out.splitlines()


def test_it_says_what_is_wrong(conda_doctor: Any, prefix: Path) -> None:
    (prefix / HOOKS / "~conda-cuda.sh").unlink()
    done = conda_doctor()
    lines = done.out.splitlines()
    assert "❌ CUDA: 1 error" in lines
    assert "    error hooks-missing: " in done.out or "  error hooks-missing: " in done.out
    assert f"    -> conda cuda doctor --fix -p {prefix}" in lines
    assert "Error running" not in done.err


def test_it_is_silent_where_there_is_no_cuda_of_ours(conda_doctor: Any, clinic: Any) -> None:
    done = conda_doctor(of=clinic.create(clinic.envs / "empty"))
    assert "CUDA" not in done.out
    assert "Error running" not in done.err


def test_it_fixes_where_conda_can(conda_doctor: Any, clinic: Any, prefix: Path) -> None:
    if not has_fixers(clinic):
        pytest.skip("conda before 26.1 has no fixers")
    hook = prefix / HOOKS / "~conda-cuda.sh"
    text = hook.read_bytes()
    hook.unlink()
    assert "hooks-missing" in conda_doctor("--fix", "--dry-run").out
    assert not hook.exists()
    done = conda_doctor("--fix", "-y")
    assert "cured hooks-missing" in done.out
    assert hook.read_bytes() == text
    assert "CUDA: nothing to fix." in conda_doctor("--fix", "-y").out


def test_it_is_on_the_list_where_conda_has_one(clinic: Any) -> None:
    if not has_fixers(clinic):
        pytest.skip("conda before 26.1 has no list")
    assert "  cuda: Check the CUDA toolkit" in clinic("doctor", "--list").out
