"""What a toolkit root holds by its own record, and so what in it is the user's.

The record is written when a root is built. Whatever came later was put there by somebody else, and
stays when the root is replaced or removed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import records, schema
from ..environment import FILES, TOOLKIT_FILE, Environment
from ..files import KEPT, Inside
from ..reading import read_json
from ..records import read_record

_SCHEMA = schema.record(
    {"toolkit": records.TOOLKIT, "files": schema.items(schema.text(r"[^\x00]{1,4096}"), 500_000)},
    ("toolkit", "files"),
)
_DERIVED = "__pycache__"
"""Python writes there whatever runs it."""


def write_down(root: Path, but: Iterable[str] = ()) -> None:
    """Record what a new root holds.

    Args:
        root: the root, built to its end.
        but: what came from the user.
    """
    names = sorted({*_walk(root), FILES} - set(but))
    facts = read_record(root / TOOLKIT_FILE, records.TOOLKIT).content
    text = json.dumps({"toolkit": facts, "files": names}, indent=0)
    Inside(root).write(Path(FILES), f"{text}\n".encode())


def strangers(root: Path) -> list[str]:
    """The files in a root that its record does not name; none where there is no record."""
    try:
        names = set(_read(root)["files"])
    except (OSError, ValueError):
        return []
    return [name for name in _walk(root) if name not in names]


def recorded_facts(root: Path) -> dict[str, Any]:
    """What the record says of the toolkit as a whole; empty where it says nothing."""
    try:
        facts: dict[str, Any] = _read(root)["toolkit"]
    except (OSError, ValueError):
        return {}
    return facts


def _read(root: Path) -> dict[str, Any]:
    """The record.

    Raises:
        OSError: when it cannot be read.
        ValueError: when anything in it cannot be used.
    """
    found, problems = schema.read(_SCHEMA, read_json(root / FILES, links=False))
    if problems:
        raise ValueError(problems[0])
    content: dict[str, Any] = found
    return content


def carry(environment: Environment, names: Iterable[str], old: Path, new: Path) -> list[Path]:
    """Move the user's files from a root that goes to where it was, or to the one in its place.

    Returns:
        Where they are now.
    """
    found = []
    for name in names:
        source, target = old / name, new / name
        if os.path.lexists(target):
            if os.path.samestat(source.lstat(), target.lstat()):
                continue
            target = target.with_name(f"{target.name}{KEPT}")
        environment.files.rename(source, target)
        found.append(target)
    return found


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != _DERIVED]
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in (*links, *files):
            yield name if inside == "." else f"{inside}/{name}"
