"""The packages of a name that a channel holds.

Nothing here is imported when conda starts; every caller imports it inside a function.
"""

from __future__ import annotations

import contextlib
import functools
import json
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
from ..versions import begins_with
from .channel_folder import read_index

_SMALL_INDEX = 1_000_000
"""Bytes that are parsed as quickly as they are looked through."""
FETCH_ANEW = "conda clean --index-cache has it fetched anew."
_ROW = "name version build build_number depends constrains size timestamp md5 sha256 noarch subdir"
"""What is taken over from a row of an index."""


class Row(NamedTuple):
    """What an index says of a package, as far as it is compared without a solver."""

    version: str
    depends: Sequence[str]


def records_named(channel: str, subdir: str, name: str, version: str = "") -> list[Any]:
    """The packages of a name, or those that meet a spec, that a channel holds; newest first.

    Args:
        channel: its name or address.
        subdir: conda's name of the platform.
        name: the name, or the spec.
        version: how their version begins; those of others are not read whole.

    Raises AnswerError when the channel's index is none, and whatever conda raises when the channel
    cannot be read.
    """

    with _reading(channel):
        found = list(_query(name, channel, subdir, version))
    return sorted(
        found,
        key=lambda record: (
            VersionOrder(record.version),
            record.build_number,
            record.get("timestamp") or 0,
        ),
        reverse=True,
    )


def rows_named(channel: str, subdir: str, name: str) -> list[Row]:
    """As `records_named`, but of a name only, and faster: no package is made of a row.

    Rows of one version come in any order.
    """

    found: list[Row] = []
    with _reading(channel):
        for url in index_urls(channel, subdir):
            rows = _rows(index_path(url), name)
            if rows is None:
                return [Row(one.version, one.depends) for one in _query(name, channel, subdir)]
            found += (
                Row(row["version"], row.get("depends", ()))
                for file, row in rows
                if _is_whole(row)
                and _is_usable(file)
                and is_file_of(file, name, row["version"], row.get("build"))
            )
    return sorted(found, key=lambda row: VersionOrder(row.version), reverse=True)


@contextlib.contextmanager
def _reading(channel: str) -> Iterator[None]:
    """Say in our words why an index cannot be read."""

    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        # conda reads whatever there is as an index.
        raise AnswerError(
            f"what {channel} has as its index", "is none, or is damaged", hints=(FETCH_ANEW,)
        ) from error
    except HTTPError as error:
        # What comes compressed conda reads without requests.
        raise AnswerError(
            f"the index of {channel}", "broke off", hints=(LATER,), unreachable=True
        ) from error


def _query(text: str, channel: str, subdir: str, version: str = "") -> Iterator[Any]:

    # To read a spec takes longer than to look a name up.
    spec = None if re.fullmatch(r"[\w.-]+", text) else MatchSpec(text)
    name = text if spec is None else spec.name
    for url in index_urls(channel, subdir):
        rows = _rows(index_path(url), name)
        if rows is None:
            with asking():
                found = list(SubdirData(Channel(url)).query(spec or MatchSpec(name)))
            yield from (
                record
                for record in filter(is_plain_record, found)
                if begins_with(record.version, version)
            )
            continue
        for file, row in rows:
            if not _is_usable(file) or not begins_with(str(row.get("version")), version):
                continue
            record = _record(file, row, url)
            if record is not None and (spec is None or spec.match(record)):
                yield record


@functools.cache
def index_urls(channel: str, subdir: str) -> tuple[str, ...]:
    """The folders of a channel in which packages for a platform lie."""

    return tuple(Channel(channel).urls(with_credentials=True, subdirs=(subdir, "noarch")))


def row_of_file(url: str, file: str) -> Mapping[str, Any] | None:
    """What the index of one platform of a channel says of a file; None if it knows of none.

    Of an index that only conda can read nothing is known.
    """
    rows = _rows(index_path(url), file.rsplit("-", 2)[0]) or ()
    return next((row for name, row in rows if name == file), None)


def _is_usable(file: str) -> bool:
    return file.endswith(".tar.bz2") or not context.use_only_tar_bz2


def _rows(path: Path, name: str) -> Iterable[tuple[str, Mapping[str, Any]]] | None:
    """The rows of a package; None when conda has to be asked for them."""
    try:
        index = _index(path)
        return list(index.named(name)) if isinstance(index, SortedIndex) else index.get(name, ())
    except (NotSorted, OSError, ValueError, RecursionError):
        # conda knows what it means that there is no index, or a damaged one.
        return None


@functools.cache
def _index(path: Path) -> SortedIndex | Mapping[str, list[tuple[str, Mapping[str, Any]]]]:
    if path.stat().st_size > _SMALL_INDEX:
        return SortedIndex(path)
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for file, row in read_index(path).items():
        found.setdefault(str(row.get("name")), []).append((file, row))
    return found


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


def _record(file: str, row: Mapping[str, Any], url: str) -> Any | None:
    """A package of an index; None for a row that is none."""

    known = {key: row[key] for key in _ROW.split() if key in row}
    try:
        record = PackageRecord(**known, fn=file, url=f"{url}/{file}", channel=Channel(url))
    except (CondaError, TypeError, ValueError, AttributeError, KeyError):
        return None
    whole = _is_whole({"version": record.version, "depends": record.depends})
    return record if whole and is_plain_record(record) else None


def _is_whole(row: Mapping[str, Any]) -> bool:
    """Whether a row has a version that can be compared, and dependencies that are text."""

    depends = row.get("depends", ())
    try:
        VersionOrder(row["version"])
    except (CondaError, TypeError, ValueError, AttributeError, KeyError):
        return False
    return isinstance(depends, list | tuple) and all(isinstance(text, str) for text in depends)


def index_rows(channel: str, subdir: str) -> dict[str, dict[str, Any]]:
    """The rows of a channel's index for a platform, all keys that its maker wrote among them.

    Raises whatever conda raises when the channel cannot be read, and ValueError when its index is
    none.
    """

    rows: dict[str, dict[str, Any]] = {}
    for url in Channel(channel).urls(with_credentials=True, subdirs=(subdir,)):
        with asking():
            path, _ = SubdirData(Channel(url)).repo_fetch.fetch_latest_path()
        rows |= read_index(Path(path))
    return rows


_KEY = re.compile(rb'"([^"\\\s]+-[^"\\\s]+\.(conda|tar\.bz2))"\s*:\s*(?=\{)')
_JSON = json.JSONDecoder()
_WINDOW = 1 << 14
"""Bytes that are looked through at once: a row has some hundreds."""
_PROBES = 256
"""Places that are compared to see whether an index is sorted."""
_TAIL = 1 << 18
"""Bytes at its end of which every row is compared."""


class NotSorted(Exception):
    """An index of which parts cannot be found by halving."""


class _Key(NamedTuple):
    start: int
    name: bytes
    ending: bytes
    value: int


class SortedIndex:
    """The index of one platform of a channel.

    Args:
        path: its `repodata.json`.

    Raises:
        NotSorted: when its rows are not sorted.
        OSError: when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with open_regular(path) as file:
            file.seek(0, 2)
            self._end = file.tell()
            if not self._end:
                raise NotSorted
            file.seek(0)
            # A mapped file could not be replaced on Windows, as conda does with its cache.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._text = mapped[:] if WINDOWS else mapped
        self._met: dict[tuple[int, int], _Key | None] = {}
        # The rows of `.tar.bz2` come first, then those of `.conda`, each sorted.
        middle = self._first(lambda key: key.ending == b"conda", 0, self._end)
        self._runs = ((0, middle), (middle, self._end))
        for run in self._runs:
            self._check(*run)

    def named(self, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """File name and row of each package of a name."""
        beginning = f"{name}-".encode()
        for start, end in self._runs:
            key = self._key(self._first(lambda key: key.name >= beginning, start, end), end)
            while key is not None and key.name.startswith(beginning):
                file = key.name.decode()
                after = self._key(key.value, self._end)
                if file.rsplit("-", 2)[0] == name:
                    yield file, self._row(key, after)
                key = after if after is not None and after.start < end else None

    def _check(self, start: int, end: int) -> None:
        before = b""
        tail = max(start, end - _TAIL)
        for number in range(_PROBES):
            key = self._key(start + (tail - start) * number // _PROBES, end)
            if key is None:
                return
            if key.name < before:
                raise NotSorted
            before = key.name
        # What is added to an index stands at its end, if it is not sorted anew.
        key = self._key(tail, end)
        while key is not None:
            if key.name < before:
                raise NotSorted
            before = key.name
            key = self._key(key.value, end)

    def _first(self, holds: Any, start: int, end: int) -> int:
        """Where the first row begins of which something holds, as of all after it."""
        low, high = start, end
        while low < high:
            middle = (low + high) // 2
            # Most names that are asked for lie close together.
            if (middle, end) not in self._met:
                self._met[middle, end] = self._key(middle, end)
            key = self._met[middle, end]
            if key is None or key.start >= high or holds(key):
                high = middle
            else:
                low = key.start + 1
        return low

    def _key(self, start: int, end: int) -> _Key | None:
        """The first row that begins at a place or after it."""
        while start < end:
            stop = min(start + _WINDOW, end)
            match = _KEY.search(self._text, start, min(stop + _WINDOW, self._end))
            if match is not None:
                if match.start() >= end:
                    return None
                return _Key(match.start(), match[1], match[2], match.end())
            start = stop
        return None

    def _row(self, key: _Key, after: _Key | None) -> Mapping[str, Any]:
        stop = after.start if after is not None else self._end
        text = self._text[key.value : stop].decode("utf-8")
        row: Mapping[str, Any] = _JSON.raw_decode(text)[0]
        return row
