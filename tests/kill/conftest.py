from __future__ import annotations

from pathlib import Path

import pytest

from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..preload import compiled
from .killing import Killer

__all__ = ["cli_cache", "conda", "template", "two", "wheelhouse"]


@pytest.fixture(scope="session")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Killer:
    """What kills commands at a chosen moment."""
    source = Path(__file__).with_name("kill_at.c")
    return Killer(compiled(source, tmp_path_factory.mktemp("killer")))
