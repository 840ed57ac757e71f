"""What channels hold, read from their indexes without a solver."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from conda.exceptions import CondaError
from conda.models.match_spec import MatchSpec

from ...packages.channel_records import records_named, rows_named
from ...system.conda_compat import is_on_this_machine
from ..base import NotOffered
from .refusals import refusal_of

if TYPE_CHECKING:
    from ...packages.channel_records import Row

TIE = "cuda-version"
"""The package that ties the parts of a release together on conda-forge."""
_NAME = re.compile(r"[\w.-]+")
_SYSTEMS = {"linux": "__linux", "osx": "__osx", "win": "__win"}


class ChannelContents:
    """The packages of one channel for one platform; each name is asked for once.

    Args:
        channel: its name or address.
        subdir: conda's name of the platform.
    """

    def __init__(self, channel: str, subdir: str) -> None:
        self.channel = channel
        self.subdir = subdir
        self._records: dict[tuple[str, str], list[Any]] = {}
        self._rows: dict[str, Sequence[Row]] = {}
        system = subdir.partition("-")[0]
        self._elsewhere = {name for key, name in _SYSTEMS.items() if key != system}
        if system == "win":
            self._elsewhere.add("__unix")

    def named(self, name: str, version: str = "") -> list[Any]:
        """The packages of a name that this platform can have, newest first.

        Args:
            name: the name.
            version: how their version begins.

        Raises:
            NotOffered: when the channel cannot be read.
        """
        with self._refusing():
            return self.read(name, version)

    def rows(self, name: str) -> Sequence[Row]:
        """Versions and dependencies of what `named` gives, newest first, and faster.

        Raises:
            NotOffered: when the channel cannot be read.
        """
        if name not in self._rows:
            with self._refusing():
                found = rows_named(self.channel, self.subdir, name) if _NAME.fullmatch(name) else ()
            self._rows[name] = [row for row in found if self._is_for_here(row)]
        return self._rows[name]

    def read(self, name: str, version: str = "") -> list[Any]:
        """As `named`, but raises whatever conda raises when the channel cannot be read."""
        if not _NAME.fullmatch(name):
            # What depends on it depends on something that no channel can have.
            return []
        if (name, version) not in self._records:
            self._records[name, version] = [
                record
                for record in records_named(self.channel, self.subdir, name, version)
                if self._is_for_here(record)
            ]
        return self._records[name, version]

    def _is_for_here(self, record: Any) -> bool:
        return not self._elsewhere.intersection(text.split(" ")[0] for text in record.depends)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise refusal_of(error, (self.channel,), "latest") from error


class Channels:
    """Some channels that have been read, in the order in which the user prefers them."""

    def __init__(self, contents: Sequence[ChannelContents]) -> None:
        self.contents = tuple(contents)
        self._obtainable: dict[str, bool] = {}

    def has(self, dependency: str) -> bool:
        """Whether some package meets a dependency, and some package each of its own.

        Whether all of them go together is the solver's to say.
        """
        name = dependency.split(" ")[0]
        if name.startswith("__"):
            return True
        if dependency not in self._obtainable:
            # Packages may need each other.
            self._obtainable[dependency] = True
            self._obtainable[dependency] = any(
                fits(dependency, record) and all(map(self.has, record.depends))
                for contents in self.contents
                for record in contents.named(name)
            )
        return self._obtainable[dependency]


def read_channels(
    channels: Sequence[str], subdir: str, offline: bool
) -> tuple[list[ChannelContents], dict[str, Exception]]:
    """The channels that can be read, and for the others what went wrong.

    Args:
        channels: names and addresses.
        subdir: conda's name of the platform.
        offline: whether a connection is forbidden.
    """

    failures: dict[str, Exception] = {}

    def read(channel: str) -> ChannelContents | None:
        contents = ChannelContents(channel, subdir)
        try:
            # The first question reads the whole index.
            contents.read(TIE)
        except Exception as error:
            failures[channel] = error
            return None
        return contents

    apart = [channel for channel in channels if offline and not is_on_this_machine(channel)]
    with ThreadPoolExecutor(max(len(channels), 1)) as pool:
        found = pool.map(read, [channel for channel in channels if channel not in apart])
    there = [contents for contents in found if contents is not None]
    for channel in apart:
        reason = f"is not asked under --offline: {', '.join(apart)}"
        failures[channel] = NotOffered("channel", reason, unreachable=True)
    return there, {channel: failures[channel] for channel in channels if channel in failures}


def goes_with(record: Any, release: str) -> bool:
    """Whether a package's tie, if it has one, lets a release `X.Y` in."""
    return all(_lets_in(text, release) for text in ties(record))


def ties(record: Any) -> list[str]:
    """The dependencies that say which release a package belongs to."""
    return [text for text in record.depends if text.split(" ")[0] == TIE]


def fits(dependency: str, record: Any) -> bool:
    """Whether a package meets a dependency. One that is none is met by nothing."""
    spec = _spec(dependency)
    return spec is not None and bool(spec.match(record))


@cache
def _lets_in(dependency: str, release: str) -> bool:
    spec = _spec(dependency)
    if spec is None:
        return False
    return spec.version is None or bool(spec.version.match(release))


@cache
def _spec(dependency: str) -> Any | None:

    try:
        return MatchSpec(dependency)
    except (CondaError, TypeError, ValueError, AttributeError, KeyError):
        return None
