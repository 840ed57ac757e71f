"""The table of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Source

NAMES = ("channel", "pypi", "redist", "runfile", "system", "environment")
"""What `--from` takes."""
ORDER = ("environment", "channel", "pypi", "system")
"""The sources that are asked without `--from`; the setting cuda_sources overrides it."""


def sources() -> dict[str, Source]:
    """Every source by name, in the order in which they are asked without `--from`."""
    # The table is read whenever options are parsed; the sources only when one is asked.
    from .channel import ChannelSource
    from .installed import InstalledSource
    from .pypi import PypiSource
    from .redist.source import RedistSource
    from .runfile.source import RunfileSource
    from .system import SystemSource

    found: tuple[Source, ...] = (
        InstalledSource(),
        ChannelSource(),
        PypiSource(),
        RedistSource(),
        RunfileSource(),
        SystemSource(),
    )
    return {source.name: source for source in found}
