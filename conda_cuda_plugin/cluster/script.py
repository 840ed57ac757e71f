"""What is sent to a node, and the command there that takes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..machine.driver_library import PROBE as DRIVER_PROBE
from ..system.reading import read_text
from .probe import MARK, identity

PROBE = Path(__file__).with_name("probe.py")
NODE_LIMIT = 10
"""Seconds that a node may take for its answer once it has begun; some drivers need eight."""
_PYTHONS = ("python3", "python", "/usr/libexec/platform-python", "/usr/bin/python3")
"""RHEL 8 has a Python for its own programs at least."""


def command(nonce: str) -> str:
    """The text for `sh -c` that finds a Python on a node and lets it read the program.

    The first line that it prints says that the node is there, before anything reached it.
    It has no character that means anything within single quotes, in no shell.
    """
    fits = '"import sys; sys.exit(sys.version_info < (3, 6))"'
    return (
        f'echo {MARK} {nonce} launched "$SLURMD_NODENAME"; '
        f"for p in {' '.join(_PYTHONS)}; do "
        f'if "$p" -I -S -c {fits} </dev/null >/dev/null 2>&1; then exec "$p" -I -S -; fi; done; '
        f'echo {MARK} {nonce} none "$SLURMD_NODENAME"'
    )


def program(nonce: str, prefix: Path | None, limit: float = NODE_LIMIT) -> bytes:
    """The program for a node, to be sent to its standard input: ASCII.

    Args:
        nonce: what marks its lines.
        prefix: the environment to look for, if any.
        limit: seconds that it may take.
    """
    settings = {
        "nonce": nonce,
        "prefix": os.fspath(prefix) if prefix else "",
        "limit": limit,
        "driver_probe": read_text(DRIVER_PROBE),
    }
    call = f"\nmain(json.loads({json.dumps(settings)!r}))\n"
    return (read_text(PROBE) + call).encode("ascii")


def identity_of(prefix: Path | None) -> list[int] | None:
    """What tells the environment's folder from others on all machines; None without one."""
    try:
        return identity(os.fspath(prefix)) if prefix else None
    except OSError:
        return None
