"""README.md, copied literally, on a machine that has python, git, gcc, and a conda without plugin.

The home folder is empty, pip is configured as the machine has it, PATH holds the system's folders
and the programs that make this machine one with a GPU. The channels lie in folders.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import shell_function
from .blocks import PROJECT, Block, blocks_of
from .checks import blocks, check
from .session import Session
from .world import World, copy_base, open_session

LEFT_OUT = shutil.ignore_patterns(".git", ".hypothesis", "__pycache__", "*_cache")
pytestmark = pytest.mark.network


def not_in_a_checkout(folder: str, names: list[str]) -> set[str]:
    """What git ignores: the package has a folder named build, too."""
    built = {"build", "dist"} if Path(folder) == PROJECT else set()
    return LEFT_OUT(folder, names) | built


@pytest.fixture(scope="module")
def reader(
    conda_exe: Path, world: World, address: str, reader_folder: Callable[[], Path]
) -> Session:
    """README.md, read from top to bottom in a checkout."""
    folder = reader_folder()
    conda = copy_base(conda_exe, folder / "base", plugin=False)
    assert not list((folder / "base").rglob("*conda_cuda*"))
    session = open_session(world, folder, address, own_pip=True)
    session.setup = folder / "conda.sh"
    session.setup.write_text(shell_function(conda))
    programs = folder / "programs"
    programs.mkdir()
    shutil.copy(world.programs / "nvidia-smi", programs)
    (programs / "conda").symlink_to(conda)
    session.environ = {**session.environ, "PATH": f"{programs}:/usr/bin:/bin"}
    checkout = session.home / "conda-cuda"
    shutil.copytree(PROJECT, checkout, ignore=not_in_a_checkout)
    session.start = checkout
    session.read(blocks_of("README.md"))
    return session


@blocks("README.md")
def test_it_does_what_it_says(block: Block, reader: Session) -> None:
    check(block, lambda _: reader)
