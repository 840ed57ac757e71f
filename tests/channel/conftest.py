from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import shell_function
from .builder import Channels, build_channels
from .shell import Shell


@pytest.fixture(scope="session")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Channels:
    """The channels, built once for the whole run."""
    return build_channels(tmp_path_factory.mktemp("cuda channels"))


def _at_home(conda: Any, channels: Channels) -> Any:
    """Let plain channel names lead to the built channels, and have a driver that runs all."""
    condarc = conda.home / "condarc.yml"
    # As by default, conda keeps a list of environments in the home folder.
    more = f"channel_alias: {channels.alias}\nregister_envs: true\n"
    condarc.write_text(condarc.read_text() + more)
    conda.variables["CONDA_OVERRIDE_CUDA"] = "13.0"
    conda.variables["NO_PROXY"] = conda.variables["no_proxy"] = "127.0.0.1"
    return conda


@pytest.fixture
def conda(conda: Any, channels: Channels) -> Any:
    """A conda for one test that knows the built channels by name."""
    return _at_home(conda, channels)


@pytest.fixture(scope="module")
def module_conda(module_conda: Any, channels: Channels) -> Any:
    """A conda for the tests of one file that knows the built channels by name."""
    return _at_home(module_conda, channels)


@pytest.fixture(scope="session")
def shell_setup(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """conda's shell function in a file, without the activation of base that follows it."""
    path = tmp_path_factory.mktemp("shell") / "conda.sh"
    path.write_text(shell_function(conda_exe))
    return path


@pytest.fixture
def shell(conda: Any, channels: Channels, shell_setup: Path) -> Shell:
    """bash for one test."""
    return Shell(conda, shell_setup, channels.probe)


@pytest.fixture(scope="module")
def module_shell(module_conda: Any, channels: Channels, shell_setup: Path) -> Shell:
    """bash for the tests of one file that share environments."""
    return Shell(module_conda, shell_setup, channels.probe)
