from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .asking import Asking
from .indexes import SUBDIRS, write_channels


@pytest.fixture(scope="session")
def real_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the real channels under their names."""
    root = tmp_path_factory.mktemp("real") / "channels"
    write_channels(root)
    return root


@pytest.fixture(scope="module")
def askings(
    module_conda: Any, real_channels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Asking]]:
    """A process for each platform."""
    cache = tmp_path_factory.mktemp("pkgs")
    (cache / "urls.txt").touch()
    module_conda.variables["CONDA_PKGS_DIRS"] = str(cache)
    prefix = module_conda.create(module_conda.envs / "one")
    found = {subdir: Asking(module_conda, real_channels, subdir, prefix) for subdir in SUBDIRS}
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(scope="module")
def linux(askings: dict[str, Asking]) -> Asking:
    """Plans for linux-64."""
    return askings["linux-64"]
