"""The first steps, and the pages to look things up in."""

from __future__ import annotations

from collections.abc import Callable

from .blocks import Block
from .checks import blocks, check
from .session import Session


@blocks(
    "docs/index.md",
    "docs/quick-start.md",
    "docs/commands.md",
    "docs/doctor.md",
    "docs/files.md",
    "docs/settings.md",
    "docs/json.md",
    "docs/virtual-packages.md",
)
def test_it_does_what_the_page_says(block: Block, read: Callable[[str], Session]) -> None:
    check(block, read)
