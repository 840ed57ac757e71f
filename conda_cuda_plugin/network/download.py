"""Single files from the web, and what goes wrong in words."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.exceptions import (
    ChecksumMismatchError,
    CondaError,
    CondaHTTPError,
    CondaSignalInterrupt,
    CondaSSLError,
    ProxyError,
)
from conda.gateways.connection.download import disable_ssl_verify_warning, download
from conda.gateways.connection.session import get_session
from requests import exceptions
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import HTTPError

from ..errors import CudaError
from ..system.conda_compat import detail, first_line, stdout_for_people
from .addresses import shown_address as shown
from .connections import LATER, AnswerError, guarded, hints_for, meaning

IDENTITY = {"Accept-Encoding": "identity"}
"""Compressed on the way, neither sizes nor ranges would mean the file's."""
_BLOCK = 2**14


def download_file(url: str, path: Path) -> None:
    """Download a file with conda's session, which knows its proxies, certificates and logins.

    Raises:
        AnswerError: when it cannot be had.
    """
    with stdout_for_people(), in_words(url):
        download(url, str(path))


@contextlib.contextmanager
def in_words(url: str) -> Iterator[None]:
    """Ask for an address under the rules; what goes wrong is said in words.

    Raises:
        AnswerError: for whatever conda and requests raise, but for a file that is another one.
    """
    place = shown(url)

    def unreachable(reason: str, *hints: str) -> AnswerError:
        return AnswerError(place, reason, hints=hints, unreachable=True)

    try:
        with _no_words_of_retries(), guarded():
            yield
    except AnswerError as error:
        if error.silent:
            # It does not know whose silence it is.
            raise AnswerError(place, error.reason, hints=error.hints, silent=True) from error
        raise
    except (exceptions.SSLError, CondaSSLError) as error:
        raise unreachable(
            "cannot be read: its certificate is not trusted",
            "conda config --set ssl_verify FILE names the certificate to trust.",
        ) from error
    except (exceptions.ProxyError, ProxyError) as error:
        raise unreachable(
            "cannot be reached: the proxy does not let it through",
            "conda config --show proxy_servers",
        ) from error
    except (exceptions.ChunkedEncodingError, exceptions.ContentDecodingError) as error:
        raise unreachable("broke off", LATER) from error
    except ValueError as error:
        # InvalidURL, InvalidSchema and MissingSchema of requests among them.
        raise AnswerError(place, "is not an address that conda can read") from error
    except exceptions.RequestException as error:
        raise unreachable("cannot be reached") from error
    except (ChecksumMismatchError, CondaSignalInterrupt, CudaError):
        raise
    except CondaHTTPError as error:
        raise answer_of(error, url) from error
    except CondaError as error:
        raise unreachable(f"cannot be read: {first_line(error).rstrip('.')}") from error


def answer_of(error: Any, url: str = "") -> AnswerError:
    """What conda's error about an answer means."""
    place, status = shown(url or detail(error, "url")), detail(error, "status_code")
    if not status.isdigit() or not int(status):
        return AnswerError(place, "cannot be reached", unreachable=True)
    return AnswerError(place, meaning(int(status)), hints=hints_for(int(status)))


def read_url(url: str, most: int) -> bytes:
    """What an address answers.

    Raises:
        AnswerError: when it cannot be had or is larger.
    """
    with in_words(url), get(url, IDENTITY) as answer:
        check_status(answer, url)
        return body_of(answer, url, most)


def body_of(answer: Any, url: str, most: int) -> bytes:
    """All of an answer.

    Raises:
        AnswerError: when it breaks off or is larger than `most` bytes.
    """
    data = bytearray()
    for block in answer.iter_content(_BLOCK):
        data += block
        if len(data) > most:
            raise AnswerError(shown(url), "is larger than any such file")
    # Not every urllib3 checks this, and of a file of this machine conda gives a number.
    length = str(answer.headers.get("Content-Length", ""))
    if length.isdigit() and hasattr(answer.raw, "tell") and answer.raw.tell() < int(length):
        raise AnswerError(shown(url), "broke off", hints=(LATER,), unreachable=True)
    return bytes(data)


def get(url: str, headers: dict[str, str]) -> Any:
    """Ask for an address with conda's session; the answer, of which only the head has come."""
    if not context.ssl_verify:
        disable_ssl_verify_warning()
    session = get_session(url)
    return session.get(
        url,
        stream=True,
        headers=headers,
        proxies=session.proxies,
        timeout=(context.remote_connect_timeout_secs, context.remote_read_timeout_secs),
    )


def blocks_of(answer: Any, size: int) -> Iterator[bytes]:
    """What an answer holds, as requests gives it, but without a copy of each block."""
    # Of a file of this machine conda makes an answer of its own.
    if not hasattr(answer.raw, "stream") or answer.headers.get("Content-Encoding"):
        yield from answer.iter_content(size)
        return
    try:
        yield from answer.raw.stream(size, decode_content=False)
    except HTTPError as error:
        raise ChunkedEncodingError(error) from error


@contextlib.contextmanager
def _no_words_of_retries() -> Iterator[None]:
    """Keep urllib3 from telling of each try: the last one is told of in a sentence."""
    logger = logging.getLogger("urllib3.connectionpool")
    before = logger.disabled
    logger.disabled = before or not context.verbosity
    try:
        yield
    finally:
        logger.disabled = before


def check_status(answer: Any, url: str) -> None:
    """Refuse an answer that is not the file, or a part of it.

    Raises:
        AnswerError: with what the status means.
    """
    code = answer.status_code
    if code in (200, 206):
        return
    missing = code in (403, 404, 410)
    raise AnswerError(shown(url), meaning(code), hints=hints_for(code), missing=missing)
