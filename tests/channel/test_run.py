"""`conda cuda run` under a toolkit whose packages brought more than CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .builder import Channels

pytestmark = pytest.mark.network


@pytest.fixture
def environment(conda: Any, environment: Path, channels: Channels) -> Path:
    """CUDA 10.2 is current, 12.4 with its compiler is installed too."""
    conda.cuda("use", environment, "12.4", "--flavor", "devel", "-c", channels.forge, "-y")
    conda.cuda("use", environment, "10.2", "-c", channels.forge, "-y")
    return environment


def test_the_tools_are_those_of_the_toolkit_that_was_named(conda: Any, environment: Path) -> None:
    words = ("--", "sh", "-c", "command -v nvcc; ptxas; echo $CUDA_HOME")
    shown = conda.cuda("run", environment, "12.4", *words).out.splitlines()
    root = environment / "cuda-12.4"
    # Frameworks take the folder above nvcc's own for the toolkit.
    assert Path(shown[0]).parent.parent == root
    assert shown[1].startswith("ptxas ")
    assert shown[2] == str(root)


def test_a_program_that_came_along_does_not_get_before_the_users(
    conda: Any, environment: Path, tmp_path: Path
) -> None:
    foreign = environment / "cuda-12.4" / "bin" / "openssl"
    assert foreign.is_file()
    mine = tmp_path / "openssl"
    mine.write_text("#!/bin/sh\necho of the user\n")
    mine.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    words = ("12.4", "--", "sh", "-c", "openssl")
    assert conda.cuda("run", environment, *words, PATH=path).out == "of the user\n"
