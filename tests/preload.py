"""What the tests have in C: libraries that change what a command asks of the system, and small programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def _compile(*words: str | Path) -> None:
    if shutil.which("gcc") is None:
        if os.environ.get("CI"):
            pytest.fail("gcc is missing")
        pytest.skip("gcc is missing")
    subprocess.run(["gcc", "-O1", *words], check=True)


def compiled(source: Path, folder: Path) -> Path:
    """A library for LD_PRELOAD in a folder.

    Args:
        source: the file in C.
        folder: where to.
    """
    library = folder / f"{source.stem}.so"
    _compile("-shared", "-fPIC", "-o", library, source, "-ldl")
    return library


def program(source: Path, folder: Path, **texts: str) -> Path:
    """A program in a folder; static, so that it starts in half the time.

    Args:
        source: the file in C.
        folder: where to.
        texts: macros, each a string.
    """
    made = folder / source.stem
    macros = [f'-D{name}="{text}"' for name, text in texts.items()]
    _compile("-static", "-o", made, source, *macros)
    return made
