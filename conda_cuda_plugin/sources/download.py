"""Downloads that go on where they broke off, and never take more than was promised.

The connection is conda's: its proxies, certificates, credentials, timeouts and retries.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..addresses import shown_address as shown
from ..connections import LATER, AnswerError, hints_for
from ..errors import CudaError
from ..files import Inside
from ..reading import open_regular
from ..web import meaning

_BLOCK = 2**14
"""Bytes to read at once: what has arrived of a block when the connection breaks is lost."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_AGAIN = "Run the same command again: it goes on where it stopped."
_OTHER_FILE = "The mirror or proxy in between may hold another or a damaged file."


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
    with _asking(url), _get(url, {}) as answer:
        _check_status(answer, url)
        for block in answer.iter_content(_BLOCK):
            data += block
            if len(data) > most:
                raise DownloadError(f"{shown(url)} is larger than any such file.")
    return bytes(data)


def download(
    url: str, part: Path, *, size: int, sha256: str, progress: Callable[[int, int], None]
) -> None:
    """Download a file, or what is missing of it.

    Args:
        url: the address.
        part: where the bytes go; what is there already is kept if it fits.
        size: the promised bytes.
        sha256: the promised hash.
        progress: called with bytes done and bytes in all.

    Raises:
        DownloadError: when it cannot be had; what has arrived stays for the next time. Or when it
            is not what was promised; nothing stays then.
        OSError: when the disk fails.
    """
    from conda.base.context import context

    files = Inside(part.parents[1])
    files.make_folder(part.parent)
    state = _Part(part, size, progress)
    patience = context.remote_max_retries
    try:
        while state.done < size:
            before = state.done
            try:
                with _asking(url):
                    _continue(url, state)
            except DownloadError as error:
                if not error.unreachable:
                    raise
                if error.silent:
                    raise _broken(url, state, error) from error
                patience = patience - 1 if state.done <= before else context.remote_max_retries
                if patience < 0:
                    raise _broken(url, state, error) from error
        if state.digest.hexdigest() != sha256:
            raise DownloadError(
                f"{shown(url)} does not have the sha256 that the manifest gives for it, so it was "
                "thrown away and nothing was changed.",
                hints=(_OTHER_FILE,),
                wrong=True,
            )
    except DownloadError as error:
        if error.wrong or not state.done:
            files.remove(part)
        raise


class _Part:
    """What has arrived of a file."""

    def __init__(self, path: Path, size: int, progress: Callable[[int, int], None]) -> None:
        self.path, self.size, self.progress = path, size, progress
        self.done = 0
        self.digest = hashlib.sha256()
        self.files = Inside(path.parents[1])
        with contextlib.suppress(FileNotFoundError), open_regular(path, links=False) as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                self._count(block)
        if self.done > size:
            self.start_anew()

    def start_anew(self) -> None:
        """Forget what has arrived."""
        self.files.remove(self.path)
        self.done, self.digest = 0, hashlib.sha256()

    def take(self, blocks: Iterator[bytes], url: str) -> None:
        """Put more bytes behind those that are there."""
        with self.files.append(self.path) as file:
            for block in blocks:
                if self.done + len(block) > self.size:
                    raise _other_size(url, f"more than {self.size}", self.size)
                file.write(block)
                self._count(block)

    def _count(self, block: bytes) -> None:
        self.digest.update(block)
        self.done += len(block)
        self.progress(self.done, self.size)


def _continue(url: str, part: _Part) -> None:
    """Ask for what is missing, and take what comes.

    Raises:
        DownloadError: unreachable, when it ends before the end.
    """
    headers = {"Range": f"bytes={part.done}-"} if part.done else {}
    with _get(url, headers) as answer:
        if answer.status_code == 416 and part.done:
            raise _other_size(url, f"no more than {part.done}", part.size)
        _check_status(answer, url)
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        # Of a file of this machine conda gives a number.
        length = str(answer.headers.get("Content-Length", ""))
        if answer.status_code == 206 and found and int(found[1]) == part.done:
            if found[2] not in ("*", str(part.size)):
                raise _other_size(url, found[2], part.size)
        else:
            # Not every server knows of ranges: this one sends the whole file, or another piece.
            resumed = part.done > 0
            part.start_anew()
            if answer.status_code == 206:
                if not resumed:
                    raise DownloadError(f"{shown(url)} came in wrong pieces.", wrong=True)
                return
            if length.isdigit() and int(length) != part.size:
                raise _other_size(url, length, part.size)
        part.take(answer.iter_content(_BLOCK), url)
    if part.done < part.size:
        raise DownloadError(f"{shown(url)} broke off.", hints=(LATER,), unreachable=True)


def _get(url: str, headers: dict[str, str]) -> Any:
    from conda.base.context import context
    from conda.gateways.connection.download import disable_ssl_verify_warning
    from conda.gateways.connection.session import get_session

    if not context.ssl_verify:
        disable_ssl_verify_warning()
    session = get_session(url)
    return session.get(
        url,
        stream=True,
        # Compressed on the way, neither sizes nor ranges would mean the file's.
        headers={"Accept-Encoding": "identity", **headers},
        proxies=session.proxies,
        timeout=(context.remote_connect_timeout_secs, context.remote_read_timeout_secs),
    )


@contextlib.contextmanager
def _asking(url: str) -> Iterator[None]:
    """Say in words what goes wrong."""
    from ..fetching import in_words

    try:
        with _no_words_of_retries(), in_words(url):
            yield
    except AnswerError as error:
        raise DownloadError(
            error.message,
            hints=tuple(error.hints),
            unreachable=error.unreachable,
            silent=error.silent,
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


def _check_status(answer: Any, url: str) -> None:
    code = answer.status_code
    if code in (200, 206):
        return
    raise DownloadError(
        f"{shown(url)} {meaning(code)}.", hints=hints_for(code), missing=code in (403, 404, 410)
    )


def _other_size(url: str, found: str, promised: int) -> DownloadError:
    return DownloadError(
        f"{shown(url)} has {found} bytes where the manifest says {promised}, so it was thrown "
        "away and nothing was changed.",
        hints=(_OTHER_FILE,),
        wrong=True,
    )


def _broken(url: str, part: _Part, error: DownloadError) -> DownloadError:
    if not part.done:
        return error
    what = "Nothing more came" if error.silent else "The connection broke"
    return DownloadError(
        f"{what} after {part.done} of {part.size} bytes of {shown(url)}.",
        hints=(_AGAIN,),
        unreachable=True,
    )
