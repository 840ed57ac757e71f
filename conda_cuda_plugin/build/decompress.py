"""Reading compressed data from anywhere: forwards, and never more than is plausible."""

from __future__ import annotations

import lzma
import zlib
from typing import Any, BinaryIO

from .package import MOST_BYTES, TOO_MUCH, Refuse

MOST_RATIO = 100
"""Real libraries and headers shrink to a tenth at best; xz shrinks zeros 7000 times."""
SLACK = 64 * 2**20
"""Bytes that even the smallest archive may unpack to."""
_FEW_MEMBERS = 10_000
_LEAST_FOR_A_MEMBER = 64
"""Compressed bytes; the many small headers of CUDA's C++ libraries have 250 each."""
_MOST_MEMORY = 512 * 2**20
"""Bytes that unpacking may need; archives made with `xz -9` need 65 MB."""
_MOST_AT_ONCE = 2**24
_BLOCK = 2**18
_XZ, _GZIP = b"\xfd7zXZ\0", b"\x1f\x8b"


def most_bytes(compressed: int) -> int:
    """How much an archive may unpack to, in bytes, by its own size."""
    return min(MOST_BYTES, SLACK + MOST_RATIO * compressed)


def most_members(compressed: int) -> int:
    """How many files and folders an archive may hold, by its own size in bytes."""
    return _FEW_MEMBERS + compressed // _LEAST_FOR_A_MEMBER


class Decompressed:
    """The content of an .xz or .gz file, for `tarfile`: it can be read and skipped.

    Args:
        file: the compressed file.
        size: its size in bytes.
        archive: its name, for the message.
        error: makes the error that is raised when there is more in it than in any real one.

    Raises:
        EOFError, LZMAError, zlib.error: from reading, when it is damaged.
    """

    def __init__(self, file: BinaryIO, size: int, archive: str, error: Refuse) -> None:
        self._file, self._archive, self._error = file, archive, error
        self._left = most_bytes(size)
        self._at = 0
        self._ready, self._used = b"", 0
        self._input = file.read(_BLOCK)
        self._decompressor = self._new()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer only at the end."""
        if not 0 <= size <= _MOST_AT_ONCE:
            # A header that is to be taken into memory whole.
            raise self._error(self._archive, TOO_MUCH)
        while len(self._ready) - self._used < size and (more := self._more()):
            self._ready, self._used = self._ready[self._used :] + more, 0
        data = self._ready[self._used : self._used + size]
        self._used += len(data)
        self._at += len(data)
        return data

    def tell(self) -> int:
        """How many bytes were read or skipped."""
        return self._at

    def seek(self, place: int) -> int:
        """Go on at a later place.

        Raises:
            ValueError: when the place has been passed, or lies behind the end.
        """
        if place < self._at:
            raise ValueError("it can be read forwards only")
        while self._at < place:
            if not self.read(min(place - self._at, _BLOCK)):
                raise EOFError("it ends too early")
        return self._at

    def finish(self) -> None:
        """Read to the end, so that the checksum of the last block is looked at."""
        while self.read(_BLOCK):
            pass

    def _new(self) -> Any:
        if self._input.startswith(_XZ):
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)
        if self._input.startswith(_GZIP):
            return zlib.decompressobj(wbits=31)
        raise ValueError("it is neither xz nor gzip")

    def _more(self) -> bytes:
        """Some more content; empty at the end."""
        while True:
            if self._decompressor.eof:
                # xz files may be joined, with zeros in between.
                rest = self._decompressor.unused_data or self._input
                self._input = (rest or self._file.read(_BLOCK)).lstrip(b"\0")
                if not self._input:
                    return b""
                self._decompressor = self._new()
            data = self._step()
            if data:
                self._left -= len(data)
                if self._left < 0:
                    raise self._error(self._archive, TOO_MUCH)
                return data

    def _step(self) -> bytes:
        machine = self._decompressor
        if isinstance(machine, lzma.LZMADecompressor):
            given = b""
            if machine.needs_input:
                given = self._take()
            return machine.decompress(given, _BLOCK)
        data: bytes = machine.decompress(self._input or self._take(), _BLOCK)
        self._input = machine.unconsumed_tail
        return data

    def _take(self) -> bytes:
        """The next compressed bytes."""
        data = self._input or self._file.read(_BLOCK)
        self._input = b""
        if not data:
            raise EOFError("it ends too early")
        return data
