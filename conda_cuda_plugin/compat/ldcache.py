"""The loader's cache of library paths, `/etc/ld.so.cache`.

The file itself is read and not the output of `ldconfig -p`: ldconfig is often not on PATH, and
its words are translated. Layout: dl-cache.h of glibc 2.36; entries of the older layout are left
out, for every glibc since 2.2 writes the newer one, alone or behind the old.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..reading import read_bytes
from .elf import AARCH64, X86_64

CACHE = Path("/etc/ld.so.cache")
_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER, _ENTRY, _SECTION = 48, struct.Struct("<iIIIQ"), struct.Struct("<IIII")
_EXTENSION_MAGIC, _HWCAPS_TAG = 0xEAA42174, 1
_HAS_SUBDIRECTORY = 1 << 62
# ELF library for libc 6, and the architecture: the loader takes only entries that equal these.
_FLAGS = {X86_64: 0x0303, AARCH64: 0x0A03}


@dataclass(frozen=True)
class CacheEntry:
    """One line of `ldconfig -p`."""

    name: str
    path: str
    flags: int
    subdirectory: str | None
    """The name below `glibc-hwcaps` for which the library was built."""
    legacy_hwcap: int = 0


def read_cache(path: Path = CACHE) -> tuple[CacheEntry, ...]:
    """Every entry, in the file's order; none when there is no cache or it is no such file."""
    try:
        content = read_bytes(path)
    except OSError:
        return ()
    start = content.find(_MAGIC)
    if start < 0:
        return ()
    try:
        return tuple(_entries(content[start:]))
    except (struct.error, IndexError, ValueError):
        return ()


def cached(
    entries: Sequence[CacheEntry], name: str, machine: int, subdirectories: Sequence[str]
) -> CacheEntry | None:
    """The one entry that the loader takes for a name.

    Args:
        entries: from `read_cache`.
        name: what a program asks for.
        machine: the program's ELF machine.
        subdirectories: names below `glibc-hwcaps` that this processor can use, best first.
    """
    plain, best = None, None
    for entry in entries:
        if entry.name != name or entry.flags != _FLAGS.get(machine) or entry.legacy_hwcap:
            continue
        if entry.subdirectory is None:
            plain = plain or entry
        elif entry.subdirectory in subdirectories:
            rank = subdirectories.index(entry.subdirectory)
            if best is None or rank < best[0]:
                best = (rank, entry)
    return best[1] if best else plain


def _entries(content: bytes) -> Iterator[CacheEntry]:
    count, _, _, extensions = struct.unpack_from("<IIB3xI", content, len(_MAGIC))
    subdirectories = _subdirectories(content, extensions)
    rows = content[_HEADER : _HEADER + count * _ENTRY.size]
    for flags, key, value, _, hwcap in _ENTRY.iter_unpack(rows):
        named = hwcap >> 32 == _HAS_SUBDIRECTORY >> 32
        yield CacheEntry(
            _text(content, key),
            _text(content, value),
            flags,
            subdirectories[hwcap & 0xFFFFFFFF] if named else None,
            0 if named else hwcap,
        )


def _subdirectories(content: bytes, at: int) -> Mapping[int, str]:
    """The names that entries refer to by number."""
    found: dict[int, str] = {}
    if not at:
        return found
    magic, count = struct.unpack_from("<II", content, at)
    if magic != _EXTENSION_MAGIC:
        return found
    for row in range(count):
        tag, _, offset, size = _SECTION.unpack_from(content, at + 8 + row * _SECTION.size)
        if tag == _HWCAPS_TAG:
            for number in range(size // 4):
                (key,) = struct.unpack_from("<I", content, offset + 4 * number)
                found[number] = _text(content, key)
    return found


def _text(content: bytes, at: int) -> str:
    return os.fsdecode(content[at : content.index(b"\0", at)])
