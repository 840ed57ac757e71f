"""What a toolkit root holds: what packages have put there, and what is the user's."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .. import environment
from ..environment import FILES, TOOLKIT_FILE, Environment, is_toolkit_root, read_record
from ..packages.provenance import MADE_OF_FILE
from ..system import schema
from ..system.files import Inside
from ..system.operating_system import is_link
from ..system.reading import is_regular, open_regular, read_json
from .wrappers import LACKING, OWN_TOOLS, REAL

_PLACE = schema.text(r"(?!(?s:.*/)?\.{0,2}(/|\Z))[^\x00]{1,4096}")
"""A path that leads to something in the root."""
_DIGEST = schema.text(r"[0-9a-f]{64}")
_PATHS = schema.record(
    {
        "_path": _PLACE,
        "size_in_bytes": schema.number,
        "sha256": _DIGEST,
        "sha256_in_prefix": _DIGEST,
    },
    ("_path",),
)
_PACKAGE = schema.record(
    {
        "files": schema.items(_PLACE, 500_000),
        "paths_data": schema.record({"paths": schema.items(_PATHS, 500_000)}),
    }
)
_SCHEMA = schema.record(
    {
        "toolkit": environment.TOOLKIT,
        "files": schema.items(_PLACE, 500_000),
        "written": schema.table(_PLACE, _DIGEST),
    },
    ("toolkit", "files"),
)
_DERIVED = re.compile(r"(.*/)?__pycache__/[^/]+\.[a-z]+-?\d+(\.opt-[12])?\.pyc(\.\d+)?", re.DOTALL)
"""Python writes these whatever runs it, also under a number first."""
_LINKED = re.compile(r"(lib64|include|extras)/")
"""Where we put links into a root that holds packages; one without packages holds nothing else."""


_FOLDERS = (f"{OWN_TOOLS}/", f"{LACKING}/")
"""What we write all of."""


def write_down(root: Path, but: Collection[str] = ()) -> None:
    """Record what a root holds.

    Args:
        root: the root, built to its end.
        but: where something of the user's was, which packages or we may have replaced.
    """
    theirs = set(but) & set(_unowned(root)) if but else set()
    there = {*_walk(root), FILES}
    names = sorted(there - theirs)
    facts = read_record(root / TOOLKIT_FILE, environment.TOOLKIT).content
    # We write these; packages' own files at the top of a root count as well.
    ours = (
        name
        for name in names
        if "/" not in name or name.startswith(_FOLDERS) or f"{name}{REAL}" in there
    )
    written = {
        name: digest_of(root / name) for name in ours if name != FILES and is_regular(root / name)
    }
    # A line for each, as with an indent, which takes json several times as long.
    content = {"toolkit": facts, "files": names, "written": written}
    text = json.dumps(content, separators=(",\n", ": "))
    Inside(root).write(Path(FILES), f"{text}\n".encode())


def mend_record(environment: Environment, root: Path) -> None:
    """Make a record for a root that has no usable one; it leaves out what is the user's.

    What stands in its place and is not a file gets another name.
    """
    if is_link(root) or not is_toolkit_root(root):
        return
    try:
        _read(root)
    except (OSError, ValueError):
        if os.path.isdir(root / FILES) or is_link(root / FILES):
            environment.kept.append(environment.files.put_aside(root / FILES))
        write_down(root, but=_unowned(root))


def record_problem(root: Path) -> str:
    """Why the record of a root cannot be used; empty where it can, or where there is none."""
    try:
        _read(root)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        return (error.strerror if isinstance(error, OSError) else None) or str(error)
    return ""


def recorded_facts(root: Path) -> dict[str, Any]:
    """What the record says of the toolkit as a whole; empty where it says nothing."""
    facts: dict[str, Any] = _usable(root).get("toolkit", {})
    return facts


def strangers(root: Path) -> list[str]:
    """The files in a root that its record does not name; none where there is no record."""
    record = _usable(root)
    known = set(record.get("files", ()))
    return [name for name in _walk(root) if name not in known] if record else []


def edited(root: Path) -> list[str]:
    """The files in a root that are not as we wrote them, or as their packages brought them."""
    written = _usable(root).get("written", {})
    # Only what is there, as a file, is asked for: a record may have any path in it.
    there = list(_walk(root))
    ours = [name for name in there if name in written and digest_of(root / name) != written[name]]
    return list(dict.fromkeys((*ours, *_edited_files(root, there))))


def _unowned(root: Path) -> list[str]:
    """The files in a root that are neither of its packages nor made by us."""
    owned, packages = _owned_files(root)
    return [
        name
        for name in _walk(root)
        if name not in owned and not _is_made_here(root, name, all_links=not packages)
    ]


def _is_made_here(root: Path, name: str, *, all_links: bool) -> bool:
    if name.startswith(_FOLDERS) or name in (
        FILES, TOOLKIT_FILE, MADE_OF_FILE, "version.json", "conda-meta/history",
        f"bin/nvcc{REAL}", f"bin/nvcc.profile{REAL}",
    ):  # fmt: skip
        return True
    if not is_link(root / name) or not (all_links or _LINKED.match(name)):
        return False
    # Ours lead to another folder of the root or environment, or to a toolkit elsewhere.
    target = os.readlink(root / name)
    return target.startswith("../") or (all_links and os.path.isabs(target))


def is_same(path: Path, other: Path) -> bool:
    """Whether two files are one, or hold the same."""
    try:
        if os.path.samestat(path.lstat(), other.lstat()):
            return True
        if is_link(path):
            return is_link(other) and os.readlink(path) == os.readlink(other)
    except OSError:
        return False
    return is_regular(other) and digest_of(path) == digest_of(other) != ""


def _read(root: Path) -> dict[str, Any]:
    """The record.

    Raises:
        OSError: when it cannot be read.
        ValueError: when it cannot be used; names in it that cannot are left out.
    """
    found, problems = schema.read(_SCHEMA, read_json(root / FILES, links=False))
    if found is None:
        raise ValueError(problems[0])
    content: dict[str, Any] = found
    return content


def _usable(root: Path) -> dict[str, Any]:
    """The record; empty where it cannot be used."""
    try:
        return _read(root)
    except (OSError, ValueError):
        return {}


def _owned_files(root: Path) -> tuple[set[str], int]:
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


def _edited_files(root: Path, there: Collection[str]) -> list[str]:
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
    """SHA-256 of a file, in hexadecimal; empty for a link and for what cannot be read."""
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


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in (*links, *files):
            path = name if inside == "." else f"{inside}/{name}"
            if "__pycache__" not in inside or not _DERIVED.fullmatch(path):
                yield path
