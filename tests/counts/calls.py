"""Counting what a command asks of the operating system."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")
_UNFINISHED = re.compile(r"<\.\.\. \w+ resumed>")


def traced(
    words: Sequence[str | Path], variables: Mapping[str, str], what: str, folder: Path
) -> list[str]:
    """The system calls of a command and its children, a line each.

    Args:
        words: the command, which has to succeed.
        variables: its environment variables.
        what: which calls, as strace's `-e trace=` has it.
        folder: where the trace is kept meanwhile.
    """
    strace = shutil.which("strace")
    if strace is None:
        if os.environ.get("CI"):
            pytest.fail("strace is not installed")
        pytest.skip("strace is not installed")
    trace = folder / "calls.trace"
    done = subprocess.run(
        [strace, "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", f"trace={what}",
         "-e", "signal=none", "-o", trace, *map(str, words)],
        env=dict(variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = trace.read_text(errors="replace").splitlines()
    return [line for line in lines if _CALL.match(line) and not _UNFINISHED.search(line)]


def starts_a_process(line: str) -> bool:
    """Whether a call is a fork or an exec; a thread is none."""
    calls = ("clone", "clone3", "fork", "vfork", "execve", "execveat")
    return name(line) in calls and "CLONE_THREAD" not in line


def name(line: str) -> str:
    """The name of the call in a line."""
    match = _CALL.match(line)
    assert match is not None
    return match[1]
