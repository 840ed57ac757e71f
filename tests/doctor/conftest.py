from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_releases
from .patients import Sick, copy_environment


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small wheels of some releases."""
    return write_releases(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def clinic(
    conda_exe: Path, package_cache: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Conda:
    """A conda that takes toolkits from the small wheels."""
    home = tmp_path_factory.mktemp("clinic")
    (home / "envs").mkdir()
    (home / "condarc.yml").write_text("channels: []\ndefault_channels: []\n")
    return Conda(exe=conda_exe, home=home, variables={
        "CONDA_PKGS_DIRS": str(package_cache), **only_folder(wheels)
    })  # fmt: skip


@pytest.fixture(scope="session")
def pristine(clinic: Conda) -> Path:
    """A real environment with CUDA 13.0 current and 12.4 beside it."""
    prefix = clinic.envs / "pristine"
    clinic("create", "-y", "-q", "-p", prefix, "--offline")
    for release, components in (("12.4", "cudart"), ("13.0", "nvcc")):
        clinic.cuda(
            "use", prefix, release, "--from", "pypi", "--components", components, "-y", "-q"
        )
    return prefix


@pytest.fixture
def sick(pristine: Path, tmp_path: Path) -> Sick:
    """A copy of that environment, not active anywhere."""
    home = tmp_path / "person"
    home.mkdir()
    return Sick(copy_environment(pristine, tmp_path / "mine"), home)


@pytest.fixture
def active(sick: Sick) -> Sick:
    """A copy of that environment, active in a shell."""
    sick.activate()
    return sick
