"""The how-tos for clusters, git, notebooks, and for what one has already."""

from __future__ import annotations

from collections.abc import Callable

from .blocks import Block
from .checks import blocks, check
from .session import Session


@blocks(
    "docs/how-to/offline.md",
    "docs/how-to/environment.md",
    "docs/how-to/git.md",
    "docs/how-to/notebooks.md",
    "docs/how-to/adopt.md",
    "docs/how-to/migrate.md",
)
def test_it_does_what_the_page_says(block: Block, read: Callable[[str], Session]) -> None:
    check(block, read)
