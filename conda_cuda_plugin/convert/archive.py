"""One of NVIDIA's redist archives as the members of a package.

`cuda_cudart-linux-x86_64-12.4.127-archive/lib/libcudart.so.12` becomes `lib/libcudart.so.12`.
Archives are read once, from beginning to end. Their files are put aside one behind the other, so
that no name in an archive is ever a path on this machine.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from ..quoting import quoted
from ..reading import open_regular
from .decompress import Decompressed, most_bytes, most_members
from .package import (
    DAMAGE,
    LICENSES,
    TOO_MUCH,
    ArchiveError,
    Member,
    Progress,
    Refuse,
    check_members,
    write_package,
)

ENDINGS = (".tar.xz", ".tar.gz", ".tgz", ".zip")
_BLOCK = 2**20
_LICENSE = re.compile(r"(?:license|eula)[^/]*", re.IGNORECASE)


def convert_archive(
    archive: Path,
    name: str,
    folder: Path,
    record: Mapping[str, Any],
    about: str,
    error: Refuse = ArchiveError,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Write an archive as `.conda` into a folder.

    Args:
        archive: the file, whatever it is called now.
        name: its own name, whose ending says what it is.
        folder: where the package goes; what is unpacked on the way lies there too, and is gone at
            the end.
        record: name, version, build and so on, as in repodata.json.
        about: the package in one sentence.
        error: makes the error for a refused archive.
        progress: called with bytes done and bytes in all.

    Returns:
        The package.

    Raises:
        the error, when the file is damaged, or a member must not be unpacked.
        OSError: when the disk fails.
    """
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as aside, open_regular(archive) as file:
            read = _zip_members if name.lower().endswith(".zip") else _tar_members
            size = archive.stat().st_size
            with contextlib.ExitStack() as stack:
                found = read(file, size, name, aside, error, stack)
                members = check_members(found, name, error)
                if all(member.target.startswith(LICENSES) for member in members):
                    raise error(name, "it holds nothing")
                return write_package(folder, record, members, about, progress)
    except DAMAGE as problem:
        raise error(name, f"it is damaged ({problem})") from problem
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise error(name, f"it is damaged ({problem})") from problem


class _Places:
    """Where the members of an archive go in a package: its one top folder is taken off."""

    def __init__(self, archive: str, error: Refuse) -> None:
        self.archive, self.error = archive, error
        self.top: str | None = None

    def inside(self, name: str, *, folder: bool = False) -> str:
        """The path below the top folder; empty for the top folder itself."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise self.error(self.archive, f"its member {quoted(name)} would leave its place")
        if not path.parts:
            return ""
        self.top = self.top or path.parts[0]
        if path.parts[0] != self.top or (len(path.parts) == 1 and not folder):
            raise self.error(self.archive, "it does not have the one top folder of NVIDIA's")
        return "/".join(path.parts[1:])

    def target(self, inside: str) -> str:
        """Where a file goes."""
        first, _, rest = inside.partition("/")
        if not rest and _LICENSE.fullmatch(first):
            return f"{LICENSES}{first}"
        if first == "lib64" and rest:
            # A toolkit root has a `lib64` of its own, with links to the libraries.
            return f"lib/{rest}"
        if inside.startswith("bin/x64/"):
            # Windows, 13.x: only `bin` itself is searched for DLLs.
            return f"bin/{inside.removeprefix('bin/x64/')}"
        return inside


def _tar_members(
    file: BinaryIO,
    size: int,
    archive: str,
    aside: BinaryIO,
    error: Refuse,
    stack: contextlib.ExitStack,
) -> Iterator[Member]:
    stream = Decompressed(file, size, archive, error)
    places = _Places(archive, error)
    staged: dict[str, Member] = {}
    tar = stack.enter_context(
        tarfile.TarFile(fileobj=cast(BinaryIO, stream), mode="r", errorlevel=2)
    )
    for number, info in enumerate(tar):
        if number >= most_members(size):
            raise error(archive, TOO_MUCH)
        inside = places.inside(info.name, folder=info.isdir())
        if info.isdir():
            continue
        target = places.target(inside)
        if info.issym():
            # A link `lib64 -> lib` would be in the way of the toolkit root's own folder.
            if target != "lib64":
                yield Member(target, 0, None, link=info.linkname)
            continue
        if info.islnk():
            first = staged.get(places.inside(info.linkname))
            if first is None:
                raise error(
                    archive, f"its hard link {quoted(info.name)} leads to no file before it"
                )
            member = Member(target, first.size, first.open, executable=first.executable)
        elif info.isreg() and not info.issparse():
            opener = cast(Any, functools.partial(_Aside, aside, aside.tell(), info.size))
            _put_aside(tar, info, aside)
            member = Member(target, info.size, opener, executable=bool(info.mode & 0o111))
        else:
            raise error(archive, f"its member {quoted(info.name)} is no regular file")
        staged[inside] = member
        yield member
    stream.finish()


def _put_aside(tar: tarfile.TarFile, info: tarfile.TarInfo, aside: BinaryIO) -> None:
    content = tar.extractfile(info)
    assert content is not None
    left = info.size
    with content:
        while left and (data := content.read(min(left, _BLOCK))):
            aside.write(data)
            left -= len(data)
    if left:
        raise EOFError("it ends too early")


class _Aside(io.RawIOBase):
    """One of the files that were put aside.

    Args:
        aside: where they lie.
        start: where this one begins.
        size: how long it is.
    """

    def __init__(self, aside: BinaryIO, start: int, size: int) -> None:
        self._aside, self._at, self._end = aside, start, start + size

    def read(self, size: int = -1) -> bytes:
        """The next bytes of it."""
        left = self._end - self._at
        self._aside.seek(self._at)
        data = self._aside.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


def _zip_members(
    file: BinaryIO,
    size: int,
    archive: str,
    aside: BinaryIO,
    error: Refuse,
    stack: contextlib.ExitStack,
) -> Iterator[Member]:
    content = stack.enter_context(zipfile.ZipFile(file))
    places = _Places(archive, error)
    left = most_bytes(size)
    if len(content.infolist()) > most_members(size):
        raise error(archive, TOO_MUCH)
    for info in content.infolist():
        inside = places.inside(info.filename, folder=info.is_dir())
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
            raise error(archive, f"its member {quoted(info.filename)} is no regular file")
        if info.is_dir():
            continue
        left -= info.file_size
        if left < 0:
            raise error(archive, TOO_MUCH)
        opener = cast(Any, functools.partial(content.open, info))
        mode = info.external_attr >> 16
        yield Member(places.target(inside), info.file_size, opener, executable=bool(mode & 0o111))
