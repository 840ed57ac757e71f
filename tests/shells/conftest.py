from __future__ import annotations

import os
from pathlib import Path

import pytest

from conda_cuda_plugin.hooks import SHELLS as HOOK_SHELLS
from conda_cuda_plugin.hooks import Direction, render

from .shells import RealShell


def need(shell: RealShell) -> None:
    """Skips where a shell is missing on a laptop, fails where it is missing in CI."""
    if shell.path() is not None:
        return
    message = f"{shell.name} is not installed ({shell.comes_from})"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """The hook files by extension and direction (``activate``, ``deactivate``)."""
    folder = tmp_path_factory.mktemp("rendered")
    files: dict[str, dict[str, Path]] = {}
    for shell in HOOK_SHELLS:
        for direction in Direction:
            path = folder / (direction.name.lower() + shell.extension)
            path.write_bytes(render(shell, direction))
            files.setdefault(shell.extension[1:], {})[direction.name.lower()] = path
    files["xonsh"] = files["sh"]
    return files
