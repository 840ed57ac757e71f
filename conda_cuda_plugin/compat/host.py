"""What the dynamic loader of this machine knows by itself: its folders, its cache, its words.

The loader is asked (`ld.so --help`), for distributions build it with folders of their own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..platforms import Platform
from .elf import AARCH64, X86_64
from .ldcache import CACHE, CacheEntry, read_cache

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
