from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import _conda
from .world import World, build_world


@pytest.fixture(scope="session")
def world(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The sources of these tests, built once for all of them."""
    home = tmp_path_factory.mktemp("home")
    conda = _conda(conda_exe, home, home)
    return build_world(conda, tmp_path_factory.mktemp("cures"))
