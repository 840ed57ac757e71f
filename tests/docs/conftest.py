from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ..sources.web import serve
from .blocks import blocks_of
from .session import Session
from .world import World, make_world, open_session


@pytest.fixture(scope="session")
def world(conda_exe: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The machine on which the pages are read; made once, also for several workers."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, made = base / "docs-world", base / "docs-world.made"
    with open(base / "docs-world.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return World(folder)
        shutil.rmtree(folder, ignore_errors=True)
        world = make_world(folder, conda_exe)
        made.touch()
    return world


@pytest.fixture(scope="session")
def address(world: World) -> Iterator[str]:
    """Where the index for pip is served."""
    with serve(world.web) as address:
        yield address


@pytest.fixture(scope="module")
def reader_folder() -> Iterator[Callable[[], Path]]:
    """Makes folders with short paths, as people's home folders have: long ones break lines."""
    with contextlib.ExitStack() as stack:

        def make() -> Path:
            return Path(stack.enter_context(TemporaryDirectory(prefix="d", dir="/tmp")))

        yield make


@pytest.fixture(scope="module")
def read(world: World, address: str, reader_folder: Callable[[], Path]) -> Callable[[str], Session]:
    """Reads a page in a sandbox of its own, once."""
    done: dict[str, Session] = {}

    def read(page: str) -> Session:
        if page not in done:
            done[page] = open_session(world, reader_folder(), address)
            done[page].read(blocks_of(page))
            assert not list(world.base.glob("cuda*")), f"{page} changed conda's base"
        return done[page]

    return read
