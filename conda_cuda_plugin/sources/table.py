"""The table of sources."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Source

NAMES = ("channel", "pypi", "redist", "runfile", "system", "environment")
"""What `--from` takes."""
ORDER = ("environment", "channel", "pypi", "system")
"""The sources that are asked without `--from`; the setting cuda_sources overrides it."""


_WHERE = {
    "channel": ("channel.source", "ChannelSource"),
    "pypi": ("pypi.source", "PypiSource"),
    "redist": ("redist.source", "RedistSource"),
    "runfile": ("runfile.source", "RunfileSource"),
    "system": ("system", "SystemSource"),
    "environment": ("installed", "InstalledSource"),
}


def source(name: str) -> Source:
    """One of the sources in NAMES."""
    # Each costs milliseconds to import, and most commands ask one of them.
    module, kind = _WHERE[name]
    found: Source = getattr(import_module(f".{module}", __package__), kind)()
    return found
