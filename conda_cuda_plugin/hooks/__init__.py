"""The activation hooks of an environment: what they are, and writing, removing, checking them.

The scripts themselves are the templates in ``activate.d`` and ``deactivate.d``: constant text,
because everything that differs between environments is read from ``$CONDA_PREFIX`` at run time.
"""

from __future__ import annotations

from .files import FORMAT_VERSION, HookStatus, check_prefix, remove, render, verify, write
from .shells import SHELLS, Direction, Shell, hook_path, shells_for

__all__ = [
    "FORMAT_VERSION",
    "SHELLS",
    "Direction",
    "HookStatus",
    "Shell",
    "check_prefix",
    "hook_path",
    "remove",
    "render",
    "shells_for",
    "verify",
    "write",
]
