"""The pages of indexes that a package cache keeps, for as long as the index allows."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ...errors import ForeignFileError
from ...system import schema
from ...system.files import Inside
from ...system.ownership import is_open
from ...system.reading import read_json

_LONGEST = 86_400
"""Seconds; a page is asked for again at least once a day."""
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.I)
_NOT_KEPT = re.compile(r"(?:^|,)\s*(?:no-store|private)\b", re.I)
_ASK_AGAIN = re.compile(r"(?:^|,)\s*no-cache\b", re.I)


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
        """The same page, which the index says has not changed."""
        life = _life(headers)
        return replace(self, asked=life["asked"], fresh=life["fresh"])


_HEADER = schema.text(r"[ -~]{0,1000}")
_SCHEMA = schema.record(
    {
        **dict.fromkeys(("url", "kind", "etag", "modified"), _HEADER),
        **dict.fromkeys(("asked", "fresh"), schema.number),
        "body": schema.text(r"(?s:.*)"),
    },
    tuple(Page.__dataclass_fields__),
)


def page_of(url: str, headers: Mapping[str, str], body: str) -> Page:
    """An answer as a page."""
    etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    return Page(url, headers.get("Content-Type", ""), body, etag, modified, **_life(headers))


def _life(headers: Mapping[str, str]) -> dict[str, int]:
    control = headers.get("Cache-Control", "")
    found = None if _ASK_AGAIN.search(control) else _MAX_AGE.search(control)
    age = headers.get("Age", "")
    left = int(found[1]) - (int(age) if age.isdigit() else 0) if found else 0
    return {"asked": int(time.time()), "fresh": max(0, min(left, _LONGEST))}


class Kept:
    """The pages in one package cache; None keeps nothing."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache

    def find(self, url: str) -> Page | None:
        """The page that an address had when it was last asked for."""
        if self._cache is None or is_open(self._cache / _place(url)):
            # A page holds the hashes of wheels.
            return None
        try:
            content = read_json(self._cache / _place(url), links=False)
        except (OSError, ValueError):
            return None
        found, problems = schema.read(_SCHEMA, content)
        return Page(**found) if found and not problems else None

    def keep(self, url: str, page: Page, headers: Mapping[str, str]) -> None:
        """Keep a page, where its index allows it and it would be of use."""
        if _NOT_KEPT.search(headers.get("Cache-Control", "")) or headers.get("Vary") == "*":
            return
        if self._cache is None or not (page.fresh or page.validators):
            return
        # The disk may be full, and the cache be shared with others.
        with contextlib.suppress(OSError, ForeignFileError):
            Inside(self._cache).write(_place(url), json.dumps(asdict(page)).encode())


def _place(url: str) -> Path:
    return Path("cache", "conda-cuda", f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json")
