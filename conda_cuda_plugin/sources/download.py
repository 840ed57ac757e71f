"""What an address answers, and in words what goes wrong.

The connection is conda's: its proxies, certificates, credentials, timeouts and retries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ..addresses import shown_address as shown
from ..connections import AnswerError, hints_for
from ..errors import CudaError
from ..web import meaning

_BLOCK = 2**14


class DownloadError(CudaError):
    """A file cannot be had from its address.

    Args:
        message: one sentence.
        missing: whether the server answers, but has no such file.
        unreachable: whether nothing answers, or no longer.
        silent: whether it was waited for long enough.
        wrong: whether it is not the file that was promised.
    """

    def __init__(
        self,
        message: str,
        *,
        hints: tuple[str, ...] = (),
        missing: bool = False,
        unreachable: bool = False,
        silent: bool = False,
        wrong: bool = False,
    ) -> None:
        super().__init__(message, hints=hints)
        self.missing = missing
        self.unreachable = unreachable
        self.silent = silent
        self.wrong = wrong


def read_url(url: str, most: int) -> bytes:
    """What an address answers.

    Args:
        url: the address.
        most: bytes it may be at most.

    Raises:
        DownloadError: when it cannot be had or is larger.
    """
    data = bytearray()
    with asking(url), get(url, {"Accept-Encoding": "identity"}) as answer:
        check_status(answer, url)
        for block in answer.iter_content(_BLOCK):
            data += block
            if len(data) > most:
                raise DownloadError(f"{shown(url)} is larger than any such file.")
    return bytes(data)


def get(url: str, headers: dict[str, str]) -> Any:
    """Ask for an address with conda's session; the answer, of which only the head has come."""
    from conda.base.context import context
    from conda.gateways.connection.download import disable_ssl_verify_warning
    from conda.gateways.connection.session import get_session

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
    """What an answer holds, as requests gives it, but without a copy of each block.

    Args:
        answer: of a request for the file as it is, which nobody has to decode.
        size: the bytes of a block.
    """
    from requests.exceptions import ChunkedEncodingError
    from urllib3.exceptions import HTTPError

    # Of a file of this machine conda makes an answer of its own.
    if not hasattr(answer.raw, "stream") or answer.headers.get("Content-Encoding"):
        yield from answer.iter_content(size)
        return
    try:
        yield from answer.raw.stream(size, decode_content=False)
    except HTTPError as error:
        raise ChunkedEncodingError(error) from error


@contextlib.contextmanager
def asking(url: str) -> Iterator[None]:
    """Say in words what goes wrong.

    Raises:
        DownloadError: in place of whatever a connection raises.
    """
    from ..fetching import in_words

    try:
        with _no_words_of_retries(), in_words(url):
            yield
    except AnswerError as error:
        hints, silent = tuple(error.hints), error.silent
        raise DownloadError(
            error.message, hints=hints, unreachable=error.unreachable, silent=silent
        ) from error


@contextlib.contextmanager
def _no_words_of_retries() -> Iterator[None]:
    """Keep urllib3 from telling of each try: the last one is told of in a sentence."""
    import logging

    from conda.base.context import context

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
        DownloadError: with what the status means.
    """
    code = answer.status_code
    if code in (200, 206):
        return
    raise DownloadError(
        f"{shown(url)} {meaning(code)}.", hints=hints_for(code), missing=code in (403, 404, 410)
    )
