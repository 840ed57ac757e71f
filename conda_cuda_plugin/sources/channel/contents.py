"""What channels have for a platform, read from their indexes without a solver."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from conda.base.context import context

from ...packages.channel_records import Row, is_at_hand, meets, rows_named, spec_of
from ...system.conda_compat import is_on_this_machine
from ...versions import begins_with
from ..base import NotOffered
from .refusals import refusal_of

TIE = "cuda-version"
"""The package that ties the parts of a release together on conda-forge."""
_SYSTEMS = {"linux": ("__linux", "__unix"), "osx": ("__osx", "__unix"), "win": ("__win",)}
"""The virtual packages of each system, by the beginning of its platforms."""


class ChannelContents:
    """The packages of one channel for one platform; each name is looked up once."""

    def __init__(self, channel: str, subdir: str) -> None:
        self.channel = channel
        self.subdir = subdir
        self._rows: dict[str, list[Row]] = {}
        here = _SYSTEMS.get(subdir.partition("-")[0], ())
        self._elsewhere = {name for names in _SYSTEMS.values() for name in names} - {*here}

    def read(self, name: str) -> list[Row]:
        """What the index says of the packages of a name that this platform can have, newest first.

        Raises whatever conda raises when the channel cannot be read.
        """
        if name not in self._rows:
            self._rows[name] = [
                row
                for row in rows_named(self.channel, self.subdir, name)
                if self._elsewhere.isdisjoint(text.split(" ")[0] for text in row.depends)
            ]
        return self._rows[name]

    def rows(self, name: str) -> list[Row]:
        """As `read`, but raises NotOffered when the channel cannot be read."""
        try:
            return self.read(name)
        except Exception as error:
            raise refusal_of(error, (self.channel,), "latest") from error

    def named(self, name: str, version: str = "") -> list[Any]:
        """The conda records of a name, newest first, whose version begins so.

        Raises:
            NotOffered: when the channel cannot be read.
        """
        rows = (row for row in self.rows(name) if begins_with(row.version, version))
        return [row.record for row in rows if row.record is not None]


class Channels:
    """Some channels that have been read, in the order in which the user prefers them."""

    def __init__(self, contents: Sequence[ChannelContents]) -> None:
        self.contents = tuple(contents)
        self._obtainable: dict[str, bool] = {}

    def has(self, dependency: str) -> bool:
        """Whether some package meets a dependency, and some package each of its own.

        Only the solver can say whether all of them go together.
        """
        name = dependency.split(" ")[0]
        if name.startswith("__"):
            return True
        if dependency not in self._obtainable:
            # Packages may need each other.
            self._obtainable[dependency] = True
            self._obtainable[dependency] = any(
                meets(dependency, record) and all(map(self.has, record.depends))
                for contents in self.contents
                for record in contents.named(name)
            )
        return self._obtainable[dependency]


def read_channels(
    channels: Sequence[str], subdir: str, offline: bool
) -> tuple[list[ChannelContents], dict[str, Exception]]:
    """The channels that can be read, and for the others what went wrong."""
    apart = [
        channel
        for channel in channels
        if (offline and not is_on_this_machine(channel))
        or (context.offline and not is_at_hand(channel, subdir))
    ]

    def read(channel: str) -> ChannelContents | Exception:
        if channel in apart:
            reason = f"is not asked under --offline: {', '.join(apart)}"
            return NotOffered("channel", reason, unreachable=True)
        contents = ChannelContents(channel, subdir)
        try:
            # The first question reads the whole index.
            contents.read(TIE)
        except Exception as error:
            return error
        return contents

    with ThreadPoolExecutor(max(len(channels), 1)) as pool:
        found = list(zip(channels, pool.map(read, channels), strict=True))
    return (
        [one for _, one in found if isinstance(one, ChannelContents)],
        {channel: one for channel, one in found if isinstance(one, Exception)},
    )


def goes_with(record: Any, release: str) -> bool:
    """Whether a package's tie, if it has one, lets a release `X.Y` in."""
    return all(_lets_in(text, release) for text in ties(record))


def ties(record: Any) -> list[str]:
    """The dependencies that say which release a package belongs to."""
    return [text for text in record.depends if text.split(" ")[0] == TIE]


@cache
def _lets_in(dependency: str, release: str) -> bool:
    spec = spec_of(dependency)
    return spec is not None and (spec.version is None or bool(spec.version.match(release)))
