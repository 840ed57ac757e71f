"""A machine of files, with stand-ins for the driver's libraries."""

from __future__ import annotations

from pathlib import Path

import pytest

from .drivers import StandIns, Tree, compile_standins


@pytest.fixture(scope="session")
def standins(tmp_path_factory: pytest.TempPathFactory) -> StandIns:
    return compile_standins(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "root")
