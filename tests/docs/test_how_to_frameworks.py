"""The how-tos for frameworks and containers."""

from __future__ import annotations

from collections.abc import Callable

from .blocks import Block
from .checks import blocks, check
from .session import Session


@blocks(
    "docs/how-to/pytorch.md",
    "docs/how-to/tensorflow.md",
    "docs/how-to/torch-extension.md",
    "docs/how-to/docker.md",
)
def test_it_does_what_the_page_says(block: Block, read: Callable[[str], Session]) -> None:
    check(block, read)
