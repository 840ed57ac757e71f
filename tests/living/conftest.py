from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ..channel.conftest import shell_setup
from ..cli.conftest import cli_cache, conda, template, two, wheelhouse

__all__ = ["cli_cache", "conda", "shell_setup", "template", "two", "wheelhouse"]


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes a folder behave like an odd file system."""
    if shutil.which("gcc") is None:
        if os.environ.get("CI"):
            pytest.fail("gcc is missing")
        pytest.skip("gcc is missing")
    library = tmp_path_factory.mktemp("odd") / "odd_fs.so"
    source = Path(__file__).with_name("odd_fs.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
