"""frameworks.json from an index and from the frameworks' own build files, all made up here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import PROJECT, Conda
from ..sources.wheelhouse import only_folder, write_releases, write_wheel
from .test_refresh import Result, data, refresh

__all__ = ["data"]

NAME = "frameworks.json"
TABLE: dict[str, Any] = {
    "sources": {"torch": "somebody, read 2001-02"},
    "torch": {
        "releases": {
            "9.2.0": {"pypi": "12.4", "cudnn": "9.1.0.70"},
            "9.1.0": {"pypi": "12.4", "wheels": {"11.8": None, "12.4": "9.1.0.70"}},
        },
        "architectures": [{"releases": ">=9,<9.2", "cuda": ["12.4"], "x86_64": "5.0 9.0"}],
    },
    "tensorflow": {"releases": {"9.1": {"min_cc": "5.0"}}},
    "jax": {
        "releases": ["0.9.1"],
        "rules": [{"releases": ">=0.9", "extra": "cuda12", "cuda": ">=12.1,<13", "cudnn": ">=9.8"}],
        "oldest": {"12": {"0.9.1": "5.2"}},
    },
}
"""As frameworks.json is built, with releases that are nobody's."""

STABLE = """
CUDA_ARCHES_DICT = {"nightly": ["13.4"], "release": ["11.8", "12.4", "13.0"]}
CURRENT_STABLE_VERSION: str = "9.2.0"
CUDA_ARCHES = CUDA_ARCHES_DICT["nightly"]
"""
MATRIX = """
import os
os.system("touch executed")
PYTORCH_EXTRA_INSTALL_REQUIREMENTS = {
    "11.8": (
        "nvidia-cublas-cu11==11.1; platform_system == 'Linux' | "
        "nvidia-cudnn-cu11==9.1.0.70; platform_system == 'Linux' and platform_machine == 'x86_64'"
    ),
    "13.0": "cuda-toolkit[nvrtc]==13.0.3; platform_system == 'Linux' | nvidia-cudnn-cu13==9.24.0.43",
    "xpu": "intel-sycl-rt==1",
}
"""
SCRIPT = """
TORCH_CUDA_ARCH_LIST="5.0;9.0"
case ${CUDA_VERSION} in
    12.4 | 12.6)
        if [[ "$GPU_ARCH_TYPE" = "cuda-aarch64" ]]; then
            TORCH_CUDA_ARCH_LIST="9.0"
        else
            TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST}"
        fi
        ;;
    11.[78])
        TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST};3.7+PTX"
        if [[ "$PACKAGE_TYPE" == "libtorch" ]]; then
            TORCH_CUDA_ARCH_LIST="9.0"
        fi
        ;;
esac
TORCH_CUDA_ARCH_LIST="1.0"
"""
JAX = """
common:cuda_v12 --repo_env HERMETIC_CUDA_COMPUTE_CAPABILITIES="sm_50,sm_90,compute_120"
common:cuda_v13 --repo_env HERMETIC_CUDA_COMPUTE_CAPABILITIES="sm_75,compute_120"
"""
TENSORFLOW = "build_info = OrderedDict([('cuda_compute_capabilities', ['sm_60', 'compute_90'])])"


@pytest.fixture
def table(data: Path) -> Path:
    """The data file."""
    path = data / NAME
    path.write_text(json.dumps(TABLE, indent=2) + "\n")
    return path


def read_page(conda: Conda, table: Path, page: str, *words: str) -> Result:
    """Read a page into the table."""
    saved = table.parent.parent / "page"
    saved.write_text(page)
    return refresh(conda, table.parent, NAME, "--page", f"{NAME}={saved}", "--write", *words)


@pytest.mark.parametrize(
    ("page", "release", "where", "expected"),
    [
        pytest.param(
            STABLE, None, ("torch", "releases", "9.2.0"),
            {
                "pypi": "12.4", "cudnn": "9.1.0.70",
                "wheels": {"11.8": None, "12.4": "9.1.0.70", "13.0": None},
            },
            id="the variants of the stable release",
        ),
        pytest.param(
            MATRIX, "9.1.0", ("torch", "releases", "9.1.0", "wheels"),
            {"11.8": "9.1.0.70", "12.4": "9.1.0.70", "13.0": "9.24.0.43"},
            id="the cuDNN of each variant",
        ),
        pytest.param(
            MATRIX, "9.3.0", ("torch", "releases", "9.3.0"),
            {"wheels": {"11.8": "9.1.0.70", "13.0": "9.24.0.43"}}, id="a new release",
        ),
        pytest.param(
            SCRIPT, "9.1.0", ("torch", "architectures"),
            [
                {"releases": "==9.1.0", "cuda": ["11.8"], "x86_64": "3.7+PTX 5.0 9.0"},
                {"releases": ">=9,<9.2", "cuda": ["12.4"], "x86_64": "5.0 9.0", "aarch64": "9.0"},
            ],
            id="the code of each variant",
        ),
        pytest.param(
            JAX, "0.9.2", ("jax", "oldest"),
            {"12": {"0.9.1": "5.2", "0.9.2": "5.0"}, "13": {"0.9.2": "7.5"}}, id="JAX",
        ),
        pytest.param(
            TENSORFLOW, "9.1.3", ("tensorflow", "releases", "9.1", "min_cc"), "6.0", id="TensorFlow"
        ),
    ],
)  # fmt: skip
def test_build_files(
    page: str, release: str | None, where: tuple[str, ...], expected: Any, conda: Conda, table: Path
) -> None:
    words = ("--release", release) if release else ()
    shown = read_page(conda, table, page, *words)
    assert (shown.code, shown.err) == (0, "")
    found = json.loads(table.read_text())
    for key in where:
        found = found[key]
    assert found == expected
    # The page is data.
    assert not (PROJECT / "executed").exists()
    assert read_page(conda, table, page, *words).out == f"{NAME}: no difference\n"


@pytest.mark.parametrize(
    ("page", "words", "told"),
    [
        ("<html>404</html>", ("--release", "9.1.0"), "does not hold what a build file"),
        (MATRIX, (), "does not say which release it is of: --release X.Y.Z"),
        (SCRIPT, ("--release", "9.9.9"), "does not hold a variant of PyTorch 9.9.9"),
        (SCRIPT.replace("5.0;9.0", "6.0;9.0"), ("--release", "9.1.0"), "9.1.0 of CUDA 12.4 has"),
        (SCRIPT.replace('"9.0"', '"$(id)"'), ("--release", "9.1.0"), "a list that cannot be read"),
        (TENSORFLOW, ("--release", "9.9.0"), "TensorFlow 9.9 is not in the table"),
    ],
    ids=["another page", "no release", "no variants", "known otherwise", "a command", "no row"],
)
def test_what_cannot_be_read_is_said_and_nothing_written(
    page: str, words: tuple[str, ...], told: str, conda: Conda, table: Path
) -> None:
    before = table.read_text()
    shown = read_page(conda, table, page, *words)
    assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert told in shown.err
    assert table.read_text() == before


def test_new_releases_come_from_the_index(conda: Conda, table: Path, tmp_path: Path) -> None:
    wheels = write_releases(tmp_path / "wheels", "12.4.1")
    linux = "; platform_system == 'Linux'"
    pins = [f"nvidia-cuda-runtime-cu12==12.4.127{linux}", f"nvidia-cudnn-cu12==9.9.9.9{linux}"]
    write_wheel(wheels, "torch", "9.3.0", requires=pins)
    write_wheel(wheels, "torch", "9.4.0")
    for version, cudnn in (("0.9.2", "9.8"), ("0.9.3", "9.12")):
        plugin = f"jax-cuda12-plugin[with-cuda]=={version}; extra == 'cuda12'"
        write_wheel(wheels, "jax", version, requires=[plugin], tag="py3-none-any")
        pins = ["nvidia-cuda-runtime-cu12>=12.1.105; extra == 'with-cuda'",
                f"nvidia-cudnn-cu12<10,>={cudnn}; extra == 'with-cuda'"]  # fmt: skip
        write_wheel(wheels, "jax-cuda12-plugin", version, requires=pins)
    shown = refresh(conda, table.parent, NAME, "--write", **only_folder(wheels))
    assert (shown.code, shown.err) == (0, "")
    assert "  ! torch 9.4.0 requires no CUDA that is known" in shown.out
    assert (
        "  ! jax 0.9.3[cuda12] wants CUDA >=12.1 and cuDNN >=9.12, and its rule says >=12.1 and >=9.8"
        in shown.out
    )
    found = json.loads(table.read_text())
    assert list(found["torch"]["releases"]) == ["9.3.0", "9.2.0", "9.1.0"]
    assert found["torch"]["releases"]["9.3.0"] == {"pypi": "12.4", "cudnn": "9.9.9.9"}
    assert found["jax"]["releases"] == ["0.9.3", "0.9.2", "0.9.1"]
