"""One of NVIDIA's wheels, unpacked as a conda package in the classic layout of a toolkit.

`nvidia/cuda_runtime/lib/libcudart.so.12` of the wheel becomes `lib/libcudart.so.12` of the
package: the wheels keep each component apart, a toolkit root has one `bin`, `include` and `lib`.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from email.parser import BytesHeaderParser
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..quoting import quoted
from .package import DAMAGE, LICENSES, TOO_MUCH, ArchiveError, Member, Progress, check_members
from .unpacked import unpack_package
from .zip_stream import Coming, open_member, read_member

_MOST_METADATA = 2**20
_MOST_LIST = 64 * 2**20
"""Bytes of a list of files: 100 for each."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:[a-z]+\d+)?(?:\.(?:post|dev)\d+)?", re.ASCII)
_LIBRARY = re.compile(r"lib/(lib[^/]+?\.so)\.[^/]+")


class WheelError(ArchiveError):
    """A file is no wheel, or one that must not be unpacked."""

    hint = (
        "Run the command again. If it happens again, the index or mirror itself holds such a file."
    )


def unpack_wheel(
    wheel: Path | Coming, folder: Path, subdir: str, progress: Progress = lambda done, total: None
) -> tuple[Path, dict[str, Any]]:
    """Unpack a wheel as a conda package into a folder.

    Args:
        wheel: the file, or what is there of it until now.
        folder: where the package goes; nothing of that name may exist there.
        subdir: the conda platform it is for.
        progress: called with bytes done and bytes in all.

    Returns:
        The package's folder and its record as in repodata.json, without hashes.

    Raises:
        WheelError: when the file is damaged, or a member would leave the package.
        NotInOrderError: when it cannot be unpacked before all of it is there.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            name, version = _name_and_version(archive, wheel.name)
            members = check_members(_members(archive, wheel.name), wheel.name, WheelError)
            if not subdir.startswith("win-"):
                links = _developer_links(members)
                members = check_members([*members, *links], wheel.name, WheelError)
            record = {
                "name": name,
                "version": version,
                "build": "wheel_0",
                "build_number": 0,
                "depends": [],
                "license": "LicenseRef-NVIDIA-Proprietary",
                "subdir": subdir,
            }
            about = f"{wheel.name}, converted by conda cuda"
            if isinstance(wheel, Coming):
                wheel.begin()
            return unpack_package(folder, record, members, about, progress), record
    except DAMAGE as error:
        raise WheelError(wheel.name, f"it is damaged ({error})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # zipfile's way to say that a place in the file does not exist.
        raise WheelError(wheel.name, f"it is damaged ({error})") from error


def _name_and_version(archive: zipfile.ZipFile, wheel: str) -> tuple[str, str]:
    """What the package is called; both become part of a file name."""
    for info in archive.infolist():
        if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename):
            if info.file_size > _MOST_METADATA:
                break
            metadata = BytesHeaderParser().parsebytes(read_member(archive, info))
            name, version = str(metadata["Name"]), str(metadata["Version"])
            if _NAME.fullmatch(name) and _NUMBER.fullmatch(version):
                return re.sub(r"[-_.]+", "-", name).lower(), version
            break
    else:
        raise WheelError(wheel, "it holds no metadata")
    raise WheelError(wheel, "it does not say what it is")


def _members(archive: zipfile.ZipFile, wheel: str) -> Iterator[Member]:
    """The files that belong into a toolkit, with their places there."""
    listed = _listed(archive, wheel)
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if not path.parts or info.is_dir():
            continue
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise WheelError(wheel, f"its member {quoted(info.filename)} would leave its place")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise WheelError(wheel, f"its member {quoted(info.filename)} is no regular file")
        target = _target(path)
        if target is not None:
            yield _member(archive, info, target, listed.get(info.filename))


def _listed(archive: zipfile.ZipFile, wheel: str) -> dict[str, str]:
    """What the files of a wheel hash to, as far as its RECORD says."""
    found = {}
    for info in archive.infolist():
        if not re.fullmatch(r"[^/]+\.dist-info/RECORD", info.filename):
            continue
        if info.file_size > _MOST_LIST:
            raise WheelError(wheel, TOO_MUCH)
        try:
            for row in csv.reader(io.StringIO(read_member(archive, info).decode())):
                if len(row) > 1 and row[1].startswith("sha256="):
                    digest = row[1].removeprefix("sha256=")
                    found[row[0]] = base64.urlsafe_b64decode(f"{digest}==").hex()
        except csv.Error as error:
            raise ValueError(f"its list of files is none: {error}") from error
    return found


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: str, sha256: str | None
) -> Member:
    def opener() -> BinaryIO:
        return open_member(archive, info)

    # Wheels do not say reliably what is to be run.
    program = None if target.split("/")[-2:-1] == ["bin"] else False
    place = info.header_offset
    return Member(target, info.file_size, opener, executable=program, sha256=sha256, place=place)


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
    links: dict[str, str] = {}
    taken = {
        str(path).lower()
        for member in members
        for path in (member.target, *PurePosixPath(member.target).parents)
    }
    for member in members:
        match = _LIBRARY.fullmatch(member.target)
        if match and f"lib/{match[1]}".lower() not in taken:
            links[f"lib/{match[1]}"] = member.target.removeprefix("lib/")
    for name, to in links.items():
        yield Member(name, 0, None, link=to)
