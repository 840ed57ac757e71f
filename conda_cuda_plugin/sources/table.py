"""The table of sources."""

from __future__ import annotations

from .base import Source
from .channel import ChannelSource
from .installed import InstalledSource
from .pypi import PypiSource
from .system import SystemSource

NAMES = ("channel", "pypi", "system", "environment")
"""What `--from` takes."""


def sources() -> dict[str, Source]:
    """Every source by name, in the order in which they are asked without `--from`."""
    found: tuple[Source, ...] = (InstalledSource(), ChannelSource(), PypiSource(), SystemSource())
    return {source.name: source for source in found}
