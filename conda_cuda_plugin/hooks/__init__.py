"""The activation hooks of an environment: their text, and writing, removing, checking them.

A prefix comes in; files below `etc/conda` and their status go out. Open `template.py` first: it
says how the text is made of the templates in ``activate.d`` and ``deactivate.d``.
"""

from __future__ import annotations

from .files import HookStatus, check_prefix, remove, status_of, verify, write
from .shells import ROOT_VARIABLES, SHELLS, Direction, Shell, hook_path, shells_for
from .template import FORMAT_VERSION, render

__all__ = [
    "FORMAT_VERSION",
    "ROOT_VARIABLES",
    "SHELLS",
    "Direction",
    "HookStatus",
    "Shell",
    "check_prefix",
    "hook_path",
    "remove",
    "render",
    "shells_for",
    "status_of",
    "verify",
    "write",
]
