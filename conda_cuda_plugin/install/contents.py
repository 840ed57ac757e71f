"""What a toolkit root holds by its own record, and so what in it is the user's.

The record is written when a root is built. Whatever came later was put there by somebody else, and
stays when the root is replaced or removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import records, schema
from ..environment import FILES, TOOLKIT_FILE, Environment
from ..files import Inside, kept_name
from ..reading import is_regular, read_bytes, read_json
from ..records import read_record
from .host_compiler import REAL
from .wrappers import OWN_TOOLS

_SCHEMA = schema.record(
    {
        "toolkit": records.TOOLKIT,
        "files": schema.items(schema.text(r"[^\x00]{1,4096}"), 500_000),
        "written": schema.table(schema.text(r"[^\x00]{1,4096}"), schema.text(r"[0-9a-f]{64}")),
    },
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
    written = {name: _digest(root / name) for name in names if _is_ours(root, name)}
    text = json.dumps({"toolkit": facts, "files": names, "written": written}, indent=0)
    Inside(root).write(Path(FILES), f"{text}\n".encode())


def strangers(root: Path) -> list[str]:
    """The files in a root that its record does not name; none where there is no record."""
    try:
        names = set(_read(root)["files"])
    except (OSError, ValueError):
        return []
    return [name for name in _walk(root) if name not in names]


def edited(root: Path) -> list[str]:
    """The files that we have written into a root and that are not as we wrote them."""
    try:
        written = _read(root).get("written", {})
    except (OSError, ValueError):
        return []
    return [
        name
        for name, digest in written.items()
        if os.path.lexists(root / name) and _digest(root / name) != digest
    ]


def _is_ours(root: Path, name: str) -> bool:
    """Whether we wrote it; what packages have at the top of a root counts as well."""
    path = root / name
    beside = os.path.lexists(f"{path}{REAL}")
    return is_regular(path) and ("/" not in name or name.startswith(f"{OWN_TOOLS}/") or beside)


def _digest(path: Path) -> str:
    with contextlib.suppress(OSError):
        return hashlib.sha256(read_bytes(path, links=False)).hexdigest()
    return ""


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


def carry(environment: Environment, old: Path, new: Path) -> list[Path]:
    """Move the user's files from a root that goes to where it was, or to the one in its place.

    What he has edited gets another name: it must not be taken for ours there.

    Returns:
        Where that is now.
    """
    for name in strangers(old):
        source, target = old / name, new / name
        if os.path.lexists(target):
            if os.path.samestat(source.lstat(), target.lstat()):
                continue
            target = kept_name(target)
        environment.files.rename(source, target)
    found = []
    for name in edited(old):
        found.append(kept_name(new / name))
        environment.files.rename(old / name, found[-1])
    return found


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != _DERIVED]
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in (*links, *files):
            yield name if inside == "." else f"{inside}/{name}"
