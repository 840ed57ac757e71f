"""Showing what a user typed, whatever it is."""

from __future__ import annotations


def quoted(text: str, limit: int = 60) -> str:
    """Text in quotes on one line: control characters escaped, and cut when it is long."""
    shown = text if len(text) <= limit else f"{text[:limit]}..."
    return repr(shown)
