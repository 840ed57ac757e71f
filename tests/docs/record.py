"""Run the commands of docs/demo/session.txt, write what they print now, and draw the picture.

usage: build/venv/bin/python -m tests.docs.record
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .. import conftest
from ..sources.web import serve
from .blocks import DOCS, Block, steps_of
from .world import make_world, open_session

SESSION = DOCS / "demo" / "session.txt"
PICTURE = DOCS / "images" / "session.svg"
BEFORE = "export COLUMNS=60\nconda create --yes --quiet --name train python=3.12"


def session_block() -> Block:
    """The session as a block of a page."""
    text = SESSION.read_text()
    # What the shown error ends with: the library is not found.
    codes = tuple(
        1 if "conda cuda which" in line else 0
        for line in text.splitlines()
        if line.startswith("$ ")
    )
    return Block("docs/demo/session.txt", 1, "console", text, None, codes, BEFORE)


def main() -> None:
    block = session_block()
    with tempfile.TemporaryDirectory(prefix="d", dir="/tmp") as folder:
        world = make_world(Path(folder, "world"), conftest._conda_under_test())
        with serve(world.web) as address:
            session = open_session(world, Path(folder), address)
            session.read([block])
            lines = []
            for step, printed in zip(steps_of(block), session.found[block.name], strict=True):
                if printed.code != printed.wanted:
                    sys.exit(f"$ {printed.command}\n{printed.text}")
                lines += [f"$ {step.command}", *session.there(printed.text).splitlines()]
    text = "\n".join(line for line in lines if line.strip())
    SESSION.write_text(text + "\n")
    drawing = DOCS / "demo" / "picture.py"
    subprocess.run([sys.executable, drawing, SESSION, PICTURE], check=True)


if __name__ == "__main__":
    main()
