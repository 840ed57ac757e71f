"""What the dynamic loader of this machine knows: its folders and its cache."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
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


# Source: the System V ABI's processor supplements, as gcc and clang have them.
_LOADERS = {
    X86_64: Path("/lib64/ld-linux-x86-64.so.2"),
    AARCH64: Path("/lib/ld-linux-aarch64.so.1"),
}
_PROBED = "/usr/share"
_WORDS = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z_]))")


@dataclass(frozen=True)
class Host:
    """A machine's loader.

    Args:
        machine: the ELF machine whose libraries it loads.
        loader: the loader itself.
        cache: its cache.
    """

    machine: int
    loader: Path
    cache: Path = CACHE

    @cached_property
    def entries(self) -> tuple[CacheEntry, ...]:
        """What is in the cache."""
        return read_cache(self.cache)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders it searches last."""
        found = re.findall(r"^  (/\S.*) \(system search path\)$", self._help, re.MULTILINE)
        return tuple(found) or ("/lib64", "/usr/lib64", "/lib", "/usr/lib")

    @cached_property
    def named_subdirectories(self) -> tuple[str, ...]:
        """The names below `glibc-hwcaps` that this processor can use, best first."""
        rest = self._help.partition("glibc-hwcaps directories")[2]
        part = rest.partition("Legacy HWCAP")[0]
        return tuple(re.findall(r"^  (\S+) \(supported, searched\)$", part, re.MULTILINE))

    @cached_property
    def subdirectories(self) -> tuple[str, ...]:
        """The folders below each folder that are searched before it, best first.

        Up to glibc 2.36 there are old ones beside `glibc-hwcaps`, which only a search shows.
        """
        shown = self._run(["/bin/true"], LD_DEBUG="libs", LD_LIBRARY_PATH=_PROBED)
        path = re.search(r"search path=(\S+)\s+\(LD_LIBRARY_PATH\)", shown)
        if path is None:
            return tuple(f"glibc-hwcaps/{name}" for name in self.named_subdirectories)
        below = (folder.removeprefix(_PROBED).strip("/") for folder in path[1].split(":"))
        return tuple(dict.fromkeys(folder for folder in below if folder))

    @cached_property
    def lib(self) -> str:
        """What `$LIB` stands for: the part of the first system folder behind `/`."""
        return self.folders[0].removeprefix("/usr").strip("/")

    @property
    def platform(self) -> str:
        """What `$PLATFORM` stands for."""
        return "aarch64" if self.machine == AARCH64 else "x86_64"

    @cached_property
    def _help(self) -> str:
        """What the loader says of itself; empty before glibc 2.33 and where it cannot be run."""
        return self._run(["--help"])

    def _run(self, words: Sequence[str], **variables: str) -> str:
        try:
            done = subprocess.run(
                [self.loader, *words],
                env=variables,
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


def elements(text: str | None, separators: str) -> tuple[str, ...]:
    """The elements of a search path; none when it is unset or empty.

    Args:
        text: the path.
        separators: a pattern; an element may be empty.
    """
    return tuple(re.split(separators, text)) if text else ()


def expand(element: str, origin: str | None, host: Host) -> str | None:
    """An element with `$ORIGIN`, `$LIB` and `$PLATFORM` replaced; other dollars stay.

    Returns:
        None when the origin is not known, as the loader drops such an element.
    """
    words = {"ORIGIN": origin, "LIB": host.lib, "PLATFORM": host.platform}
    if origin is None and any((m[1] or m[2]) == "ORIGIN" for m in _WORDS.finditer(element)):
        return None
    return _WORDS.sub(lambda match: str(words[match[1] or match[2]]), element)
