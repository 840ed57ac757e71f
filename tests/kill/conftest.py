from __future__ import annotations

from pathlib import Path

import pytest

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..conftest import Conda
from ..preload import compiled
from ..warm import WarmConda
from .killing import Killer

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]


@pytest.fixture(scope="session")
def killer(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> Killer:
    """What kills commands at a chosen moment."""
    folder = tmp_path_factory.mktemp("killer")
    library = compiled(Path(__file__).with_name("kill_at.c"), folder)
    environ = Conda(conda_exe, folder).environ()
    return Killer(WarmConda(conda_exe, environ, {"LD_PRELOAD": str(library)}), folder)
