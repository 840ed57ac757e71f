"""The packages of a name that a channel holds.

Nothing here is imported when conda starts; every caller imports it inside a function.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conda.base.context import context

from .sorted_index import NotSorted, SortedIndex

_SMALL_INDEX = 1_000_000
"""Bytes that are parsed as quickly as looked through."""
_ROW = "name version build build_number depends constrains size timestamp md5 sha256 noarch subdir"
"""What is taken over from a row of an index."""


def records_named(channel: str, subdir: str, name: str) -> list[Any]:
    """The packages of a name, or those that meet a spec, that a channel holds; newest first.

    Raises whatever conda raises when the channel cannot be read.
    """
    from conda.models.version import VersionOrder

    from .answers import asking

    with asking():
        found = list(_query(name, channel, subdir))
    return sorted(
        found,
        key=lambda record: (
            VersionOrder(record.version),
            record.build_number,
            record.get("timestamp") or 0,
        ),
        reverse=True,
    )


def _query(text: str, channel: str, subdir: str) -> Iterator[Any]:
    from conda.core.subdir_data import SubdirData
    from conda.models.channel import Channel
    from conda.models.match_spec import MatchSpec

    spec = MatchSpec(text)
    for url in Channel(channel).urls(with_credentials=True, subdirs=(subdir, "noarch")):
        index = _sorted_index(url)
        if index is None:
            yield from SubdirData(Channel(url)).query(spec)
            continue
        for file, row in index.named(spec.name):
            record = _record(file, row, url)
            usable = file.endswith(".tar.bz2") or not context.use_only_tar_bz2
            if usable and spec.match(record):
                yield record


@functools.cache
def _sorted_index(url: str) -> SortedIndex | None:
    """The large index of one platform of a channel, for looking things up in it; else None."""
    try:
        path = _index_path(url)
        return SortedIndex(path) if path.stat().st_size > _SMALL_INDEX else None
    except (NotSorted, FileNotFoundError):
        return None


def _index_path(url: str) -> Path:
    """Where the index of one platform of a channel lies on this machine, fetched if need be."""
    from conda.common.path import url_to_path
    from conda.core.subdir_data import SubdirData
    from conda.models.channel import Channel

    if url.startswith("file:"):
        return Path(url_to_path(url)) / "repodata.json"
    fetch = SubdirData(Channel(url)).repo_fetch
    path, cache = Path(fetch.cache_path_json), fetch.repo_cache
    cache.load_state()
    if not path.exists() or (cache.stale() and not context.offline):
        path = Path(fetch.fetch_latest_path()[0])
    return path


def _record(file: str, row: Mapping[str, Any], url: str) -> Any:
    from conda.models.channel import Channel
    from conda.models.records import PackageRecord

    known = {key: row[key] for key in _ROW.split() if key in row}
    return PackageRecord(**known, fn=file, url=f"{url}/{file}", channel=Channel(url))
