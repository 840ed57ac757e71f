"""One of NVIDIA's wheels, unpacked as a conda package in the classic layout of a toolkit.

`nvidia/cuda_runtime/lib/libcudart.so.12` of the wheel becomes `lib/libcudart.so.12` of the
package: the wheels keep each component apart, a toolkit root has one `bin`, `include` and `lib`.
"""

from __future__ import annotations

import base64
import csv
import functools
import io
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from email.parser import BytesHeaderParser
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version

from ..quoting import quoted
from .package import (
    LICENSES,
    MOST_MEMBERS,
    ArchiveError,
    Member,
    Progress,
    Refused,
    check_members,
    refusing,
)
from .unpacked import record_of, unpack_package
from .zip_stream import Coming, open_member, read_info

BUILD = "wheel_0"
"""The build of every package that is made of a wheel."""
_MOST_INFO = {"METADATA": 2**20, "RECORD": 64 * 2**20}
"""Bytes; a list of files has 100 for each."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:[a-z]+\d+)?(?:\.(?:post|dev)\d+)?", re.ASCII)
_LIBRARY = re.compile(r"lib/(lib[^/]+?\.so)\.[^/]+")


class WheelError(ArchiveError):
    """A file is not a wheel, or one that must not be unpacked."""

    hint = (
        "Run the command again. If it happens again, the index or mirror itself holds such a file."
    )


def unpack_wheel(
    wheel: Path | Coming,
    folder: Path,
    subdir: str,
    progress: Progress = lambda done, total: None,
    wanted: tuple[str, str] | None = None,
) -> tuple[Path, dict[str, Any]]:
    """Unpack a wheel as a conda package into a folder.

    Args:
        wheel: the file, or what is there of it until now.
        folder: where the package goes; nothing of that name may exist there.
        wanted: the name and version that it has to have, if that is known.

    Returns:
        The package's folder and its record as in repodata.json, without hashes.

    Raises:
        WheelError: when the file is damaged or another one, or a member would leave the package.
        NotInOrderError: when it cannot be unpacked before all of it is there.
    """
    with refusing(wheel.name, WheelError), zipfile.ZipFile(wheel) as archive:
        info = read_info(archive, _MOST_INFO)
        name, version = _name_and_version(info.get("METADATA"))
        if wanted and _identity(name, version) != _identity(*wanted):
            asked = quoted(" ".join(wanted))
            raise Refused(f"it holds {name} {version}, and {asked} was asked for")
        found = _members(archive, _listed(info.get("RECORD", b"")))
        # Of more of them one more than there may be is enough to refuse them all.
        members = list(islice(found, MOST_MEMBERS + 1))
        if not subdir.startswith("win-"):
            members += _developer_links(members)
        members = check_members(members)
        record = record_of(name, version, BUILD, subdir)
        about = f"{wheel.name}, converted by conda cuda"
        if isinstance(wheel, Coming):
            wheel.begin()
        return unpack_package(folder, record, members, about, progress), record


def _name_and_version(metadata: bytes | None) -> tuple[str, str]:
    """What the package is called; both become part of a file name."""
    if metadata is None:
        raise Refused("it holds no metadata")
    message = BytesHeaderParser().parsebytes(metadata)
    name, version = str(message["Name"]), str(message["Version"])
    if not (_NAME.fullmatch(name) and _NUMBER.fullmatch(version)):
        raise Refused("it does not say what it is")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def _identity(name: str, version: str) -> tuple[str, str]:
    """Name and version, however they are written."""
    return canonicalize_name(name), canonicalize_version(version)


def _members(archive: zipfile.ZipFile, listed: Mapping[str, str]) -> Iterator[Member]:
    """The files that belong into a toolkit, with their places there and their hashes."""
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if not path.parts or info.is_dir():
            continue
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise Refused(f"its member {quoted(info.filename)} would leave its place")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Refused(f"its member {quoted(info.filename)} is not a regular file")
        target = _target(path)
        if target is not None:
            # Wheels do not say reliably what is to be run.
            program = None if target.split("/")[-2:-1] == ["bin"] else False
            yield Member(
                target,
                info.file_size,
                functools.partial(open_member, archive, info),
                executable=program,
                sha256=listed.get(info.filename),
                place=info.header_offset,
            )


def _listed(record: bytes) -> dict[str, str]:
    """What the files of a wheel hash to, as far as its RECORD says."""
    found = {}
    try:
        for row in csv.reader(io.StringIO(record.decode())):
            if len(row) > 1 and row[1].startswith("sha256="):
                digest = row[1].removeprefix("sha256=")
                found[row[0]] = base64.urlsafe_b64decode(f"{digest}==").hex()
    except csv.Error as error:
        raise ValueError(f"its list of files is none: {error}") from error
    return found


def _target(path: PurePosixPath) -> str | None:
    """Where a member of a wheel goes in a toolkit root; None when it does not belong there."""
    if path.parts[0].endswith(".dist-info"):
        if "licenses" in path.parts or path.name.lower().startswith("license"):
            return f"{LICENSES}{'/'.join(path.parts[1:])}"
        return None
    if path.parts[0] != "nvidia" or len(path.parts) < 4 or path.suffix in (".py", ".pyi"):
        return None
    parts = path.parts[2:]
    if parts[0] == "bin" and len(parts) > 2 and parts[1] in ("x86_64", "arm64", "x64"):
        # Windows, 13.x: only `bin` itself is searched for DLLs.
        parts = ("bin", *parts[2:])
    return "/".join(parts)


def _developer_links(members: Sequence[Member]) -> Iterator[Member]:
    """`lib/libcudart.so -> libcudart.so.12`, which linkers ask for and wheels do not hold."""
    taken = {
        str(path).lower()
        for member in members
        for path in (member.target, *PurePosixPath(member.target).parents)
    }
    links = {
        f"lib/{match[1]}": member.target.removeprefix("lib/")
        for member in members
        if (match := _LIBRARY.fullmatch(member.target))
    }
    for name, to in links.items():
        if name.lower() not in taken:
            yield Member(name, 0, None, link=to)
