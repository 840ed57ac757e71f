"""What tells whether an unpacked package is still what was put there.

The hashes of its files stand in its own list. So what is written down elsewhere is that list, and
everything else that conda follows: names, links, modes and what lies in `info`.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .reading import read_bytes
from .system import HAS_MODES

_INFO = "info/"
_RECORD = "info/repodata_record.json"
"""conda's own note of where a package came from, which it may write anew."""


def seal(package: Path) -> str:
    """A hash over an unpacked package, without the content of the files that its list has.

    Args:
        package: its folder.

    Raises:
        OSError: when something cannot be read.
    """
    rows = sorted(row for row in _rows(package) if row[0] != _RECORD)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _rows(package: Path) -> Iterator[tuple[str, str, str]]:
    """Path, kind and what it holds, of everything but folders."""
    pending = [""]
    while pending:
        above = pending.pop()
        with os.scandir(package / above) as entries:
            for entry in entries:
                path = f"{above}{entry.name}"
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    yield path, "link", os.readlink(entry.path)
                elif stat.S_ISDIR(mode):
                    pending.append(f"{path}/")
                elif stat.S_ISREG(mode):
                    kind = "program" if HAS_MODES and mode & 0o100 else "file"
                    known = path.startswith(_INFO) and path != _RECORD
                    data = read_bytes(entry.path, links=False) if known else b""
                    yield path, kind, hashlib.sha256(data).hexdigest()
                else:
                    yield path, "other", ""
