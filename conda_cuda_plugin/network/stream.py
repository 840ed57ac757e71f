"""Large files that come block by block or in ranges, and go on where they broke off."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from conda.base.context import context

from ..system.files import Inside
from ..system.ownership import is_open
from ..system.reading import open_regular
from ..system.threads import in_order
from .addresses import shown_address as shown
from .connections import LATER, AnswerError
from .download import IDENTITY, blocks_of, check_status, get, in_words

Get = Callable[[str, dict[str, str]], Any]
"""Asks for an address with some headers."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)
_BLOCK, _LARGEST = 2**14, 2**18
"""Bytes to read at once. A block that breaks off is lost, small ones make threads wait, and memory
for larger ones is asked of the system each time."""
_PIECE, _AT_ONCE = 2**22, 4
_MOST_BYTES = 16 * 2**30
"""More than any installer of NVIDIA's has."""
_SAMPLE = 2**23
"""Bytes after which it is known whether they come fast."""
_FAST, _SLOW = 50e6, 25e6
"""Bytes per second of one connection: half of what a disk takes, and what several may exceed."""
_WORTH_PIECES = 2**25
_AGAIN = "Run the same command again: it goes on where it stopped."
_OTHER_FILE = "The mirror or proxy in between may hold another or a damaged file."


class Incoming:
    """A file on its way.

    Args:
        part: where what has come is kept; what is there already is taken if it fits.
        size: the promised bytes; None where the server has to say.
        sha256: the promised hash, where there is one.
        progress: called with bytes done and bytes in all.
        ask: asks for an address with some headers; conda's session by default.
        waiting: is entered for as long as the server is waited for.
        whole: whether all of it has to be in `part` in the end.
        several: is held by the one file that comes over several connections.
    """

    def __init__(
        self,
        url: str,
        part: Path,
        *,
        size: int | None,
        sha256: str | None,
        progress: Callable[[int, int], None],
        ask: Get = get,
        waiting: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext,
        whole: bool = True,
        several: threading.Lock | None = None,
    ) -> None:
        self.url, self.size = url, size
        self._part, self._sha256, self._progress = part, sha256, progress
        self.ask, self._waiting = ask, waiting
        self._whole, self._kept, self._ranges = whole, True, True
        self._several, self._pieces = several or threading.Lock(), True
        self._file: BinaryIO | None = None
        self._files, self._digest = Inside(part.parents[1]), hashlib.sha256()
        self._done, self._came, self._waited = 0, 0, 0.0
        self._files.make_folder(part.parent)
        if is_open(part):
            self._files.remove(part)  # It could become another file after it was hashed.

    def blocks(self) -> Iterator[bytes]:
        """All of the file, in order; nothing tells yet that it is the right one.

        Raises:
            AnswerError: when it cannot be had; what has arrived stays. Wrong: nothing stays then.
            OSError: when the disk fails.
        """
        patience = context.remote_max_retries
        try:
            yield from self._there()
            while self.size is None or self._done < self.size:
                before = self._done
                try:
                    with in_words(self.url):
                        yield from self._in_a_row()
                        if self._is_worth_pieces:
                            yield from self._in_pieces()
                except AnswerError as error:
                    if not error.unreachable:
                        raise
                    if error.silent:
                        raise self._broken(error) from error
                    patience = patience - 1 if self._done <= before else context.remote_max_retries
                    if patience < 0:
                        raise self._broken(error) from error
        except AnswerError as error:
            if error.wrong or not self._done:
                self.forget()
            raise
        finally:
            self._close()

    def whole(self) -> None:
        """Let all of it come, and check it; errors are those of `blocks` and `check`."""
        for _ in self.blocks():
            pass
        self.check()

    def check(self) -> None:
        """Make sure, when all of it has come, that it is the right file.

        Raises:
            AnswerError: when it is not; nothing of it stays.
        """
        if self._sha256 not in (None, self._digest.hexdigest()):
            self.forget()
            raise AnswerError(
                shown(self.url),
                "does not have the sha256 that the manifest gives for it, so it was thrown away "
                "and nothing was changed",
                hints=(_OTHER_FILE,),
                wrong=True,
            )

    def forget(self) -> None:
        """Keep nothing of what has come."""
        self._kept = False
        self._close()
        self._files.remove(self._part)

    def _close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _there(self) -> Iterator[bytes]:
        """What an earlier command has left."""
        with contextlib.suppress(FileNotFoundError), open_regular(self._part, links=False) as file:
            if self.size is None or file.seek(0, 2) <= self.size:
                file.seek(0)
                while block := file.read(_LARGEST):
                    self._count(block)
                    yield block
                return
        self._files.remove(self._part)

    def _in_a_row(self) -> Iterator[bytes]:
        """What is missing, in one answer, as far as it comes."""
        from_start = not self._done or not self._ranges
        headers = IDENTITY if from_start else {**IDENTITY, "Range": f"bytes={self._done}-"}
        with self._waiting():
            answer = self.ask(self.url, headers)
        with answer:
            if answer.status_code == 200 and answer.headers.get("Accept-Ranges") != "bytes":
                self._pieces = False
            skip = self._begin(answer)
            if skip is None:
                return
            block_size = max(_BLOCK, min(_LARGEST, ((self.size or 0) - self._done) // 64))
            for block in self._received(blocks_of(answer, block_size)):
                new = block[skip:] if skip else block
                skip = max(0, skip - len(block))
                yield from self._take(new)
                if self._is_worth_pieces and self._several.acquire(blocking=False):
                    self._several.release()
                    return
        if self._done < (self.size or 0):
            raise AnswerError(shown(self.url), "broke off", hints=(LATER,), unreachable=True)

    def _begin(self, answer: Any) -> int | None:
        """How many bytes of an answer are there already; None when it is of no use."""
        if answer.status_code == 416 and self._done:
            raise self._other_size(f"no more than {self._done}")
        check_status(answer, self.url)
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        # Of a file of this machine conda gives a number.
        length = str(answer.headers.get("Content-Length", ""))
        if self.size is None:
            self.size = _said_size(self.url, found[3] if found else length)
        if answer.status_code == 200:
            # Not every server knows of ranges.
            if length.isdigit() and int(length) != self.size:
                raise self._other_size(length)
            return self._done
        if found and int(found[1]) == self._done and self._ranges:
            if found[3] not in ("*", str(self.size)):
                raise self._other_size(found[3])
            return 0
        if not self._done or not self._ranges:
            raise AnswerError(shown(self.url), "came in wrong pieces", wrong=True)
        self._ranges = False
        return None

    def _in_pieces(self) -> Iterator[bytes]:
        """What is missing, over several connections; nothing where another file has them."""
        assert self.size is not None
        before = self._done
        if not self._several.acquire(blocking=False):
            return
        try:
            for block in self._received(_in_pieces(self.url, before, self.size, self.ask)):
                yield from self._take(block)
        except AnswerError as error:
            if error.unreachable and self._done > before:
                raise
            # Perhaps the server does not want so many: the rest comes in a row.
            self._pieces = False
        finally:
            self._several.release()

    def _received(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        while True:
            since = time.monotonic()
            with self._waiting():
                block = next(blocks, None)
            if block is None:
                return
            self._waited += time.monotonic() - since
            self._came += len(block)
            yield block

    def _take(self, block: bytes) -> Iterator[bytes]:
        if self._done + len(block) > (self.size or 0):
            raise self._other_size(f"more than {self.size}")
        if not block:
            return
        if self._kept and not self._whole and self._is_fast:
            self.forget()
        if self._kept:
            self._file = self._file or self._files.append(self._part)
            self._file.write(block)
            self._file.flush()
        self._count(block)
        yield block

    def _count(self, block: bytes) -> None:
        self._digest.update(block)
        self._done += len(block)
        self._progress(self._done, self.size or self._done)

    @property
    def _is_fast(self) -> bool:
        return self._came >= _SAMPLE and self._came > _FAST * self._waited

    @property
    def _is_worth_pieces(self) -> bool:
        return (
            self._pieces
            and self._came >= _SAMPLE
            and self._came < _SLOW * self._waited
            and (self.size or 0) - self._done >= _WORTH_PIECES
        )

    def _other_size(self, found: str) -> AnswerError:
        return AnswerError(
            shown(self.url),
            f"has {found} bytes where the manifest says {self.size}, so it was thrown away and "
            "nothing was changed",
            hints=(_OTHER_FILE,),
            wrong=True,
        )

    def _broken(self, error: AnswerError) -> AnswerError:
        if not self._done:
            return error
        who, what = ("Nothing more", "came") if error.silent else ("The connection", "broke")
        return AnswerError(
            who,
            f"{what} after {self._done} of {self.size} bytes of {shown(self.url)}",
            hints=(_AGAIN if self._kept else LATER,),
            unreachable=True,
        )


def download(
    url: str,
    part: Path,
    *,
    size: int | None,
    sha256: str,
    progress: Callable[[int, int], None],
    waiting: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext,
) -> None:
    """Download a file, or what is missing of it; arguments and errors are those of `Incoming`."""
    Incoming(url, part, size=size, sha256=sha256, progress=progress, waiting=waiting).whole()


def _said_size(url: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _MOST_BYTES:
        raise AnswerError(shown(url), "has no size that can be believed")
    return int(text)


def _in_pieces(url: str, start: int, size: int, ask: Get) -> Iterator[bytes]:
    """The rest of a file from a place on, several pieces of it at a time, in their order."""
    ends = [(at, min(at + _PIECE, size)) for at in range(start, size, _PIECE)]
    return in_order(lambda ends: piece(url, *ends, size, ask), ends, _AT_ONCE)


def piece(url: str, first: int, end: int, size: int, ask: Get) -> bytes:
    """A piece of a file.

    Args:
        first: its first byte.
        end: the byte behind its last one.

    Raises:
        AnswerError: when it does not come as it was asked for. Unreachable: when another try
            may help.
    """
    blocks, left = [], end - first
    wrong = AnswerError(shown(url), "came in wrong pieces", hints=(LATER,), unreachable=True)
    headers = {**IDENTITY, "Range": f"bytes={first}-{end - 1}"}
    with in_words(url), ask(url, headers) as answer:
        check_status(answer, url)
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        wanted = (str(first), str(end - 1))
        if answer.status_code != 206 or not found or found.groups()[:2] != wanted:
            raise wrong
        if found[3] not in ("*", str(size)):
            raise wrong
        for block in blocks_of(answer, _LARGEST):
            blocks.append(block)
            left -= len(block)
            if left < 0:
                raise wrong
    if left:
        raise AnswerError(shown(url), "broke off", hints=(LATER,), unreachable=True)
    return b"".join(blocks)
