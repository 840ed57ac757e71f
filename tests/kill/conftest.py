from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from .killing import Killer

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]


@pytest.fixture(scope="session")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Killer:
    """What kills commands at a chosen moment."""
    if shutil.which("gcc") is None:
        if os.environ.get("CI"):
            pytest.fail("gcc is missing")
        pytest.skip("gcc is missing")
    return Killer.build(tmp_path_factory.mktemp("killer"))


@pytest.fixture
def own_cache(conda, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """A package cache of its own, so that its changes count too."""
    cache = tmp_path / "pkgs"
    cache.mkdir()
    (cache / "urls.txt").touch()
    conda.variables["CONDA_PKGS_DIRS"] = str(cache)
    return cache
