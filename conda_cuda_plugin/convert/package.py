"""What becomes of every foreign archive: members that are safe, and a `.conda` made of them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from ..errors import CudaError
from ..files import Inside
from ..quoting import quoted
from .zstd import zstd_writer

# The archive is read again right away and thrown away by `conda clean`: speed before size.
COMPRESSION_LEVEL = 1
MOST_BYTES = 16 * 2**30
"""No archive of NVIDIA's unpacks to more: the largest installers stay below 10 GB."""
MOST_MEMBERS = 500_000
"""A whole toolkit has some 30 000 files."""
TOO_MUCH = "it would unpack to more than any real one"

_NO_NAME = re.compile(r"[\x00-\x1f\x7f:]")
"""What breaks lists of files, and names on Windows."""
_LONGEST_NAME, DEEPEST = 255, 64
"""Bytes that a file system takes in one name; parts of a path, of which NVIDIA's have 12."""
_CONDAS_OWN = ("info", "conda-meta")
"""Folders of a package and of a prefix in which conda keeps its own records."""
_CONDA_RUNS = re.compile(r"(?:.*/)?\.[^/]*-(?:pre|post)-(?:un)?link\.(?:sh|bat)|menu/.*", re.I)
"""Scripts that conda runs, and menus that it makes, when it links a package."""
LICENSES = "info/licenses/"
_ZIP64_FROM = 2**31 - 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can tell; the clock must not get into a package."""

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    KeyError,
    ValueError,
    OverflowError,
)
"""What tarfile and zipfile raise on a file that is no proper archive."""

Progress = Callable[[int, int], None]
"""Is called with bytes done and bytes in all."""
Refuse = Callable[[str, str], Exception]
"""Makes the error for an archive's name and the reason to refuse it."""


class ArchiveError(CudaError):
    """A foreign archive that is damaged, or that must not be unpacked.

    Args:
        archive: its file name.
        reason: why, as the end of a sentence.
    """

    hint = "Take the file from NVIDIA again; a mirror may hold a damaged one."

    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(f"{archive} cannot be used: {reason}.", hints=[self.hint], file=archive)


@dataclass(frozen=True)
class Member:
    """One file or link of a package."""

    target: str
    """The path in the package: relative, with forward slashes."""
    size: int
    """Bytes; 0 for links."""
    open: Callable[[], BinaryIO] | None
    """Opens the content; None for links."""
    link: str | None = None
    """Where a symbolic link leads to."""
    executable: bool = False


def check_members(members: Iterable[Member], archive: str, error: Refuse) -> list[Member]:
    """Refuse what would leave its place, pose as something else or fill the disk.

    Args:
        members: the members, from anywhere.
        archive: what they come from, for the message.
        error: makes the error to raise.

    Returns:
        The members in the order of their targets.

    Raises:
        the error, with the first reason found.
    """
    seen: dict[str, Member] = {}
    total = 0
    for member in members:
        reason = _wrong_name(member.target)
        if reason:
            raise error(archive, f"its member {quoted(member.target)} {reason}")
        total += member.size
        if total > MOST_BYTES or member.size < 0 or len(seen) >= MOST_MEMBERS:
            raise error(archive, TOO_MUCH)
        before = seen.setdefault(member.target.lower(), member)
        if before is not member:
            raise error(
                archive,
                f"its members {quoted(before.target)} and {quoted(member.target)} are the same "
                "file",
            )
    for key, member in seen.items():
        for parent in PurePosixPath(key).parents:
            if str(parent) in seen:
                raise error(
                    archive, f"its member {quoted(seen[str(parent)].target)} is a file and a folder"
                )
        if member.link is not None and (reason := _wrong_link(member, seen)):
            raise error(archive, f"its link {quoted(member.target)} {reason}")
    return sorted(seen.values(), key=lambda member: member.target)


def _wrong_name(target: str) -> str | None:
    path = PurePosixPath(target)
    if path.is_absolute() or ".." in path.parts or "\\" in target:
        return "would leave its place"
    if str(path) != target or target == "." or _NO_NAME.search(target):
        return "has no proper name"
    try:
        longest = max(len(part.encode()) for part in path.parts)
    except UnicodeEncodeError:
        return "has no proper name"
    if longest > _LONGEST_NAME or len(path.parts) > DEEPEST:
        return "has no proper name"
    own = path.parts[0].lower() in _CONDAS_OWN and not target.startswith(LICENSES)
    if own or _CONDA_RUNS.fullmatch(target):
        return "would pose as conda's own"
    return None


def _wrong_link(member: Member, members: Mapping[str, Member]) -> str | None:
    """What is wrong with a link: it may lead to whatever lies in the package, step by step."""
    link = member.link or ""
    if not link or link.startswith("/") or "\\" in link or _NO_NAME.search(link):
        return "leads out of the package"
    if member.target.startswith(LICENSES):
        return "is no regular file"
    at = list(PurePosixPath(member.target).parent.parts)
    parts = [part for part in link.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts, 1):
        if part == "..":
            if not at:
                return "leads out of the package"
            at.pop()
        else:
            at.append(part)
            passed = members.get("/".join(at).lower())
            if passed is not None and passed.link is not None and number < len(parts):
                return "passes through another link"
    return None


def write_package(
    folder: Path,
    record: Mapping[str, Any],
    members: Sequence[Member],
    about: str,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Write a conda package; the same members give the same bytes.

    Args:
        folder: where it goes; nothing of its name may exist there.
        record: name, version, build and so on, as in repodata.json.
        members: as `check_members` returns them.
        about: the package in one sentence.
        progress: called with bytes done and bytes in all.

    Returns:
        NAME-VERSION-BUILD.conda.

    Raises:
        ValueError: when a member is not as long as it says.
        OSError: when the disk fails; nothing is left then.
    """
    stem = f"{record['name']}-{record['version']}-{record['build']}"
    total, done = sum(member.size for member in members), 0
    package = folder / f"{stem}.conda"
    try:
        with zipfile.ZipFile(package, "x") as archive:
            archive.writestr(_entry("metadata.json"), json.dumps({"conda_pkg_format_version": 2}))
            rows: list[dict[str, Any]] = []
            content = [member for member in members if not member.target.startswith("info/")]
            with _tar(archive, f"pkg-{stem}.tar.zst", content) as tar:
                for member in content:
                    rows.append(_add(tar, member, lambda part, n=done: progress(n + part, total)))  # type: ignore[misc]
                    done += member.size
            licenses = [member for member in members if member.target.startswith("info/")]
            with _tar(archive, f"info-{stem}.tar.zst", licenses) as tar:
                for member in licenses:
                    _add(tar, member)
                for name, data in _metadata(record, rows, about).items():
                    _add(tar, Member(name, len(data), lambda data=data: io.BytesIO(data)))  # type: ignore[misc]
    except BaseException:
        Inside(folder).remove(package)
        raise
    return package


def _metadata(
    record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], about: str
) -> dict[str, bytes]:
    """What conda reads of a package."""
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


@contextlib.contextmanager
def _tar(
    archive: zipfile.ZipFile, name: str, members: Sequence[Member]
) -> Iterator[tarfile.TarFile]:
    """A zstd-compressed tar inside a zip file, written as it grows: no copy on a disk."""
    large = sum(member.size + 2**12 for member in members) > _ZIP64_FROM
    with (
        archive.open(_entry(name), "w", force_zip64=large) as entry,
        zstd_writer(entry, COMPRESSION_LEVEL, threads=os.cpu_count() or 1) as stream,
        tarfile.open(fileobj=stream, mode="w|", encoding="utf-8") as tar,
    ):
        yield tar


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _EPOCH)


def _add(
    tar: tarfile.TarFile, member: Member, told: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """Put a member into a tar; its row of paths.json."""
    info = tarfile.TarInfo(member.target)
    if member.link is not None:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, member.link, 0o777
        tar.addfile(info)
        return {"_path": member.target, "path_type": "softlink"}
    assert member.open is not None
    info.size, info.mode = member.size, 0o755 if member.executable else 0o644
    with member.open() as file:
        hashing = _Hashing(file, told)
        try:
            tar.addfile(info, cast(BinaryIO, hashing))
        except OSError as error:
            if error.errno is not None:
                raise
            # tarfile's way to say that a member is shorter than its size.
            raise ValueError(f"{member.target} is shorter than it says") from error
        if file.read(1):
            raise ValueError(f"{member.target} is longer than it says")
    return {
        "_path": member.target,
        "path_type": "hardlink",
        "sha256": hashing.digest.hexdigest(),
        "size_in_bytes": member.size,
    }


class _Hashing:
    """Hashes all that is read through it, and tells how many bytes that are."""

    def __init__(self, file: BinaryIO, told: Callable[[int], None]) -> None:
        self.file, self.digest = file, hashlib.sha256()
        self.told, self.done = told, 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        self.done += len(data)
        self.told(self.done)
        return data
