"""A conda with a small channel, whose pip finds small wheels of CUDA in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Conda, _conda
from ..sources.wheelhouse import only_folder, write_addons, write_releases, write_wheel
from .small_channel import small_channel


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Releases of CUDA, cuDNN, and a package for pip."""
    folder = write_addons(write_releases(tmp_path_factory.mktemp("wheels")))
    write_wheel(folder, "small", "1.0", {"small.py": b"answer = 42\n"}, tag="py3-none-any")
    return folder


@pytest.fixture(scope="session")
def channel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the channel."""
    return small_channel(tmp_path_factory.mktemp("channels") / "small").as_uri()


@pytest.fixture(scope="session")
def yaml_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package cache for these tests."""
    cache = tmp_path_factory.mktemp("yaml-pkgs")
    (cache / "urls.txt").touch()
    return cache


@pytest.fixture
def conda(conda_exe: Path, yaml_cache: Path, wheels: Path, tmp_path: Path) -> Conda:
    home = tmp_path / "home"
    home.mkdir()
    conda = _conda(conda_exe, home, yaml_cache)
    conda.variables.update(only_folder(wheels))
    return conda


@pytest.fixture
def project(tmp_path: Path, channel: str) -> Path:
    """The folder of somebody's work, with the file of its environment."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "environment.yml").write_text(
        f"""\
# The environment of our work.
name: work   # as everybody calls it

channels:
  - {channel}
dependencies:
  # says hello
  - greeting=1.0   # not 2.0 yet
  - reader

# What the kernels are built with.
cuda:
  version: 12.4   # the cluster's driver
  flavor: base
  source: pypi
  addons:
    cudnn: 9.1
"""
    )
    return folder
