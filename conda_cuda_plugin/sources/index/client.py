"""Asking addresses, each once a command, and no more of a host that does not answer."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from ...connections import AnswerError
from .kept import Kept, Page, page_of
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
        from requests.exceptions import ConnectionError, ProxyError, SSLError, Timeout

        from ...fetching import in_words

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
    from requests.exceptions import ChunkedEncodingError, ContentDecodingError

    from ...fetching import in_words

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
