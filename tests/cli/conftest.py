"""A conda whose pip finds small wheels in a folder, so that whole commands run in a second."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ..conftest import Conda, _conda
from ..sources.wheelhouse import only_folder, write_releases


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The releases 11.8.0, 12.4.1 and 13.0.2 as wheels with next to nothing in them."""
    return write_releases(tmp_path_factory.mktemp("wheelhouse"))


@pytest.fixture(scope="session")
def cli_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package cache apart from the real wheels'."""
    cache = tmp_path_factory.mktemp("cli-pkgs")
    (cache / "urls.txt").touch()
    return cache


def _with_wheels(exe: Path, home: Path, cache: Path, wheels: Path) -> Conda:
    conda = _conda(exe, home, cache)
    conda.variables.update(only_folder(wheels))
    return conda


@pytest.fixture
def conda(conda_exe: Path, cli_cache: Path, wheelhouse: Path, tmp_path: Path) -> Conda:
    home = tmp_path / "home"
    home.mkdir()
    return _with_wheels(conda_exe, home, cli_cache, wheelhouse)


@pytest.fixture(scope="session")
def template(
    conda_exe: Path, cli_cache: Path, wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with 13.0 (nvcc) and 12.4 (the runtime), of which 12.4 is current."""
    conda = _with_wheels(conda_exe, tmp_path_factory.mktemp("home"), cli_cache, wheelhouse)
    prefix = conda.create(conda.envs / "two")
    conda.cuda("use", prefix, "13.0", "--from=pypi", "--components=nvcc", "-y")
    conda.cuda("use", prefix, "12.4", "--from=pypi", "--flavor=base", "-y")
    return prefix


@pytest.fixture
def two(conda: Conda, template: Path) -> Path:
    """A copy of that environment: it may be moved and copied, since nothing in it is absolute."""
    prefix = conda.envs / "two"
    shutil.copytree(template, prefix, symlinks=True)
    return prefix
