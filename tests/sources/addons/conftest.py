"""A conda whose pip finds small wheels of toolkits and add-ons."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...conftest import Conda, _conda
from ..wheelhouse import only_folder, write_addons, write_releases


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small releases and the add-ons in one folder."""
    return write_addons(write_releases(tmp_path_factory.mktemp("wheels")))


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The variables with which pip finds nothing at all."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return only_folder(folder)


@pytest.fixture
def conda(conda_exe: Path, wheels: Path, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own, which holds no real wheel."""
    home, cache = tmp_path / "home", tmp_path / "pkgs"
    home.mkdir()
    cache.mkdir()
    (cache / "urls.txt").touch()
    found = _conda(conda_exe, home, cache)
    found.variables.update(only_folder(wheels))
    return found


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A toolkit of the machine, with cuDNN 8.9.7."""
    root = tmp_path / "cuda-12.4"
    for name, text in {
        "bin/nvcc": "",
        "include/cuda_runtime_api.h": "#define CUDART_VERSION 12040\n",
        "include/cudnn_version.h": "#define CUDNN_MAJOR 8\n#define CUDNN_MINOR 9\n"
        "#define CUDNN_PATCHLEVEL 7\n",
        "lib64/libcudart.so.12": "cudart",
        "lib64/libcudnn.so.8.9.7": "cudnn",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "lib64" / "libcudnn.so.8").symlink_to("libcudnn.so.8.9.7")
    return root
