"""Which foreign files the packages of a toolkit were made of.

The local channel knows it, but a toolkit outlives the package cache, and moves to other machines
with its environment. So each root keeps it for itself.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..system import schema
from ..system.files import Inside
from ..system.reading import read_json
from .archives import local_path
from .cache import dist_of
from .local_channel import LocalChannel

MADE_OF_FILE = "made-of.json"
"""Lies in a toolkit root of which some packages were made here."""
_SCHEMA = schema.table(schema.NAME, schema.table(schema.NAME, schema.text()))


def keep_made_of(root: Path, records: Sequence[Any], former: Path | None = None) -> None:
    """Write down in a root which foreign files its packages were made of.

    Args:
        root: where the root lies now.
        records: the packages that it holds.
        former: the root that gives way, which may know what the package cache has forgotten.
    """
    known = read_made_of(former) if former else {}
    found = {}
    for record in records:
        made_of = _ask_channel(record) or known.get(dist_of(record))
        if made_of:
            found[dist_of(record)] = dict(made_of)
    if found:
        text = json.dumps(found, indent=1, sort_keys=True)
        Inside(root).write(Path(MADE_OF_FILE), f"{text}\n".encode())


def read_made_of(root: Path) -> dict[str, dict[str, str]]:
    """What is written down in a root: `name-version-build` to file, sha256 and url."""
    with contextlib.suppress(OSError, ValueError):
        found, _ = schema.read(_SCHEMA, read_json(root / MADE_OF_FILE, links=False))
        return found or {}
    return {}


def made_of(root: Path, records: Sequence[Any]) -> dict[str, Mapping[str, str]]:
    """What the packages of a root were made of, from the root or else the local channel."""
    known = read_made_of(root)
    found = {
        dist_of(record): known.get(dist_of(record)) or _ask_channel(record) for record in records
    }
    return {dist: row for dist, row in found.items() if row}


def _ask_channel(record: Any) -> Mapping[str, str]:
    """What a local channel says of a package of its own; empty for another package."""
    place = local_path(record)
    if place is None:
        return {}
    return LocalChannel(place.parent.parent, place.parent.name).made_of(place.name)
