"""What a DLL needs: the import table of a Windows file (Microsoft's specification of PE)."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from ..system.reading import open_regular
from .elf import NotLoadable

_MOST = 2**20
_MOST_IMPORTS = 4096
_PLUS = 0x20B
"""The magic number of files of 64 bits."""


def read_imports(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """The names of the DLLs that a DLL or a program loads with itself.

    Raises:
        OSError: when the file cannot be opened.
        NotLoadable: when it is not a file of Windows, or a broken one.
    """
    with open_regular(path) as file:
        try:
            return _imports(file)
        except (struct.error, ValueError, OverflowError):
            raise NotLoadable("no DLL, or a broken one") from None


def _imports(file: BinaryIO) -> tuple[str, ...]:
    start = file.read(64)
    if start[:2] != b"MZ":
        raise ValueError("no DLL")
    (header,) = struct.unpack_from("<I", start, 60)
    file.seek(header)
    fields = file.read(24 + 240)
    if fields[:4] != b"PE\0\0":
        raise ValueError("no DLL")
    sections, optional = (
        struct.unpack_from("<H", fields, 6)[0],
        struct.unpack_from("<H", fields, 20)[0],
    )
    (magic,) = struct.unpack_from("<H", fields, 24)
    (table,) = struct.unpack_from("<I", fields, 24 + (112 if magic == _PLUS else 96) + 8)
    file.seek(header + 24 + optional)
    rows = file.read(min(40 * sections, _MOST))
    parts = [struct.unpack_from("<III", rows, at + 12) for at in range(0, len(rows) - 39, 40)]

    def read(address: int, size: int) -> bytes:
        for begin, length, place in parts:
            if begin <= address < begin + length:
                file.seek(place + address - begin)
                return file.read(size)
        return b""

    names = []
    for row in range(_MOST_IMPORTS if table else 0):
        entry = read(table + 20 * row, 20)
        if len(entry) < 20 or not any(entry):
            break
        (name,) = struct.unpack_from("<I", entry, 12)
        names.append(os.fsdecode(read(name, 260).split(b"\0")[0]))
    return tuple(filter(None, names))
