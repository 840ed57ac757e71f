"""What has to hold of a block, by its language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from ruamel.yaml import YAML

from .blocks import Block, blocks_of, pages
from .session import Session

RUN = ("bash", "console", "dockerfile")
INSTRUCTIONS = (
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "SHELL", "USER", "WORKDIR",
)  # fmt: skip


def blocks_below(*places: str) -> list[Block]:
    """The blocks of some pages, or of all pages of some folders."""
    return [
        block
        for page in pages()
        if any(page == place or page.startswith(f"{place}/") for place in places)
        for block in blocks_of(page)
    ]


def blocks(*places: str) -> pytest.MarkDecorator:
    """A test for each block of some pages."""
    return pytest.mark.parametrize("block", blocks_below(*places), ids=lambda block: block.name)


def check(block: Block, read: Callable[[str], Session]) -> None:
    """Fail the test when a block is not what it seems."""
    if block.language in RUN:
        read(block.page).check(block)
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "yaml":
        YAML(typ="safe").load(block.text)
    elif block.language == "python":
        compile(block.text, block.name, "exec")
    elif block.language == "dockerfile":
        for line in re.sub(r"\\\n", " ", block.text).splitlines():
            assert line.split(" ")[0] in INSTRUCTIONS, line
