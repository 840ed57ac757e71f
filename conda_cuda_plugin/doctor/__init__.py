"""The doctor: rules with stable ids, each with evidence and a cure.

A `Context` (environment, shell, machine) comes in, `Finding`s go out; a finding's fix changes the
environment, nothing else does. Open `context.py` first, then any file of rules; `rules.py` asks
them all.
"""

from __future__ import annotations

from .context import Context, Finding, Severity
from .rules import RULES, Treatment, diagnose, treat
from .variables import left_behind

__all__ = [
    "RULES",
    "Context",
    "Finding",
    "Severity",
    "Treatment",
    "diagnose",
    "left_behind",
    "treat",
]
