"""A zip file that is read while it comes, and the content of its members."""

from __future__ import annotations

import contextlib
import copy
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, cast

from .package import TOO_MUCH, Refused

_library: Any = zlib
with contextlib.suppress(ImportError):
    from isal import isal_zlib

    _library = isal_zlib

_END = 2**17
"""Bytes of the end that are asked for at once: the list, and what a wheel says of itself."""
_LARGEST_END = 2**24
_HEADER = 2**17
"""What is no longer than this is read whole; of a larger piece any part will do."""
_BLOCK = 2**18


class NotInOrderError(Exception):
    """A file whose list cannot be had before all of it has come."""


class Coming(io.RawIOBase):
    """A file that `zipfile` reads, first at its end, and from `begin` on from front to back.

    Args:
        name: what it is called.
        size: its bytes.
        blocks: all of it, in order.
        piece: asks for the bytes from one place to another.
        least: how many bytes of the end are asked for at once.
    """

    def __init__(
        self,
        name: str,
        size: int,
        blocks: Iterator[bytes],
        piece: Callable[[int, int], bytes],
        least: int = _END,
    ) -> None:
        self.name, self.size = name, size
        self._blocks, self._piece, self._least = blocks, piece, least
        self._end = b""
        self._at, self._begun = 0, False
        self._block, self._start = b"", 0

    def begin(self) -> None:
        """From now on nothing is read twice, or before what comes first."""
        self._begun = True

    def finish(self) -> bool:
        """Wait for the rest; whether the end was the one that has come."""
        self._begun = True
        try:
            while self._next():
                pass
        except zipfile.BadZipFile:
            return False
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, as far as zipfile needs it."""
        return True

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as in any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the file")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes, some of them at least; none at the end.

        Raises:
            zipfile.BadZipFile: when what is wanted came earlier, or the end was another one.
            NotInOrderError: when what is wanted before the beginning lies too far from the end.
        """
        left = max(0, self.size - self._at)
        size = left if size < 0 else min(size, left)
        place = self._at - (self.size - len(self._end))
        if place < 0 and not self._begun:
            self._ask()
            return self.read(size)
        if place >= 0:
            data = self._end[place : place + size]
        elif size <= (rest := self._start + len(self._block) - self._at) or not size:
            data = self._from_block(size)
        else:
            data = self._from_block(rest) if rest > 0 else b""
            least = size if size <= _HEADER else 1
            while len(data) < least and self._next():
                data += self._from_block(size - len(data), len(data))
        self._at += len(data)
        return data

    def _from_block(self, size: int, ahead: int = 0) -> bytes:
        place = self._at + ahead - self._start
        if place < 0:
            raise zipfile.BadZipFile("its members lie across each other")
        if not place and size >= len(self._block):
            return self._block
        return self._block[place : place + size]

    def _next(self) -> bool:
        """Take the next block; whether there is one."""
        self._start += len(self._block)
        self._block = next(self._blocks, b"")
        over = self._start + len(self._block) - (self.size - len(self._end))
        if over > 0:
            began = max(0, over - len(self._block))
            if self._block[-min(over, len(self._block)) :] != self._end[began:over]:
                raise zipfile.BadZipFile("its end is that of another file")
        return bool(self._block)

    def _ask(self) -> None:
        """Get what is wanted of the end, and something before it."""
        have = self.size - len(self._end)
        start = max(0, min(self._at, have) - self._least)
        if self.size - start > _LARGEST_END and self.size > _LARGEST_END:
            raise NotInOrderError
        self._end = self._piece(start, have) + self._end


def read_info(archive: zipfile.ZipFile, most: Mapping[str, int]) -> dict[str, bytes]:
    """What a wheel says of itself: some files of its `.dist-info`, as far as it has them.

    Args:
        most: their names, each with the bytes that it may have.

    Raises:
        Refused: when one is larger.
    """
    found: dict[str, bytes] = {}
    for info in archive.infolist():
        folder, _, name = info.filename.partition("/")
        if folder.endswith(".dist-info") and name in most and name not in found:
            if info.file_size > most[name]:
                raise Refused(TOO_MUCH)
            found[name] = read_member(archive, info)
    return found


def open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    """Open a member for reading.

    Raises:
        what zipfile raises, here and from reading, when the file is damaged.
    """
    if info.header_offset < 0:
        # To the system such a place is an error of whoever asks, and not of the file.
        raise zipfile.BadZipFile(f"{info.filename!r} lies before it")
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return cast(BinaryIO, _Inflated(archive, info))
    if info.compress_type != zipfile.ZIP_STORED:
        # zipfile takes what bzip2 and lzma make of a block into memory, however much it is.
        raise zipfile.BadZipFile(f"{info.filename!r} is packed as in none of NVIDIA's")
    return cast(BinaryIO, archive.open(info))


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """All of a small member; zipfile would inflate more of it than it says.

    Raises:
        what zipfile raises when the file is damaged.
    """
    data = bytearray()
    with open_member(archive, info) as member:
        # One byte more than it may have shows that there is more.
        while block := member.read(min(_BLOCK, info.file_size + 1 - len(data))):
            data += block
            if len(data) > info.file_size:
                raise zipfile.BadZipFile(f"{info.filename!r} is longer than it says")
    return bytes(data)


class _Inflated(io.RawIOBase):
    """A deflated member, which zipfile gives as it lies there."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        lying = copy.copy(info)
        lying.compress_type, lying.file_size = zipfile.ZIP_STORED, info.compress_size
        # zipfile looks at no sum then; that of the content is looked at here.
        lying.CRC = cast(Any, None)
        self._raw, self._info = cast(zipfile.ZipExtFile, archive.open(lying)), info
        self._machine = _library.decompressobj(-zlib.MAX_WBITS)
        self._input, self._sum = b"", 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, some of them at least; none at the end."""
        while not self._machine.eof:
            given = self._input or self._raw.read1(_BLOCK)
            try:
                data: bytes = self._machine.decompress(given, _BLOCK if size < 0 else size)
            except _library.error as error:
                raise zlib.error(str(error)) from error
            self._input = self._machine.unconsumed_tail
            if data:
                self._sum = _library.crc32(data, self._sum)
                return data
            if not given:
                raise EOFError("it ends too early")
        if self._sum != self._info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._info.filename!r}")
        return b""

    def close(self) -> None:
        """Close the member, not the archive."""
        self._raw.close()
        super().close()
