"""Asking an index, each page once, and keeping pages as long as the index says."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import (
    ChunkedEncodingError,
    ConnectionError,
    ContentDecodingError,
    ProxyError,
    SSLError,
    Timeout,
)

from ...errors import ForeignFileError
from ...network.connections import AnswerError
from ...network.download import in_words
from ...system import schema
from ...system.files import Inside
from ...system.ownership import is_open
from ...system.reading import read_json
from .session import Session
from .wheel import AskPip

PAGES = (
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.1"
)
"""The forms of a page, best first (PEP 691)."""
_MOST_BYTES = 32 * 2**20
"""The largest page of an index that is known has 20 MB: a list of all its packages."""
_BLOCK = 2**16


class Unreachable(Exception):
    """Nothing that can be used has come from an address.

    Args:
        error: what is wrong, in words; None where that is a status.
    """

    def __init__(self, error: AnswerError | None = None) -> None:
        super().__init__(error)
        self.error = error


class Client:
    """Asks for pages and small files; threads may share it.

    Args:
        session: the way to them.
        kept: where pages are kept.
    """

    def __init__(self, session: Session, kept: Kept) -> None:
        self._session, self._kept = session, kept
        self._silent: dict[str, AnswerError] = {}
        self._lock = threading.Lock()

    def page(self, url: str, accept: str = PAGES) -> Page | None:
        """The page or text at an address; None when there is none.

        Args:
            url: the address.
            accept: the forms that are understood.

        Raises:
            Unreachable: when it cannot be had.
            AskPip: when the address asks for a password that only pip may know, say.
        """
        before = self._kept.find(url)
        if before is not None and before.is_fresh:
            return before
        headers = {"Accept": accept, **(before.validators if before else {})}
        with self._ask(url, headers) as answer:
            if answer.status_code == 304 and before is not None:
                page = before.renewed(answer.headers)
            elif answer.status_code in (404, 410):
                return None
            else:
                body = _body(answer)
                try:
                    page = page_of(answer.url, answer.headers, body.decode("utf-8"))
                except UnicodeDecodeError as error:
                    raise AskPip("a page that is no text") from error
            asked = (*answer.history, answer)
            if not any("Authorization" in one.request.headers for one in asked):
                self._kept.keep(url, page, answer.headers)
        return page

    def file(self, url: str) -> bytes | None:
        """The content of a small file; None when there is none.

        Raises:
            Unreachable, AskPip: as `page`.
        """
        with self._ask(url, {"Accept-Encoding": "identity"}) as answer:
            return None if answer.status_code in (404, 410) else _body(answer)

    def _ask(self, url: str, headers: dict[str, str]) -> Any:

        host = urlsplit(url).netloc
        if host in self._silent:
            raise Unreachable(self._silent[host])
        try:
            with in_words(url):
                try:
                    answer = self._session.get(url, headers)
                except SSLError as error:
                    # pip may trust what the operating system trusts.
                    raise AskPip("a certificate that is not trusted") from error
                except ProxyError as error:
                    raise AskPip("a proxy that does not let us through") from error
        except AnswerError as error:
            if not error.silent and not isinstance(error.__cause__, (ConnectionError, Timeout)):
                raise AskPip(error.reason) from error
            with self._lock:
                self._silent[host] = error
            raise Unreachable(error) from error
        if answer.status_code in (401, 407):
            answer.close()
            raise AskPip("a password is asked for, and pip may know a keyring")
        if answer.status_code not in (200, 304, 404, 410):
            answer.close()
            raise Unreachable
        return answer


def _body(answer: Any) -> bytes:

    data = bytearray()
    try:
        with in_words(answer.url):
            try:
                for block in answer.iter_content(_BLOCK):
                    data += block
                    if len(data) > _MOST_BYTES:
                        raise AskPip("a page that is larger than any such page")
            except (ChunkedEncodingError, ContentDecodingError) as error:
                raise AskPip("a page that broke off") from error
    except AnswerError as error:
        raise Unreachable(error) from error
    # Not every urllib3 looks at that.
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and answer.raw.tell() < int(length):
        raise AskPip("a page that broke off")
    return bytes(data)


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
