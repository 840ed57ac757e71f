"""The content of a zip file's members, inflated by isal where it is installed: it takes a third of
the time that zlib takes."""

from __future__ import annotations

import contextlib
import copy
import io
import zipfile
import zlib
from typing import Any, BinaryIO, cast

_library: Any = zlib
with contextlib.suppress(ImportError):
    from isal import isal_zlib

    _library = isal_zlib

_BLOCK = 2**18


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
