"""The how-to for Slurm, read on a login node of a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..cluster.fleet import A100, H100
from ..cluster.nodes import NodeSpec
from ..cluster.slurm import Slurm, cluster
from .blocks import Block, blocks_of
from .checks import blocks, check
from .session import Session
from .world import World, open_session

_HOPPER = {
    "driver": "580.95.05",
    "cuda": 13000,
    "gpus": f"{H100};{H100}",
    "device": "h100",
    "options": "Feature=hopper",
}
NODES = (
    NodeSpec("gpu01", **_HOPPER),
    NodeSpec("gpu02", **_HOPPER),
    NodeSpec(
        "gpu03", driver="550.54.15", cuda=12040, gpus=A100, device="a100", shadow="12.1"
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """The reader's cluster."""
    with cluster(NODES, {"gpu": "gpu[01-03]"}) as found:
        yield found


@pytest.fixture(scope="module")
def read(
    world: World, address: str, reader_folder: Callable[[], Path], slurm: Slurm
) -> Callable[[str], Session]:
    """Reads the page once, on the cluster's login node."""
    done: dict[str, Session] = {}

    def read(page: str) -> Session:
        if page not in done:
            session = open_session(world, reader_folder(), address)
            # A node's /usr/local is its own, and no sandbox.
            del session.folders["/usr/local"]  # type: ignore[attr-defined]
            session.environ = {**session.environ, **slurm.variables}
            session.read(blocks_of(page))
            done[page] = session
        return done[page]

    return read


@blocks("docs/how-to/slurm.md")
def test_it_does_what_the_page_says(block: Block, read: Callable[[str], Session]) -> None:
    check(block, read)
