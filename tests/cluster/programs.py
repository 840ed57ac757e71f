"""The programs that these tests need: a missing one is a skip on a laptop and a failure in CI."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
"""Daemons lie where only root looks."""


def need(*programs: str) -> list[str]:
    """The paths of some programs, without which the test cannot run."""
    found = {program: shutil.which(program, path=SYSTEM_PATH) for program in programs}
    missing = [program for program, path in found.items() if path is None]
    if missing:
        _without(f"missing: {', '.join(missing)}")
    return [path for path in found.values() if path is not None]


def need_mounts() -> None:
    """Nodes have file systems and processes of their own, which root alone can give them."""
    words = ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "true"]
    tried = subprocess.run(words, capture_output=True, text=True)
    if tried.returncode:
        _without(f"nothing can be mounted here: {tried.stderr}")


def _without(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_ports(count: int) -> list[int]:
    """Ports on which nobody listens now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for(true: Callable[[], object], what: str, log: Path | None = None) -> None:
    """Wait until something holds; it has to within a minute."""
    deadline = time.monotonic() + 60
    while not true():
        if time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-2000:] if log and log.exists() else ""
            raise AssertionError(f"not within a minute: {what}\n{said}")
        time.sleep(0.05)


@contextlib.contextmanager
def daemon(*words: str | Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the end of the block, or of the tests, however these end."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        # Frozen ones too.
        for number in (signal.SIGTERM, signal.SIGCONT):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
