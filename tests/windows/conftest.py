from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from ..shells.conftest import need, rendered  # noqa: F401
from ..shells.shells import SHELLS
from .wine import Wine, serving, unpack_python


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    """cmd.exe and what belongs to it."""
    need(next(shell for shell in SHELLS if shell.name == "cmd"))
    prefix = tmp_path_factory.mktemp("wine")
    with serving(prefix):
        yield Wine(prefix)


@pytest.fixture(scope="session")
def windows(wine: Wine, tmp_path_factory: pytest.TempPathFactory) -> Wine:
    """The same, with a Python for Windows."""
    try:
        python = unpack_python(tmp_path_factory.mktemp("python for windows"))
    except subprocess.CalledProcessError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"a Python for Windows cannot be downloaded: {error.stderr[-200:]!r}")
    return Wine(wine.prefix, python)
