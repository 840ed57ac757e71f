"""Toolkits whose files are somebody else's: the machine's, or the environment's packages'."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from .patients import copy_environment
from .test_command import NO_DRIVER


def rules(clinic: Any, prefix: Path, *words: str, **extra: Any) -> list[str]:
    """The ids of what the doctor finds."""
    done = clinic.cuda("doctor", prefix, "--json", *words, check=False, **NO_DRIVER, **extra)
    return [finding["rule"] for finding in done.json["findings"]]


@pytest.fixture
def prefix(clinic: Any, tmp_path: Path) -> Path:
    return clinic.create(tmp_path / "mine")


@pytest.fixture
def machine_toolkit(tmp_path: Path) -> Path:
    """A toolkit as an administrator installs it."""
    root = tmp_path / "opt" / "cuda-12.1"
    for name in ("bin", "include", "lib64"):
        (root / name).mkdir(parents=True)
    (root / "bin" / "nvcc").write_text("#!/bin/sh\n")
    (root / "bin" / "nvcc").chmod(0o755)
    (root / "lib64" / "libcudart.so.12").write_text("cudart")
    (root / "version.json").write_text('{"cuda": {"version": "12.1.1"}}')
    return root


def test_a_toolkit_of_the_machine_is_healthy_until_it_goes(
    clinic: Any, prefix: Path, machine_toolkit: Path
) -> None:
    clinic.cuda("use", prefix, machine_toolkit, "-y")
    assert rules(clinic, prefix) == []
    (machine_toolkit / "lib64" / "libcudart.so.12").unlink()
    assert rules(clinic, prefix) == ["toolkit-damaged"]
    shutil.rmtree(machine_toolkit)
    assert rules(clinic, prefix) == ["toolkit-incomplete"]


def install(prefix: Path, name: str, version: str, path: str) -> Path:
    """A package as conda leaves it in an environment."""
    record = prefix / "conda-meta" / f"{name}-{version}-0.json"
    content = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": [],
        "channel": "test", "subdir": "linux-64", "fn": f"{name}-{version}-0.conda",
        "url": f"file:///test/linux-64/{name}-{version}-0.conda", "files": [path],
        "paths_data": {"paths_version": 1, "paths": []}, "link": {"source": "", "type": 1},
        "requested_spec": name,
    }  # fmt: skip
    record.write_text(json.dumps(content))
    (prefix / path).parent.mkdir(parents=True, exist_ok=True)
    (prefix / path).write_text(version)
    return record


def test_packages_of_the_environment_are_followed(clinic: Any, prefix: Path) -> None:
    old = install(prefix, "cuda-cudart", "12.4.127", "lib/libcudart.so.12")
    clinic.cuda("use", prefix, "12.4", "--from", "environment", "-y")
    assert rules(clinic, prefix) == []
    # As a program does that runs no plugins.
    old.unlink()
    (prefix / "lib" / "libcudart.so.12").unlink()
    install(prefix, "cuda-cudart", "13.0.96", "lib/libcudart.so.13")
    assert rules(clinic, prefix) == ["toolkit-damaged"]
    assert rules(clinic, prefix, "--fix") == []
    assert (prefix / "cuda" / "lib64" / "libcudart.so.13").read_text() == "13.0.96"
    assert rules(clinic, prefix, "--fix") == []


def test_packages_that_are_gone_are_let_go_of(clinic: Any, prefix: Path) -> None:
    record = install(prefix, "cuda-cudart", "12.4.127", "lib/libcudart.so.12")
    clinic.cuda("use", prefix, "12.4", "--from", "environment", "-y")
    record.unlink()
    (prefix / "lib" / "libcudart.so.12").unlink()
    assert rules(clinic, prefix, "--fix") == []
    assert not (prefix / "cuda").is_symlink()


def test_a_clone_is_healthy_or_can_be_made_so(clinic: Any, pristine: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clinic("create", "-y", "-q", "--offline", "--clone", pristine, "-p", clone)
    assert rules(clinic, clone) in ([], ["link-copied"])
    assert rules(clinic, clone, "--fix") == []
    assert (clone / "cuda").is_symlink()


@pytest.mark.parametrize(
    "state",
    [b"\xff\x00", b"wrappers: 5\nrequest: [1]\n", b"request: {version: [1, 2]}\n", b"- a\n- b\n"],
    ids=["binary", "types", "version", "list"],
)
def test_a_record_that_makes_no_sense_is_no_traceback(
    clinic: Any, pristine: Path, tmp_path: Path, state: bytes
) -> None:
    prefix = copy_environment(pristine, tmp_path / "mine")
    (prefix / "etc" / "conda" / "cuda" / "state.yaml").write_bytes(state)
    (prefix / "cuda").unlink()
    done = clinic.cuda("doctor", prefix, check=False, **NO_DRIVER)
    assert "Traceback" not in done.out + done.err
    assert "link-missing" in done.out


def test_conda_doctor_is_silent_where_cuda_does_not_exist(clinic: Any, prefix: Path) -> None:
    done = clinic("doctor", "-p", prefix, check=False, CONDA_SUBDIR="osx-arm64")
    assert "CUDA" not in done.out + done.err
