"""`conda cuda use` says beforehand what will run, and stops what will not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ..cli.completing import terminal
from ..conftest import Conda
from ..listing import listing
from ..sources.wheelhouse import only_folder, write_releases

PYPI = ("--from", "pypi", "--components", "cudart")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_releases(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def here(conda: Conda, wheels: Path) -> Conda:
    """A conda whose pip finds small wheels."""
    conda.variables.update(only_folder(wheels))
    return conda


def plan(conda: Conda, prefix: Path, *words: str) -> str:
    """The plan as one line, whatever its line breaks."""
    result = conda.cuda("use", prefix, *PYPI, "--dry-run", *words)
    return " ".join(result.out.split())


@pytest.mark.parametrize(
    ("version", "target", "line"),
    [
        (
            "12.4",
            "driver=550,cc=8.9",
            "verdict native (driver R550, 550.54.15 needed; compute capability 8.9, 5.0 to 9.0 supported)",
        ),
        (
            "12.4",
            "driver=535.129.03,cc=8.0",
            "verdict minor: The driver here, 535.129.03 (CUDA 12.2), runs CUDA 12.4.1 but cannot "
            "JIT-compile its PTX; that takes 550.54.15. Build for the GPU itself (nvcc "
            "-arch=native), or update the driver to 550.54.15 or newer.",
        ),
        (
            "13.0",
            "driver=550,cc=9.0",
            "verdict compat: CUDA 13.0.2 needs driver R580 or newer; the driver here is R550 (CUDA 12.4). "
            "Update the driver to R580 or newer. The package cuda-compat, put first on",
        ),
        (
            "13.0",
            "driver=550,cc=8.9",
            "Update the driver to R580 or newer. On a GPU for data centres, and no other, the "
            "package cuda-compat, put first on LD_LIBRARY_PATH, can stand in for a newer driver.",
        ),
        ("13.0", "driver=550,l40s", "newer. The package cuda-compat, put first on"),
        ("13.0", "cc=9.0", "verdict unknown: No driver is stated; CUDA 13.0.2 needs R580 or newer"),
        ("12.4", "h100", "needs 525.60.13 or newer there. State it, too, such as driver=550."),
        # Of the two, the driver that knows the GPU is the newer one.
        ("11.8", "h100", "No driver is stated; CUDA 11.8.0 needs 520.61.05 or newer there."),
        ("12.4", "a100+h100, driver=550", "compute capability 8.0 and 9.0, 5.0 to 9.0 supported)"),
        (
            "13.0",
            "cuda=13.0,cc=9.0+8.0",
            "verdict native (a driver for CUDA 13.0; compute capability 8.0 and 9.0",
        ),
    ],
)
def test_the_plan_shows_the_verdict(
    here: Conda, environment: Path, version: str, target: str, line: str
) -> None:
    assert line in plan(here, environment, version, "--for", target)


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        # 8.9 is of GeForce cards, too, which cuda-compat does not serve.
        ("driver=550,cc=8.9", "Proceed (y/[n])?"),
        ("driver=550", "Proceed (y/[n])?"),
        ("driver=550,l40s", "Proceed ([y]/n)?"),
        ("driver=550,h100,cc=8.9", "Proceed (y/[n])?"),
        ("driver=580,cc=8.9", "Proceed ([y]/n)?"),
    ],
)
def test_the_enter_key_says_yes_only_where_it_is_known_to_run(
    here: Conda, environment: Path, target: str, asked: str
) -> None:
    words = ["cuda", "use", "13.0", "-p", str(environment), *PYPI, "--for", target]
    with terminal([str(here.exe), *words], here.environ(TERM="xterm"), environment, 200) as person:
        assert asked in person.read_until("?")


def test_cuda_compat_is_never_offered_for_a_geforce(here: Conda, environment: Path) -> None:
    words = ("13.0", *PYPI, "--for", "rtx 4090,driver=550", "--dry-run")
    result = here.cuda("use", environment, *words, check=False)
    assert result.code == 1
    assert "needs driver R580 or newer; the driver here is R550 (CUDA 12.4)." in result.err
    assert "cuda-compat" not in result.out + result.err


@pytest.mark.parametrize(
    ("version", "target", "told"),
    [
        (
            "13.0",
            "driver=470,cc=7.0",
            [
                "CUDA 13.0 will not run on the stated machine: it makes code for compute capability "
                "7.5 and newer; the Volta GPU has 7.0.",
                "  CUDA 13.0 needs driver R580 or newer; the driver here is R470 (CUDA 11.4).",
                "  CUDA 12.9 is the last release for Volta. The newest release that runs with this "
                "driver: CUDA 11.8.",
                "  --force goes on all the same.",
            ],
        ),
        (
            "12.4",
            "driver=470,cc=3.7",
            [
                "CUDA 12.4 will not run on the stated machine: it makes code for compute capability "
                "5.0 and newer; the Kepler GPU has 3.7.",
                "  CUDA 12.4 needs driver 525.60.13 or newer; the driver here is R470 (CUDA 11.4).",
                "  CUDA 11.8 is the last release for Kepler.",
                "  --force goes on all the same.",
            ],
        ),
        (
            "12.4",
            "driver=570,cc=12.0",
            [
                "CUDA 12.4 will not run on the stated machine: it makes code for compute capability "
                "5.0 to 9.0; the Blackwell GPU has 12.0.",
                "  CUDA 12.8 is the first release for 12.0. The newest release that runs with this "
                "driver: CUDA 12.9.",
                "  --force goes on all the same.",
            ],
        ),
    ],
)
def test_what_cannot_run_is_stopped_before_anything_is_asked(
    conda: Conda, environment: Path, version: str, target: str, told: list[str]
) -> None:
    # No source is asked: none would answer here.
    before = listing(environment)
    result = conda.cuda("use", environment, version, "--for", target, "--dry-run", check=False)
    assert result.code == 1
    assert "\n".join(told) in result.err
    assert "Traceback" not in result.err
    assert listing(environment) == before


def test_the_same_for_machines(conda: Conda, environment: Path) -> None:
    words = ("13.0", "--for", "driver=470,cc=7.0", "--dry-run", "--json")
    result = conda.cuda("use", environment, *words, check=False)
    assert result.code == 1
    document = result.json
    assert document["exception_name"] == "CannotRunError"
    assert document["verdict"]["level"] == "cannot"
    assert [reason["id"] for reason in document["verdict"]["reasons"]] == [
        "gpu-too-old",
        "driver-too-old",
    ]
    assert document["machine"]["gpus"] == [{"name": None, "compute_capability": "7.0"}]
    assert document["hints"][-1] == "--force goes on all the same."


def test_the_plan_for_machines_holds_the_verdict(here: Conda, environment: Path) -> None:
    words = ("12.4", "--for", "driver=550.54.15,cc=8.9", "--dry-run", "--json")
    document = here.cuda("use", environment, *PYPI, *words).json
    verdict = document["plan"]["verdict"]
    assert (verdict["level"], verdict["reasons"]) == ("native", [])
    assert verdict["driver_needed"] == "550.54.15"
    assert verdict["driver_minimum"] == "525.60.13"
    assert document["plan"]["machine"]["driver"] == "550.54.15"
    assert document["plan"]["machine"]["stated"] is True


def test_a_range_is_judged_by_what_it_leads_to(here: Conda, environment: Path) -> None:
    words = ("latest", "--for", "driver=580,cc=7.0", "--dry-run")
    result = here.cuda("use", environment, *PYPI, *words, check=False)
    assert result.code == 1
    assert "CUDA 13.0.2 will not run on the stated machine" in result.err


def test_force_goes_on_and_a_switch_is_judged_too(here: Conda, environment: Path) -> None:
    volta = ("--for", "driver=580,cc=7.0")
    forced = here.cuda("use", environment, *PYPI, "13.0", *volta, "--force", "--yes")
    assert "verdict cannot: CUDA 13.0.2 makes code for" in " ".join(forced.out.split())
    assert os.readlink(environment / "cuda") == "cuda-13.0"
    # What is current already is no decision of today's; a warning is all.
    again = here.cuda("use", environment, "13.0", *volta)
    assert again.out.endswith("is current in one already.\n")
    assert again.err.startswith("warning: cannot: CUDA 13.0.2 makes code for")
    here.cuda("use", environment, *PYPI, "12.4", *volta, "--yes")
    stopped = here.cuda("use", environment, "13.0", *volta, check=False)
    assert (stopped.code, os.readlink(environment / "cuda")) == (1, "cuda-12.4")
    here.cuda("use", environment, "13.0", *volta, "--force")
    assert os.readlink(environment / "cuda") == "cuda-13.0"


def test_a_host_compiler_that_nvcc_refuses_is_in_the_plan(here: Conda, environment: Path) -> None:
    gcc = here.home / "gcc"
    gcc.write_text("#!/bin/sh\necho 99.1.0\n")
    gcc.chmod(0o755)
    words = ("--from", "pypi", "--components", "nvcc", "--dry-run", "--for", "driver=580,cc=9.0")
    result = here.cuda("use", environment, "13.0", *words, NVCC_CCBIN=str(gcc))
    assert f"compiler nvcc of CUDA 13.0 accepts gcc up to 15; {gcc} is 99.1.0." in " ".join(
        result.out.split()
    )


def test_what_is_unknown_never_stops(here: Conda, environment: Path) -> None:
    words = ("13.0", "--yes", "--json")
    result = here.cuda("use", environment, *PYPI, *words, CONDA_OVERRIDE_CUDA="")
    document = json.loads(result.out)
    assert document["plan"]["verdict"]["level"] == "unknown"
    assert document["installed"] is True


def test_condas_override_is_honoured(here: Conda, environment: Path) -> None:
    words = ("--dry-run", "--json")
    stated = {"CONDA_OVERRIDE_CUDA": "12.2", "CONDA_OVERRIDE_CUDA_ARCH": "8.6"}
    document = here.cuda("use", environment, *PYPI, "12.4", *words, **stated).json
    assert document["plan"]["verdict"]["level"] == "minor"
    assert document["plan"]["machine"]["gpus"][0]["compute_capability"] == "8.6"
    stated["CONDA_OVERRIDE_CUDA_ARCH"] = "7.0"
    assert here.cuda("use", environment, *PYPI, "13.0", *words, check=False, **stated).code == 1


@pytest.mark.parametrize(
    "text", ["driver=abc", "cc=nonsense", "driver=550,vgpu=L4", "cc=8.9,driver", "driver=\x00"[:-1]]
)
def test_bad_words_are_refused_with_an_example(conda: Conda, environment: Path, text: str) -> None:
    result = conda.cuda("use", environment, "12.4", "--for", text, "--dry-run", check=False)
    assert result.code == 2
    assert '--for "driver=550,cc=8.9"' in result.err
    assert "Traceback" not in result.err
