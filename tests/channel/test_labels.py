"""nvcc of CUDA 11 exists in conda packages only under NVIDIA's labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .shell import Shell
from .tree import names

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    ("words", "flavor", "more"),
    [
        (("--flavor", "devel"), "devel", {"libcublas", "cuda-nvrtc"}),
        # These packages do not say what they need.
        (("--components", "nvcc"), None, set()),
    ],
    ids=["flavor", "components"],
)
def test_the_compiler_of_a_release_comes_from_its_label(
    words: tuple[str, ...], flavor: str | None, more: set[str], conda: Any, environment: Path
) -> None:
    plan = conda.cuda("use", environment, "11.8", *words, "--dry-run", "--json").json["plan"]
    install = plan["install"]
    assert (plan["version"], plan["origin"]) == ("11.8.0", "channel")
    assert (install["from"], install["flavor"]) == ("nvidia/label/cuda-11.8.0", flavor)
    versions = {package["name"]: package["version"] for package in install["packages"]}
    parts = {"cuda-nvcc", "cuda-cudart", "cuda-cudart-dev", "cuda-cccl"}
    lists = {name for name in versions if versions[name] == "11.8.0"}
    assert set(versions) - lists == parts | more
    # The channel itself has a newer compiler, which would fit the parts' dependencies as well.
    assert versions["cuda-nvcc"] == versions["cuda-cudart"] == "11.8.89"


def test_the_classic_folders_of_these_packages_become_the_toolkit(
    conda: Any, environment: Path, shell: Shell
) -> None:
    conda.cuda("use", environment, "11.8", "--flavor", "devel", "-y")
    root = environment / "cuda-11.8"
    assert names(root / "lib64") == {
        *("libcudart.so", "libcudart.so.11.0", "libcudart.so.11.8.89", "libcudart_static.a"),
        *("libcublas.so.11", "libnvrtc.so.11.2"),
    }
    assert {"cuda_runtime.h", "cub"} <= names(root / "include")
    assert names(environment / "bin") == {"nvcc", "ptxas"}
    found = shell.lines(environment, 'nvcc --version; "$PROBE" libcudart.so.11.0 libcuda.so.1')
    assert found[0] == "Cuda compilation tools, release 11.8, V11.8.89"
    assert found[1].endswith(f" {environment}/cuda/lib64/libcudart.so.11.0")


def test_without_a_compiler_the_one_package_is_enough(conda: Any, environment: Path) -> None:
    plan = conda.cuda("use", environment, "11.8", "--dry-run", "--json").json["plan"]
    assert plan["install"]["from"] == "conda-forge"
    assert "cudatoolkit" in {package["name"] for package in plan["install"]["packages"]}
