"""What a channel's index says of a package, read without a solver.

conda parses a whole index, which takes seconds for a large one. An index is sorted, so the rows of
one package can be found by halving the file. What cannot be read so is left to conda.
"""

from __future__ import annotations

import contextlib
import functools
import json
import mmap
import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.common.path import url_to_path
from conda.core.subdir_data import SubdirData
from conda.exceptions import CondaError
from conda.models.channel import Channel
from conda.models.match_spec import MatchSpec
from conda.models.records import PackageRecord
from conda.models.version import VersionOrder
from requests.packages.urllib3.exceptions import HTTPError

from ..network.addresses import is_file_of, is_plain_record
from ..network.answers import asking
from ..network.connections import LATER, AnswerError
from ..system.operating_system import WINDOWS
from ..system.reading import open_regular
from .channel_folder import read_index

FETCH_ANEW = "conda clean --index-cache makes conda download it again."
_SMALL_INDEX = 1_000_000
"""Bytes that are parsed as quickly as they are searched."""
_NAME = re.compile(r"[\w.-]+")
_FIELDS = (
    "name version build build_number depends constrains size timestamp md5 sha256 noarch subdir "
    "license license_family track_features features"
)
"""What a conda record takes over from an index."""
_NOT_A_PACKAGE = (CondaError, TypeError, ValueError, AttributeError, KeyError)
"""What conda raises for facts that are not those of a package."""


@dataclass(frozen=True)
class Row:
    """A package as the index of a channel describes it."""

    file: str
    facts: Mapping[str, Any]
    url: str
    """The address of the channel's folder for one platform."""

    @property
    def version(self) -> str:
        """The version."""
        return str(self.facts["version"])

    @property
    def depends(self) -> Sequence[str]:
        """What it depends on."""
        depends: Sequence[str] = self.facts.get("depends", ())
        return depends

    @property
    def age(self) -> tuple[Any, int, int]:
        """Sorts the packages of one name, the newest last."""
        facts = self.facts
        return (
            VersionOrder(self.version),
            facts.get("build_number") or 0,
            facts.get("timestamp") or 0,
        )

    @functools.cached_property
    def record(self) -> Any:
        """The conda record, which takes longer to make; None when the facts are not a package's."""
        known = {key: self.facts[key] for key in _FIELDS.split() if key in self.facts}
        place = f"{self.url}/{self.file}"
        try:
            record = PackageRecord(**known, fn=self.file, url=place, channel=Channel(self.url))
            return record if is_plain_record(record) else None
        except _NOT_A_PACKAGE:
            return None

    def is_usable(self, name: str) -> bool:
        """Whether this is a package of a name that conda may install, and can be compared."""
        try:
            depends, (_, *numbers) = self.depends, self.age
        except _NOT_A_PACKAGE:
            return False
        return (
            is_file_of(self.file, name, self.version, self.facts.get("build"))
            and (self.file.endswith(".tar.bz2") or not context.use_only_tar_bz2)
            and all(isinstance(number, int | float) for number in numbers)
            and isinstance(depends, list | tuple)
            and all(isinstance(text, str) for text in depends)
        )


def rows_named(channel: str, subdir: str, name: str) -> list[Row]:
    """The packages of a name that a channel has, newest first.

    Raises AnswerError when the channel's index is not one, and whatever conda raises when the
    channel cannot be read.
    """
    found: list[Row] = []
    with _explained(channel):
        for url in index_urls(channel, subdir):
            found += (row for row in _rows_at(url, name) if row.is_usable(name))
    return sorted(found, key=lambda row: row.age, reverse=True)


def meets(dependency: str, record: Any) -> bool:
    """Whether a package meets a dependency. Nothing meets one that cannot be read."""
    spec = spec_of(dependency)
    return spec is not None and bool(spec.match(record))


@functools.cache
def spec_of(dependency: str) -> Any | None:
    """A dependency as conda compares it; None when it cannot be read."""
    try:
        return MatchSpec(dependency)
    except _NOT_A_PACKAGE:
        return None


@contextlib.contextmanager
def _explained(channel: str) -> Iterator[None]:
    """Say in our words why an index cannot be read."""
    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        # conda reads whatever there is as an index.
        raise AnswerError(
            f"what {channel} has as its index",
            "is not an index, or is damaged",
            hints=(FETCH_ANEW,),
        ) from error
    except HTTPError as error:
        # conda reads what comes compressed without requests.
        raise AnswerError(
            f"the index of {channel}", "broke off", hints=(LATER,), unreachable=True
        ) from error


def _rows_at(url: str, name: str) -> Iterable[Row]:
    if not _NAME.fullmatch(name):
        # No package can have this name.
        return ()
    named = _index(index_path(url))
    if named is not None:
        return [Row(file, facts, url) for file, facts in named(name)]
    with asking():
        found = list(SubdirData(Channel(url)).query(MatchSpec(name)))
    return [Row(record.fn, record.dump(), url) for record in found]


def row_of_file(url: str, file: str) -> Row | None:
    """What the index at an address says of a file; None where conda alone can read the index."""
    named, name = _index(index_path(url)), file.rsplit("-", 2)[0]
    rows = (Row(other, facts, url) for other, facts in (named(name) if named else ()))
    return next((row for row in rows if row.file == file and row.is_usable(name)), None)


@functools.cache
def index_urls(channel: str, subdir: str) -> tuple[str, ...]:
    """The folders of a channel in which packages for a platform lie."""
    return tuple(Channel(channel).urls(with_credentials=True, subdirs=(subdir, "noarch")))


def is_at_hand(channel: str, subdir: str) -> bool:
    """Whether an index of a channel can be read without a connection.

    conda itself takes a channel that it must not ask, and has no index of, for an empty one.
    """
    return any(
        url.startswith("file:")
        or os.path.exists(SubdirData(Channel(url)).repo_fetch.cache_path_json)
        for url in index_urls(channel, subdir)
    )


@functools.cache
def index_path(url: str) -> Path:
    """Where the index of one platform of a channel lies on this machine, fetched if need be."""
    if url.startswith("file:"):
        return Path(url_to_path(url)) / "repodata.json"
    with asking():
        fetch = SubdirData(Channel(url)).repo_fetch
        path, cache = Path(fetch.cache_path_json), fetch.repo_cache
        cache.load_state()
        if not path.exists() or (cache.stale() and not context.offline):
            path = Path(fetch.fetch_latest_path()[0])
        return path


_Named = Callable[[str], Iterable[tuple[str, Mapping[str, Any]]]]
"""Gives file name and facts of each package of a name."""


@functools.cache
def _index(path: Path) -> _Named | None:
    """What looks packages up in an index; None when conda has to be asked."""
    try:
        if path.stat().st_size > _SMALL_INDEX:
            with contextlib.suppress(NotSorted):
                return SortedIndex(path).named
        found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for file, facts in read_index(path).items():
            found.setdefault(str(facts.get("name")), []).append((file, facts))
    except (OSError, ValueError, RecursionError):
        # conda knows what a missing or damaged index means.
        return None
    return lambda name: found.get(name, ())


_KEY = re.compile(rb'"(?!packages\.conda")([^"\\\s]{1,300}\.(conda|tar\.bz2))"\s*:\s*(?=\{)')
_JSON = json.JSONDecoder()
_STEP = 1 << 12
"""Bytes between the places where a search may begin: a row has some hundreds."""
_PROBES = 256
"""Places that are compared to see whether an index is sorted."""
_TAIL = 1 << 18
"""Bytes at the end of a section in which every row is compared: what others add stands there."""


class NotSorted(Exception):
    """The rows of an index do not stand in order."""


class SortedIndex:
    """A large `repodata.json`, in which packages are found by halving.

    The rows of `.tar.bz2` come first, then those of `.conda`, each section sorted.

    Raises:
        NotSorted: when its rows are not sorted.
        OSError: when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with open_regular(path) as file:
            self._size = file.seek(0, 2)
            if not self._size:
                raise NotSorted
            # A mapped file could not be replaced on Windows, as conda does with its cache.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._text = mapped[:] if WINDOWS else mapped
        self._order_at = functools.cache(self._first_order)
        self._check()

    def named(self, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """File name and facts of each package of a name."""
        beginning = f"{name}-".encode()
        for section in (0, 1):
            keys = _KEY.finditer(self._text, self._place((section, beginning)))
            for key, after in pairwise(chain(keys, [None])):
                assert key is not None
                if _order(key) < (section, beginning):
                    continue
                if _order(key)[0] != section or not key[1].startswith(beginning):
                    break
                file = key[1].decode()
                if file.rsplit("-", 2)[0] == name:
                    end = after.start() if after is not None else self._size
                    yield file, _JSON.raw_decode(self._text[key.end() : end].decode())[0]

    def _check(self) -> None:
        second = self._place((1, b"")) + _STEP
        probes = range(0, self._size, max(self._size // _PROBES, _STEP))
        tails = (
            map(_order, _KEY.finditer(self._text, max(end - _TAIL, 0), end))
            for end in (second, self._size)
        )
        for orders in (map(self._order_at, probes), *tails):
            if any(after < before for before, after in pairwise(orders)):
                raise NotSorted

    def _place(self, order: tuple[int, bytes]) -> int:
        """A place at or before the first row that comes in order there, and near it."""
        places = range(0, self._size, _STEP)
        return max(bisect_left(places, order, key=self._order_at) - 1, 0) * _STEP

    def _first_order(self, place: int) -> tuple[int, bytes]:
        """Where the first row that begins at or after a place comes in order."""
        key = _KEY.search(self._text, place)
        return _order(key) if key is not None else (2, b"")


def _order(key: re.Match[bytes]) -> tuple[int, bytes]:
    return int(key[2] == b"conda"), key[1]
