"""What the loader reads of an ELF file: its kind, its names, and where it looks for libraries.

A reader of its own, because pyelftools takes 45 ms to import, a tenth of a whole conda command;
the tests hold this one against it. Layout: System V ABI, chapters 4 and 5; elf.h of glibc.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..system.reading import open_regular

X86_64, AARCH64 = 62, 183
_NAMES = {3: "32-bit x86", 21: "POWER", 40: "32-bit ARM", X86_64: "x86_64", AARCH64: "aarch64"}

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH, _FLAGS_1 = 1, 5, 10, 14, 15, 29, 0x6FFFFFFB
_NODEFLIB, _PIE = 0x800, 0x08000000
_EXECUTABLE = 2
_MOST = 2**20
"""No real program header table or dynamic section is larger than a megabyte."""


class NotLoadable(Exception):
    """The loader would stop at this file and print this text."""


@dataclass(frozen=True)
class ElfHeader:
    """The first bytes of an ELF file."""

    machine: int
    bits: int
    kind: int
    """2 executable, 3 shared object (or a position-independent executable)."""

    @property
    def architecture(self) -> str:
        """The machine in words."""
        return _NAMES.get(self.machine, f"machine {self.machine}")


@dataclass(frozen=True)
class ElfFile:
    """A program or a shared library, as far as the loader cares."""

    header: ElfHeader
    program: bool
    soname: str | None
    needed: tuple[str, ...]
    rpath: str | None
    """DT_RPATH as written; None when DT_RUNPATH is there too, for the loader ignores it then."""
    runpath: str | None
    no_default: bool
    """Linked with `-z nodefaultlib`: the system's folders are not searched."""


def read_header(path: str | os.PathLike[str]) -> ElfHeader:
    """The header of a file.

    Raises:
        OSError: when the file cannot be opened.
        NotLoadable: when it is not an ELF file; the texts are those of glibc's `open_verify`.
    """
    try:
        with open_regular(path) as file:
            return _header(file)
    except IsADirectoryError:
        raise NotLoadable("cannot read file data: Is a directory") from None


def read_elf(path: str | os.PathLike[str]) -> ElfFile:
    """What a file says of itself.

    Raises:
        OSError: when the file cannot be opened.
        NotLoadable: when it is not an ELF file of 64 bits, or a broken one.
    """
    with open_regular(path) as file:
        header = _header(file)
        with _broken():
            return _read(file, header)


def holds_symbol(path: str | os.PathLike[str], symbol: str) -> bool:
    """Whether a library's table of names has a symbol; False for what is not an ELF file.

    Raises:
        OSError: when the file cannot be opened.
    """
    with open_regular(path) as file, contextlib.suppress(NotLoadable):
        header = _header(file)
        with _broken():
            segments = _Segments(file, header)
            tags = dict(segments.tags)
            file.seek(segments.offset(tags[_STRTAB]))
            table = file.read(min(tags[_STRSZ], 2**28))
        return b"\0" + symbol.encode() + b"\0" in table
    return False


@contextlib.contextmanager
def _broken() -> Iterator[None]:
    """Refuse a file whose content leads nowhere."""
    try:
        yield
    except (struct.error, ValueError, KeyError, OverflowError, OSError):
        # The system refuses to seek to some of the places that a broken file names.
        raise NotLoadable("cannot read file data") from None


def _header(file: BinaryIO) -> ElfHeader:
    start = file.read(64)
    if len(start) < 52:
        raise NotLoadable("file too short")
    if start[:4] != b"\x7fELF":
        raise NotLoadable("invalid ELF header")
    if start[4] not in (1, 2) or start[6] != 1:
        raise NotLoadable("ELF file version ident does not match current one")
    bits = 64 if start[4] == 2 else 32
    if bits == 64 and start[5] != 1:
        # Every platform that has CUDA is little-endian and has 64 bits.
        raise NotLoadable("ELF file data encoding not little-endian")
    if bits == 64 and len(start) < 64:
        raise NotLoadable("file too short")
    kind, machine = struct.unpack_from("<HH", start, 16)
    return ElfHeader(machine, bits, kind)


class _Segments:
    """The program headers of a file, and the contents of those that matter here."""

    def __init__(self, file: BinaryIO, header: ElfHeader) -> None:
        if header.bits != 64:
            raise NotLoadable("wrong ELF class: ELFCLASS32")
        self.loads: list[tuple[int, int, int]] = []
        """(address, offset, size in the file)"""
        self.interpreter: str | None = None
        self.tags: list[tuple[int, int]] = []
        """The dynamic section."""
        file.seek(0)
        start = file.read(64)
        (table,) = struct.unpack_from("<Q", start, 32)
        size, count = struct.unpack_from("<HH", start, 54)
        file.seek(table)
        rows = file.read(min(size * count, _MOST))
        for at in range(0, len(rows) - size + 1, size):
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", rows, at)
            if kind == _PT_LOAD:
                self.loads.append((address, offset, length))
            elif kind in (_PT_DYNAMIC, _PT_INTERP):
                file.seek(offset)
                content = file.read(min(length, _MOST))
                if kind == _PT_INTERP:
                    self.interpreter = os.fsdecode(content.split(b"\0")[0])
                else:
                    whole = struct.iter_unpack("<QQ", content[: len(content) // 16 * 16])
                    self.tags = list(itertools.takewhile(lambda row: row[0] != 0, whole))

    def offset(self, address: int) -> int:
        """Where in the file an address lies."""
        for start, offset, length in self.loads:
            if start <= address < start + length:
                return offset + address - start
        raise ValueError(f"address {address:#x} lies in no segment")


def _read(file: BinaryIO, header: ElfHeader) -> ElfFile:
    segments = _Segments(file, header)
    single = dict(segments.tags)

    def text(at: int) -> str:
        file.seek(strings + at)
        return os.fsdecode(file.read(2**16).split(b"\0")[0])

    strings = segments.offset(single[_STRTAB]) if _STRTAB in single else 0
    if not strings and {_SONAME, _NEEDED, _RPATH, _RUNPATH}.intersection(single):
        raise ValueError("no table of names")
    runpath = text(single[_RUNPATH]) if _RUNPATH in single else None
    rpath = text(single[_RPATH]) if _RPATH in single and runpath is None else None
    flags = single.get(_FLAGS_1, 0)
    program = segments.interpreter is not None and (header.kind == _EXECUTABLE or flags & _PIE)
    return ElfFile(
        header,
        bool(program),
        text(single[_SONAME]) if _SONAME in single else None,
        tuple(text(value) for tag, value in segments.tags if tag == _NEEDED),
        rpath,
        runpath,
        bool(flags & _NODEFLIB),
    )
