"""Some packages of a large index, without reading all of it.

conda-forge's index has half a million rows: to parse it takes seconds and a gigabyte, and the
solvers that conda has today do without. Its rows are sorted by file name, so that those of a
package are found by halving. An index whose rows are not sorted is not read here.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .reading import open_regular
from .system import WINDOWS

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
