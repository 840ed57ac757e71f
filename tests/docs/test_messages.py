"""The error messages, and the explanations."""

from __future__ import annotations

from collections.abc import Callable

from .blocks import Block
from .checks import blocks, check
from .session import Session


@blocks("docs/messages.md", "docs/how-it-works.md", "docs/verdicts.md", "docs/compare.md")
def test_it_does_what_the_page_says(block: Block, read: Callable[[str], Session]) -> None:
    check(block, read)
