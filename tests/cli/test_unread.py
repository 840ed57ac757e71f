"""Output that nobody reads to its end: `conda cuda list --available | head -1`."""

from __future__ import annotations

import subprocess

import pytest

from ..conftest import Conda

COMMANDS = ("list --available --offline", "match torch", "match torch --json")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stderr-too"])
@pytest.mark.parametrize("command", COMMANDS)
def test_who_has_read_enough_may_go(
    conda: Conda, command: str, unbuffered: str, both: bool
) -> None:
    process = subprocess.Popen(
        [conda.exe, "cuda", *command.split()],
        env=conda.environ(PYTHONUNBUFFERED=unbuffered),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if both else subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    said = process.stderr.read() if process.stderr else b""
    assert (process.wait(60), b"Traceback" in said, b"Pipe" in said) == (141, False, False), said
