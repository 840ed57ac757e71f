"""The solver chooses packages for the GPUs and the driver that a toolkit is for.

With the solver of the conda under test: classic up to 24.7, rattler in the newest.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Conda
from ..machine.drivers import StandIns

CUDNN = ("12.4", "--from=channel", "-c=conda-forge", "--flavor=base", "--cudnn=9.10")
FAST = ("fast=1", "-c", "conda-forge", "--override-channels")
NEWEST = "12.0"
"""The newest `cuda-arch`, which is taken where nothing is known of GPUs."""

MACHINES: dict[str, tuple[dict[str, str], str, str, str]] = {
    # What the driver says or somebody states; cuda-arch; the builds of cuDNN and of fast.
    "7.5": ({"STANDIN_GPUS": "Tesla T4:7:5"}, "7.5", "arch75", "arch70"),
    "8.6 and 9.0": (
        {"STANDIN_GPUS": "NVIDIA H100:9:0;NVIDIA A40:8:6"}, "8.6", "arch75", "arch80",
    ),
    "9.0": ({"STANDIN_GPUS": "NVIDIA H100:9:0"}, "9.0", "arch90", "arch80"),
    "a driver and no GPU": ({"STANDIN_GPUS": ""}, NEWEST, "arch90", "arch80"),
    "no driver": ({"STANDIN_CUDA_INIT": "100", "STANDIN_NVML_INIT": "9", "STANDIN_CUDA": "0",
                   "STANDIN_DRIVER": ""}, NEWEST, "arch90", "arch80"),
    "stated": (
        {"STANDIN_GPUS": "NVIDIA H100:9:0", "CONDA_OVERRIDE_CUDA_ARCH": "7.5"},
        "7.5", "arch75", "arch70",
    ),
    "stated away": (
        {"STANDIN_GPUS": "Tesla T4:7:5", "CONDA_OVERRIDE_CUDA_ARCH": ""},
        NEWEST, "arch90", "arch80",
    ),
    "stated without a driver": (
        {"STANDIN_GPUS": "NVIDIA H100:9:0", "CONDA_OVERRIDE_CUDA": "", "CONDA_OVERRIDE_CUDA_ARCH": "7.5"},
        NEWEST, "arch90", "arch80",
    ),
}  # fmt: skip


def with_driver(driver: StandIns, said: dict[str, str]) -> dict[str, str]:
    """The variables of a machine with a driver that says something."""
    return {
        "LD_LIBRARY_PATH": str(driver.folder),
        "STANDIN_DRIVER": "550.54.15",
        "STANDIN_CUDA": "12040",
        **said,
    }


def planned(conda: Conda, prefix: Path, *words: str, **variables: str) -> dict[str, str]:
    """The packages that `use` would install, and their versions."""
    plan = conda.cuda("use", prefix, *words, "--dry-run", "--json", **variables).json["plan"]
    return {row["name"]: row["file"] for row in plan["install"]["packages"]}


@pytest.mark.parametrize("machine", MACHINES)
def test_use(machine: str, conda: Conda, environment: Path, driver: StandIns) -> None:
    said, arch, build, _ = MACHINES[machine]
    found = planned(conda, environment, *CUDNN, **with_driver(driver, said))
    assert found["cuda-arch"].startswith(f"cuda-arch-{arch}-")
    assert f"_{build}_" in found["cudnn"]


@pytest.mark.parametrize("machine", MACHINES)
def test_conda_create(
    machine: str, conda: Conda, driver: StandIns, holds_to_constraints: bool
) -> None:
    said, arch, _, build = MACHINES[machine]
    words = ("create", "-n", "x", *FAST, "--dry-run", "--json")
    found = conda(*words, check=False, **with_driver(driver, said)).json["actions"]["LINK"]
    rows = {row["name"]: row for row in found}
    # The classic solver takes the best build, and any machine for the one that it is for.
    assert rows["cuda-arch"]["version"] == (arch if holds_to_constraints else NEWEST)
    assert f"_{build if holds_to_constraints else 'arch80'}_" in rows["fast"]["build_string"]


@pytest.mark.parametrize(
    ("text", "arch", "build"),
    [
        ("driver=550,cc=7.5", "7.5", "arch75"),
        ("driver=550,cc=8.6+9.0", "8.6", "arch75"),
        ("h100,driver=550", "9.0", "arch90"),
        ("cuda=12.4", NEWEST, "arch90"),
        ("h100", "9.0", "arch90"),
        ("t4+h100", "7.5", "arch75"),
    ],
)
def test_use_for_another_machine(
    text: str, arch: str, build: str, conda: Conda, environment: Path, driver: StandIns
) -> None:
    here = with_driver(driver, {"STANDIN_GPUS": "Tesla V100:7:0", "STANDIN_CUDA": "11040"})
    here |= {"CONDA_OVERRIDE_CUDA_ARCH": "8.0"}
    found = planned(conda, environment, *CUDNN, "--for", text, **here)
    assert found["cuda-arch"].startswith(f"cuda-arch-{arch}-")
    assert f"_{build}_" in found["cudnn"]


def test_use_for_nodes_that_differ(conda: Conda, environment: Path, nodes: Path) -> None:
    found = planned(conda, environment, *CUDNN, "--for", str(nodes))
    assert found["cuda-arch"].startswith("cuda-arch-7.5-")
    assert "_arch75_" in found["cudnn"]


def test_use_for_nodes_one_of_which_does_not_say(
    conda: Conda, environment: Path, nodes: Path
) -> None:
    """What is known of the others holds all the same."""
    nodes.write_text(f"{nodes.read_text()}  - {{name: odd, gpus: [{{name: Odd, count: 1}}]}}\n")
    found = planned(conda, environment, *CUDNN, "--for", str(nodes))
    assert "_arch75_" in found["cudnn"]


def test_it_is_installed_as_planned(conda: Conda, environment: Path) -> None:
    conda.cuda("use", environment, *CUDNN, "--for=driver=550,cc=8.6", "--yes")
    found = [path.name for path in (environment / "cuda-12.4" / "conda-meta").glob("*.json")]
    assert "cuda-arch-8.6-0.json" in found
    assert any("_arch75_" in name for name in found)


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (("--for=driver=550,a100",), "compat"),
        (("--for=RTX 4090,driver=550", "--force"), "cannot"),
        (("--for=driver=580,cc=8.9",), "native"),
        (("--for=cc=8.9",), "unknown"),
    ],
)
def test_the_verdict_decides_about_the_driver(
    words: tuple[str, ...], level: str, conda: Conda, environment: Path
) -> None:
    """`cuda-version 13.0` constrains `__cuda >=13`."""
    words = ("13.0", *CUDNN[1:-1], *words, "--dry-run", "--json")
    plan = conda.cuda("use", environment, *words).json["plan"]
    assert (plan["origin"], plan["verdict"]["level"]) == ("channel", level)
