"""A package as conda has it unpacked in its cache, and a folder as the members of one."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..quoting import quoted
from ..system.descent import without_time
from ..system.files import Inside
from ..system.operating_system import HAS_MODES
from ..system.reading import open_regular, read_json
from .package import (
    DEEPEST,
    LICENSES,
    Member,
    Progress,
    Refused,
    check_members,
)

_BLOCK = 2**18
_PROGRAM = (b"\x7fELF", b"#!")


def tree_members(
    folder: Path, target: Callable[[str], str | None] = lambda path: path
) -> Iterator[Member]:
    """Every file and symbolic link below a folder.

    Args:
        target: from a path below the folder, with forward slashes, to the path in the package;
            None leaves it out.

    Raises:
        Refused: when something is neither file, folder nor symbolic link.
        OSError: when the folder cannot be read.
    """
    for path, entry in _entries(folder, ""):
        if path.count("/") > DEEPEST:
            raise Refused(f"its member {path[:40]!r}... lies deeper than any real file")
        place = target(path)
        if place is None:
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            yield Member(place, 0, None, link=os.readlink(entry.path).replace(os.sep, "/"))
        elif stat.S_ISREG(mode):
            size = entry.stat(follow_symlinks=False).st_size
            opener = functools.partial(open_regular, entry.path, links=False)
            yield Member(place, size, opener, executable=bool(mode & 0o100))
        else:
            raise Refused(f"its member {quoted(path)} is not a regular file")


def _entries(folder: str | Path, above: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but folders, with paths relative to the top, in order."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and path.count("/") <= DEEPEST:
            yield from _entries(entry.path, f"{path}/")
        else:
            yield path, entry


def unpack_package(
    folder: Path,
    record: Mapping[str, Any],
    members: Iterable[Member],
    about: str,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Write a package as conda unpacks one; only `repodata_record.json` is left to its cache.

    Args:
        folder: where it goes; nothing of its name may exist there.
        members: as `check_members` or `checked` gives them.
        progress: called with bytes done, and bytes of those members that are known at first.

    Returns:
        The folder NAME-VERSION-BUILD.

    Raises:
        ValueError: when a member is not what it says.
        OSError: when the disk fails; nothing is left then.
    """
    files, place = Inside(folder), folder / name_of(record)
    total, done = 0, 0
    if isinstance(members, list):
        total = sum(member.size for member in members)
        members = sorted(members, key=lambda member: member.place)
    try:
        files.make_folder(place / "info")
        rows = []
        for member in members:
            row = _put(files, place, member, progress, done, total)
            done += member.size
            if not member.target.startswith("info/"):
                rows.append(row)
        rows.sort(key=lambda row: str(row["_path"]))
        for name, data in metadata(record, rows, about).items():
            with files.create(place / name, 0o644) as file:
                file.write(data)
                without_time(file)
    except BaseException:
        files.remove_tree(place)
        raise
    return place


def _put(
    files: Inside, place: Path, member: Member, progress: Progress, done: int, total: int
) -> dict[str, Any]:
    """Write a member; its row of paths.json.

    Args:
        done: the bytes of the members before it.
    """
    target = place / member.target
    if member.link is not None:
        files.link(target, member.link)
        return row_of(member)
    assert member.open is not None
    # What lists the hash lies in the archive, whose own hash is looked at.
    digest = None if member.sha256 else hashlib.sha256()
    left = member.size
    with member.open() as source:
        # One byte more than it may have shows that there is more.
        block = source.read(min(_BLOCK, left + 1))
        program = member.executable
        if program is None:
            program = block.startswith(_PROGRAM)
        with files.create(target, 0o755 if program else 0o644) as file:
            while block:
                left -= len(block)
                if left < 0:
                    raise ValueError(f"{quoted(member.target)} is longer than it says")
                if digest:
                    digest.update(block)
                file.write(block)
                progress(done + member.size - left, total)
                block = source.read(min(_BLOCK, left + 1))
            if left:
                raise ValueError(f"{quoted(member.target)} is shorter than it says")
            without_time(file)
    return row_of(member, digest.hexdigest() if digest else member.sha256)


def is_as_unpacked(unpacked: Path) -> bool:
    """Whether every file of a package is what it was when it was unpacked."""
    try:
        for member in members_of(unpacked):
            if member.sha256 is not None:
                with open_regular(unpacked / member.target, links=False) as file:
                    digest = hashlib.sha256()
                    while block := file.read(_BLOCK):
                        digest.update(block)
                row_of(member, digest.hexdigest())
    except (OSError, ValueError, KeyError, TypeError, Refused):
        return False
    return True


def members_of(unpacked: Path) -> list[Member]:
    """The members of a package, each with the hash that it has to have.

    Raises:
        ValueError, KeyError, TypeError, Refused: when they are not those of its list.
    """
    rows = read_json(unpacked / "info" / "paths.json", links=False)["paths"]
    listed = {row["_path"]: row for row in rows}
    members = []
    for member in check_members(tree_members(unpacked, _target)):
        row = {} if member.target.startswith("info/") else listed.pop(member.target)
        executable = member.executable and HAS_MODES
        members.append(replace(member, sha256=row.get("sha256"), executable=executable))
    if listed:
        raise ValueError(f"{quoted(next(iter(listed)))} is missing")
    return members


def _target(path: str) -> str | None:
    return path if path.startswith(LICENSES) or not path.startswith("info/") else None


def record_of(
    name: str,
    version: str,
    build: str,
    subdir: str,
    license: str = "LicenseRef-NVIDIA-Proprietary",
) -> dict[str, Any]:
    """The record of a package that is made here, as in repodata.json, without hashes."""
    names = {"name": name, "version": version, "build": build, "build_number": 0}
    return {**names, "depends": [], "license": license, "subdir": subdir}


def name_of(record: Mapping[str, Any]) -> str:
    """NAME-VERSION-BUILD: what the package is called as a folder."""
    return f"{record['name']}-{record['version']}-{record['build']}"


def metadata(
    record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], about: str
) -> dict[str, bytes]:
    """What conda reads of a package, by path.

    Args:
        rows: what paths.json says of each member.
    """
    documents: dict[str, Mapping[str, Any]] = {
        "index.json": record,
        "paths.json": {"paths": rows, "paths_version": 1},
        "about.json": {"summary": about},
    }
    found = {
        f"info/{name}": json.dumps(content, indent=1, sort_keys=True).encode()
        for name, content in documents.items()
    }
    return {**found, "info/files": "".join(f"{row['_path']}\n" for row in rows).encode()}


def row_of(member: Member, sha256: str | None = None) -> dict[str, Any]:
    """What paths.json says of a member.

    Args:
        sha256: what its content hashes to; links have none.

    Raises:
        ValueError: when it should hash to something else.
    """
    if sha256 is None:
        return {"_path": member.target, "path_type": "softlink"}
    if member.sha256 not in (None, sha256):
        raise ValueError(f"{quoted(member.target)} is not the file that its list of files names")
    return {
        "_path": member.target,
        "path_type": "hardlink",
        "sha256": sha256,
        "size_in_bytes": member.size,
    }
