"""A release in NVIDIA's layout, in a folder and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ...conftest import Conda
from ..redist_server import (
    RedistServer,
    serve,
    small_release,
    write_release,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the small release 12.4.1."""
    path = tmp_path / "redist"
    write_release(path, "12.4.1", small_release())
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[RedistServer]:
    """It on 127.0.0.1."""
    yield from serve(folder)


@pytest.fixture
def conda(conda: Conda, tmp_path: Path) -> Conda:
    """A conda with a package cache of its own that talks to 127.0.0.1 without a proxy."""
    conda.empty_cache(tmp_path / "pkgs")
    conda.variables["NO_PROXY"] = conda.variables["no_proxy"] = "127.0.0.1"
    return conda
