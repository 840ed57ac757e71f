"""The folders that the dynamic loader searches for one that asks, in order, and why.

Source: ld.so(8), and `fillin_rpath` and `_dl_map_object` in glibc's elf/dl-load.c (2.36).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .elf import ElfFile, NotLoadable, read_elf
from .host import Host, expand


class Rule(str, Enum):
    """Which part of the search a folder belongs to."""

    RPATH = "DT_RPATH"
    LIBRARY_PATH = "LD_LIBRARY_PATH"
    RUNPATH = "DT_RUNPATH"
    CACHE = "ld.so.cache"
    DEFAULT = "default folder"
    PATH = "PATH"
    """Windows, and tools."""


@dataclass(frozen=True)
class Asker:
    """A program or library that asks for a library."""

    path: Path
    """Where it lies, as it was or would be opened."""
    elf: ElfFile

    @property
    def origin(self) -> str:
        """What `$ORIGIN` stands for: links are followed for a program, not for a library."""
        path = os.path.realpath(self.path) if self.elf.program else os.path.abspath(self.path)
        return os.path.dirname(path)


@dataclass(frozen=True)
class Folder:
    """A folder that is searched, and why."""

    path: str
    """Relative only for the current directory."""
    rule: Rule
    because: str
    """The rule in words: `LD_LIBRARY_PATH, element 2`."""


def read_asker(path: Path) -> Asker | None:
    """A program or library as one that asks; None when it is missing or not an ELF file."""
    try:
        return Asker(path, read_elf(path))
    except (OSError, NotLoadable):
        return None


def search_folders(
    chain: Sequence[Asker], library_path: str | None, host: Host
) -> Iterator[Folder]:
    """The folders that are searched before the cache, then those after it, in order.

    Args are those of `find_library`. Sub-directories for processors (hwcaps) are left out.
    """
    asker = chain[0] if chain else None
    program = next((a for a in reversed(chain) if a.elf.program), None)
    if asker is None or asker.elf.runpath is None:
        for one in chain:
            yield from _elements(one.elf.rpath, ":", Rule.RPATH, one, host)
    yield from _elements(library_path, "[:;]", Rule.LIBRARY_PATH, program, host)
    if asker is not None:
        yield from _elements(asker.elf.runpath, ":", Rule.RUNPATH, asker, host)
    if asker is None or not asker.elf.no_default:
        for path in host.folders:
            yield Folder(path, Rule.DEFAULT, "a folder of the system")


def _elements(
    text: str | None, separators: str, rule: Rule, asker: Asker | None, host: Host
) -> Iterator[Folder]:
    """The folders that one search path names, each once, as `fillin_rpath` in dl-load.c does."""
    seen = set()
    for number, element in enumerate(re.split(separators, text) if text else (), 1):
        path = expand(element, asker.origin if asker else None, host)
        if path is None or (element and not path):
            continue
        path = path.rstrip("/") or path[:1]
        if path in seen:
            continue
        seen.add(path)
        if rule is Rule.LIBRARY_PATH or asker is None:
            because = f"{rule.value}, element {number}"
        else:
            because = f"{rule.value} of {asker.path}"
        if not element:
            because += " (empty: the current directory)"
        elif path != element.rstrip("/"):
            because += f" ({element})"
        yield Folder(path, rule, because)
