"""Reading .xz and .gz files: forwards, and never more than is plausible."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from .package import MOST_BYTES, TOO_MUCH, Refused

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

    Raises:
        Refused: from reading, when there is more in it than in any real one.
        EOFError, LZMAError, zlib.error: when it is damaged.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._left, self._at = most_bytes(size), 0
        self._ready, self._used = b"", 0
        self._blocks = _content(file)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer only at the end."""
        if not 0 <= size <= _MOST_AT_ONCE:
            # A header that is to be taken into memory whole.
            raise Refused(TOO_MUCH)
        while len(self._ready) - self._used < size and (more := next(self._blocks, b"")):
            self._left -= len(more)
            if self._left < 0:
                raise Refused(TOO_MUCH)
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
        """Read to the end, so that the checksum of the last block is checked."""
        while self.read(_BLOCK):
            pass


def _content(file: BinaryIO) -> Iterator[bytes]:
    """What is in a compressed file, block by block."""
    data = file.read(_BLOCK)
    while data:
        machine = _machine(data)
        is_xz = isinstance(machine, lzma.LZMADecompressor)
        while not machine.eof:
            given = b"" if is_xz else machine.unconsumed_tail
            if machine.needs_input if is_xz else not given:
                given, data = data or file.read(_BLOCK), b""
                if not given:
                    raise EOFError("it ends too early")
            if block := machine.decompress(given, _BLOCK):
                yield block
        # Files may be joined, those of xz with zeros in between.
        data = (machine.unused_data or file.read(_BLOCK)).lstrip(b"\0")


def _machine(start: bytes) -> Any:
    if start.startswith(_XZ):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)
    if start.startswith(_GZIP):
        return zlib.decompressobj(wbits=31)
    raise ValueError("it is neither xz nor gzip")
