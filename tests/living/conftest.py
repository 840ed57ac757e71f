from __future__ import annotations

from pathlib import Path

import pytest

from ..channel.conftest import shell_setup
from ..cli.conftest import cli_cache, conda, template, two, wheelhouse
from ..preload import compiled

__all__ = ["cli_cache", "conda", "shell_setup", "template", "two", "wheelhouse"]


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a folder behave like an odd file system."""
    return compiled(Path(__file__).with_name("odd_fs.c"), tmp_path_factory.mktemp("odd"))
