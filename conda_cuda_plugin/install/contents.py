"""What a toolkit root holds by its own record, and so what in it is the user's.

The record is written when a root is built. Whatever came later was put there by somebody else, and
stays when the root is replaced or removed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .. import records, schema
from ..environment import FILES, TOOLKIT_FILE, Environment, is_toolkit_root
from ..files import Inside
from ..reading import is_regular, read_json
from ..records import read_record
from ..system import is_link
from .packaged import DIGEST, PLACE, digest_of, edited_files, owned_files
from .wrappers import OWN_TOOLS, REAL

_SCHEMA = schema.record(
    {
        "toolkit": records.TOOLKIT,
        "files": schema.items(PLACE, 500_000),
        "written": schema.table(PLACE, DIGEST),
    },
    ("toolkit", "files"),
)
_DERIVED = re.compile(r"(.*/)?__pycache__/[^/]+\.[a-z]+-?\d+(\.opt-[12])?\.pyc(\.\d+)?", re.DOTALL)
"""Python writes these whatever runs it, also under a number first."""
_LINKED = re.compile(r"(lib64|include|extras)/")
"""Where we put links into a root that holds packages; one without packages holds nothing else."""


def write_down(root: Path, but: Collection[str] = ()) -> None:
    """Record what a root holds.

    Args:
        root: the root, built to its end.
        but: where something of the user's was, which packages or we may have replaced.
    """
    theirs = set(but) & set(_unowned(root)) if but else set()
    there = {*_walk(root), FILES}
    names = sorted(there - theirs)
    facts = read_record(root / TOOLKIT_FILE, records.TOOLKIT).content
    written = {
        name: digest_of(root / name)
        for name in names
        if name != FILES and _is_ours(name, there) and is_regular(root / name)
    }
    text = json.dumps({"toolkit": facts, "files": names, "written": written}, indent=0)
    Inside(root).write(Path(FILES), f"{text}\n".encode())


def mend_record(environment: Environment, root: Path) -> None:
    """Make a record for a root that has no usable one, without what only the user can have put in.

    What stands in its place and is no file gets another name.
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


def strangers(root: Path) -> list[str]:
    """The files in a root that its record does not name; none where there is no record."""
    try:
        names = set(_read(root)["files"])
    except (OSError, ValueError):
        return []
    return [name for name in _walk(root) if name not in names]


def edited(root: Path) -> list[str]:
    """The files in a root that are not as we wrote them, or as their packages brought them."""
    try:
        written = _read(root).get("written", {})
    except (OSError, ValueError):
        written = {}
    # Only what is there, as a file, is asked for: a record may have any path in it.
    there = list(_walk(root))
    ours = [name for name in there if name in written and digest_of(root / name) != written[name]]
    return list(dict.fromkeys((*ours, *edited_files(root, there))))


def _unowned(root: Path) -> list[str]:
    """The files in a root that none of its packages has, and that we do not make."""
    owned, packages = owned_files(root)
    return [
        name
        for name in _walk(root)
        if name not in owned and not _is_made_here(root, name, all_links=not packages)
    ]


def _is_made_here(root: Path, name: str, *, all_links: bool) -> bool:
    from ..made_of import MADE_OF_FILE

    if name.startswith(f"{OWN_TOOLS}/") or name in (
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


def _is_ours(name: str, there: Collection[str]) -> bool:
    """Whether we wrote it; what packages have at the top of a root counts as well."""
    return "/" not in name or name.startswith(f"{OWN_TOOLS}/") or f"{name}{REAL}" in there


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
        ValueError: when it cannot be used; names in it that cannot are left out.
    """
    found, problems = schema.read(_SCHEMA, read_json(root / FILES, links=False))
    if found is None:
        raise ValueError(problems[0])
    content: dict[str, Any] = found
    return content


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in (*links, *files):
            path = name if inside == "." else f"{inside}/{name}"
            if not _DERIVED.fullmatch(path):
                yield path
