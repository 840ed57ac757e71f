"""What `make recipe` has built; tests that look at it are left out without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..cli.conftest import _with_wheels, cli_cache, wheelhouse
from ..conftest import Conda

__all__ = ["cli_cache", "wheelhouse"]


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder that tests/recipe/build.py has filled."""
    named = os.environ.get("RECIPE_BUILT")
    if named is None:
        pytest.skip("make recipe builds what this looks at")
    return Path(named).absolute()


@pytest.fixture(params=["package", "wheel", "sdist"])
def conda(
    request: pytest.FixtureRequest, built: Path, cli_cache: Path, wheelhouse: Path, tmp_path: Path
) -> Conda:
    """The conda that has the conda package, the wheel or the sdist; its pip finds small wheels."""
    home = tmp_path / "home"
    home.mkdir()
    return _with_wheels(built / request.param / "bin" / "conda", home, cli_cache, wheelhouse)
