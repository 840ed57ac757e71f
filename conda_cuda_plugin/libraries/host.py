"""What the dynamic loader of this machine knows: its folders and its cache."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..platforms import Platform
from ..system.reading import read_bytes
from .elf import AARCH64, X86_64

CACHE = Path("/etc/ld.so.cache")
_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER, _ENTRY, _SECTION = 48, struct.Struct("<iIIIQ"), struct.Struct("<IIII")
_EXTENSION_MAGIC, _HWCAPS_TAG = 0xEAA42174, 1
_HAS_SUBDIRECTORY = 1 << 30
# ELF library for libc 6, and the architecture: the loader takes only entries that equal these.
_FLAGS = {X86_64: 0x0303, AARCH64: 0x0A03}
# Source: the System V ABI's processor supplements, as gcc and clang have them.
_LOADERS = {
    X86_64: Path("/lib64/ld-linux-x86-64.so.2"),
    AARCH64: Path("/lib/ld-linux-aarch64.so.1"),
}
_HWCAPS = "glibc-hwcaps/"
_PROBED = "/usr/share"
_WORDS = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z_]))")


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
    """Every entry, in the file's order; none when the cache is missing or broken."""
    try:
        content = read_bytes(path)
        return tuple(_entries(content[content.index(_MAGIC) :]))
    except (OSError, struct.error, IndexError, ValueError):
        return ()


def cached(
    entries: Sequence[CacheEntry], name: str, machine: int, subdirectories: Sequence[str]
) -> CacheEntry | None:
    """The one entry that the loader takes for a name that a program of an ELF machine asks for.

    The subdirectories are those of `glibc-hwcaps` that this processor can use, best first.
    """
    order = [*subdirectories, None]
    fitting = [
        entry
        for entry in entries
        if entry.name == name
        and entry.flags == _FLAGS.get(machine)
        and not entry.legacy_hwcap
        and entry.subdirectory in order
    ]
    return min(fitting, key=lambda entry: order.index(entry.subdirectory), default=None)


def _entries(content: bytes) -> Iterator[CacheEntry]:
    count, _, _, extensions = struct.unpack_from("<IIB3xI", content, len(_MAGIC))
    subdirectories = _subdirectories(content, extensions)
    rows = content[_HEADER : _HEADER + count * _ENTRY.size]
    for flags, key, value, _, hwcap in _ENTRY.iter_unpack(rows):
        named = hwcap >> 32 == _HAS_SUBDIRECTORY
        below = subdirectories[hwcap & 0xFFFFFFFF] if named else None
        texts = _text(content, key), _text(content, value)
        yield CacheEntry(*texts, flags, below, 0 if named else hwcap)


def _subdirectories(content: bytes, at: int) -> list[str]:
    """The names that entries refer to by number."""
    magic, count = struct.unpack_from("<II", content, at) if at else (0, 0)
    for row in range(count if magic == _EXTENSION_MAGIC else 0):
        tag, _, offset, size = _SECTION.unpack_from(content, at + 8 + row * _SECTION.size)
        if tag == _HWCAPS_TAG:
            keys = struct.unpack_from(f"<{size // 4}I", content, offset)
            return [_text(content, key) for key in keys]
    return []


def _text(content: bytes, at: int) -> str:
    return os.fsdecode(content[at : content.index(b"\0", at)])


@dataclass(frozen=True)
class Host:
    """The loader of a machine, and its cache."""

    machine: int
    """The ELF machine whose libraries it loads."""
    loader: Path
    cache: Path = CACHE

    @cached_property
    def entries(self) -> tuple[CacheEntry, ...]:
        """What is in the cache."""
        return read_cache(self.cache)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders it searches last."""
        below = tuple(f"/{name}" for name in self.subdirectories)
        found = [path for path in self._searched("system search path") if not path.endswith(below)]
        return tuple(found) or ("/lib64", "/usr/lib64", "/lib", "/usr/lib")

    @cached_property
    def subdirectories(self) -> tuple[str, ...]:
        """The folders below each folder that are searched before it, best first.

        Up to glibc 2.36 there are old ones beside `glibc-hwcaps`.
        """
        below = (
            path.removeprefix(_PROBED).strip("/") for path in self._searched("LD_LIBRARY_PATH")
        )
        return tuple(dict.fromkeys(filter(None, below)))

    @property
    def named_subdirectories(self) -> tuple[str, ...]:
        """The names below `glibc-hwcaps` that this processor can use, best first."""
        names = (name for name in self.subdirectories if name.startswith(_HWCAPS))
        return tuple(name.removeprefix(_HWCAPS) for name in names)

    @cached_property
    def lib(self) -> str:
        """What `$LIB` stands for: the part of the first system folder behind `/`."""
        return self.folders[0].removeprefix("/usr").strip("/")

    @property
    def platform(self) -> str:
        """What `$PLATFORM` stands for."""
        return "aarch64" if self.machine == AARCH64 else "x86_64"

    def _searched(self, why: str) -> list[str]:
        """The folders that the loader searches for one reason."""
        found = re.search(rf"search path=(\S+)\s+\({why}\)", self._report)
        return found[1].split(":") if found else []

    @cached_property
    def _report(self) -> str:
        """What the loader reports when it loads a program of the system, its only file."""
        try:
            done = subprocess.run(
                [self.loader, "--inhibit-cache", "--list", "/bin/true"],
                env={"LD_DEBUG": "libs", "LD_LIBRARY_PATH": _PROBED},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=5,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return (done.stdout + done.stderr).decode("utf-8", "replace")


def host_of(platform: Platform) -> Host:
    """The loader of this machine for programs of a platform."""
    machine = AARCH64 if platform.machine == "aarch64" else X86_64
    return Host(machine, _LOADERS[machine])


def expand(element: str, origin: str | None, host: Host) -> str | None:
    """An element with `$ORIGIN`, `$LIB` and `$PLATFORM` replaced; other dollars stay.

    Returns:
        None when the origin is not known, as the loader drops such an element.
    """
    words = {"ORIGIN": origin, "LIB": host.lib, "PLATFORM": host.platform}
    if origin is None and any((m[1] or m[2]) == "ORIGIN" for m in _WORDS.finditer(element)):
        return None
    return _WORDS.sub(lambda match: str(words[match[1] or match[2]]), element)
