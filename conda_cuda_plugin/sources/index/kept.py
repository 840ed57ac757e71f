"""Pages of indexes, kept for as long as the index says, and asked for again by their validators.

They lie in the folder of conda's package cache that `conda clean --index-cache` takes away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ... import schema
from ...errors import ForeignFileError
from ...files import Inside
from ...others import is_open
from ...reading import read_json

_LONGEST = 86_400
"""Seconds; no index is believed for longer that nothing of it will change."""
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.I)
_NOT_KEPT = re.compile(r"(?:^|,)\s*(?:no-store|private)\b", re.I)
_ASK_AGAIN = re.compile(r"(?:^|,)\s*no-cache\b", re.I)
_HEADER = schema.text(r"[ -~]{0,1000}")


@dataclass(frozen=True)
class Page:
    """What an address has answered."""

    url: str
    """Where it came from in the end."""
    kind: str
    """Its media type, with parameters."""
    body: str
    etag: str = ""
    modified: str = ""
    asked: int = 0
    """When, in seconds since 1970."""
    fresh: int = 0
    """For how many seconds it need not be asked for again."""

    @property
    def is_fresh(self) -> bool:
        """Whether it need not be asked for."""
        return 0 <= time.time() - self.asked < self.fresh

    @property
    def validators(self) -> dict[str, str]:
        """The headers that ask for it only if it has changed."""
        found = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in found.items() if value}

    def renewed(self, headers: Mapping[str, str]) -> Page:
        """The same page, of which the index says that it has not changed."""
        life = _life(headers)
        return replace(self, asked=life["asked"], fresh=life["fresh"])


_SCHEMA = schema.record(
    {
        **dict.fromkeys(("url", "kind", "etag", "modified"), _HEADER),
        **dict.fromkeys(("asked", "fresh"), schema.number),
        "body": schema.text(r"(?s:.*)"),
    },
    tuple(Page.__dataclass_fields__),
)


def page_of(url: str, headers: Mapping[str, str], body: str) -> Page:
    """An answer as a page, with what its headers say about its life."""
    return Page(
        url,
        headers.get("Content-Type", ""),
        body,
        headers.get("ETag", ""),
        headers.get("Last-Modified", ""),
        **_life(headers),
    )


def _life(headers: Mapping[str, str]) -> dict[str, int]:
    control = headers.get("Cache-Control", "")
    found = None if _ASK_AGAIN.search(control) else _MAX_AGE.search(control)
    age = headers.get("Age", "")
    left = int(found[1]) - (int(age) if age.isdigit() else 0) if found else 0
    return {"asked": int(time.time()), "fresh": max(0, min(left, _LONGEST))}


class Kept:
    """The pages in one package cache.

    Args:
        cache: the package cache; None keeps nothing.
    """

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache

    def find(self, url: str) -> Page | None:
        """The page that an address had when it was last asked for."""
        if self._cache is None or is_open(self._cache / _place(url)):
            # The hashes of wheels stand in it.
            return None
        try:
            content = read_json(self._cache / _place(url), links=False)
        except (OSError, ValueError):
            return None
        found, problems = schema.read(_SCHEMA, content)
        return Page(**found) if found and not problems else None

    def keep(self, url: str, page: Page, headers: Mapping[str, str]) -> None:
        """Keep a page, where its index lets us and it would be of use."""
        if _NOT_KEPT.search(headers.get("Cache-Control", "")) or headers.get("Vary") == "*":
            return
        if self._cache is None or not (page.fresh or page.validators):
            return
        # Whoever shares the cache may have filled the disk, or barred us from it.
        with contextlib.suppress(OSError, ForeignFileError):
            data = json.dumps(asdict(page)).encode()
            Inside(self._cache).write(_place(url), data)


def _place(url: str) -> Path:
    return Path("cache", "conda-cuda", f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json")
