"""What the packages in a toolkit root have put there, and what was edited of it since."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .. import schema
from ..reading import is_regular, open_regular, read_json
from .wrappers import REAL

PLACE = schema.text(r"(?!(?s:.*/)?\.{0,2}(/|\Z))[^\x00]{1,4096}")
"""A path that leads to something in the root."""
DIGEST = schema.text(r"[0-9a-f]{64}")
_PATHS = schema.record(
    {
        "_path": PLACE,
        "size_in_bytes": schema.number,
        "sha256": DIGEST,
        "sha256_in_prefix": DIGEST,
    },
    ("_path",),
)
_PACKAGE = schema.record(
    {
        "files": schema.items(PLACE, 500_000),
        "paths_data": schema.record({"paths": schema.items(_PATHS, 500_000)}),
    }
)


def owned_files(root: Path) -> tuple[set[str], int]:
    """The files that packages have in a root, their records among them, and how many packages.

    What cannot be read counts as none.
    """
    owned: set[str] = set()
    packages = 0
    for path, record in _records(root):
        if "files" in record:
            packages += 1
            owned.update(record["files"], (f"conda-meta/{path.name}",))
    return owned, packages


def edited_files(root: Path, there: Collection[str]) -> list[str]:
    """The files of packages that are not as their packages brought them.

    conda links a file with the time that its package gives it, and writes the package's record
    last. So what is as long as it was, and no younger than the record, is not read.

    Args:
        root: the root.
        there: what is in it and may be looked at.
    """
    found, there = [], set(there)
    for path, record in _records(root):
        written = path.stat().st_mtime_ns
        for row in record.get("paths_data", {}).get("paths", ()):
            # Where a file of ours has the place of a package's, that one stands beside it.
            name = row["_path"] + (REAL if row["_path"] + REAL in there else "")
            digest = row.get("sha256_in_prefix", row.get("sha256"))
            if digest is None or name not in there or not is_regular(root / name):
                continue
            facts = (root / name).lstat()
            as_long = digest != row.get("sha256") or facts.st_size == row.get("size_in_bytes")
            if as_long and facts.st_mtime_ns <= written:
                continue
            if digest_of(root / name) != digest:
                found.append(name)
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; empty for what is none, or a link, or cannot be read."""
    found = hashlib.sha256()
    try:
        with open_regular(path, links=False) as file:
            while block := file.read(2**20):
                found.update(block)
    except OSError:
        return ""
    return found.hexdigest()


def _records(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((root / "conda-meta").glob("*.json")):
        with contextlib.suppress(OSError, ValueError):
            found, _ = schema.read(_PACKAGE, read_json(path, links=False))
            if found is not None:
                yield path, found
