"""One of NVIDIA's redist archives as the members of a package.

`cuda_cudart-linux-x86_64-12.4.127-archive/lib/libcudart.so.12` becomes `lib/libcudart.so.12`.
Archives are read once, from beginning to end, and written once: each file goes to its place in the
package while it is read.
"""

from __future__ import annotations

import contextlib
import functools
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from ..quoting import quoted
from ..system.reading import open_regular
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
    checked,
    name_of,
)
from .unpacked import unpack_package
from .zip_stream import open_member

ENDINGS = (".tar.xz", ".tar.gz", ".tgz", ".zip")
_LICENSE = re.compile(r"(?:license|eula)[^/]*", re.IGNORECASE)


def unpack_archive(
    archive: Path,
    name: str,
    folder: Path,
    record: Mapping[str, Any],
    about: str,
    error: Refuse = ArchiveError,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Unpack an archive as a conda package into a folder.

    Args:
        archive: the file, whatever it is called now.
        name: its own name, whose ending says what it is.
        folder: where the package goes; nothing of its name may exist there.
        record: name, version, build and so on, as in repodata.json.
        about: the package in one sentence.
        error: makes the error for a refused archive.
        progress: called with bytes done and bytes in all.

    Returns:
        The package's folder.

    Raises:
        the error, when the file is damaged, or a member must not be unpacked.
        OSError: when the disk fails.
    """
    place = folder / name_of(record)
    try:
        with open_regular(archive) as file, contextlib.ExitStack() as stack:
            size = archive.stat().st_size

            if name.lower().endswith(".zip"):
                found = _zip_members(file, size, name, error, stack)
                members: Iterable[Member] = check_members(found, name, error)
            else:
                members = checked(_tar_members(file, size, name, place, error), name, error)

            def told(done: int, total: int) -> None:
                # How much there is in a tar file is not known before its end.
                progress(file.tell(), size)

            members = _some(members, name, error)
            return unpack_package(folder, record, members, about, told)
    except DAMAGE as problem:
        raise error(name, f"it is damaged ({problem})") from problem
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise error(name, f"it is damaged ({problem})") from problem


def _some(members: Iterable[Member], name: str, error: Refuse) -> Iterator[Member]:
    """The members, of which one at least has to be more than a license."""
    empty = True
    for member in members:
        empty = empty and member.target.startswith(LICENSES)
        yield member
    if empty:
        raise error(name, "it holds nothing")


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
    file: BinaryIO, size: int, archive: str, unpacked: Path, error: Refuse
) -> Iterator[Member]:
    """The members of a tar file; each file has to be read before the next one is asked for."""
    stream = Decompressed(file, size, archive, error)
    places = _Places(archive, error)
    files: dict[str, Member] = {}
    with tarfile.TarFile(fileobj=cast(BinaryIO, stream), mode="r", errorlevel=2) as tar:
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
                first = files.get(places.inside(info.linkname))
                if first is None:
                    raise error(
                        archive, f"its hard link {quoted(info.name)} leads to no file before it"
                    )
                opener = functools.partial(open_regular, unpacked / first.target, links=False)
                member = Member(target, first.size, opener, executable=first.executable)
            elif info.isreg() and not info.issparse():
                opener = functools.partial(cast(Any, tar.extractfile), info)
                member = Member(target, info.size, opener, executable=bool(info.mode & 0o111))
            else:
                raise error(archive, f"its member {quoted(info.name)} is no regular file")
            files[inside] = member
            yield member
    stream.finish()


def _zip_members(
    file: BinaryIO,
    size: int,
    archive: str,
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
        opener = cast(Any, functools.partial(open_member, content, info))
        mode = info.external_attr >> 16
        yield Member(places.target(inside), info.file_size, opener, executable=bool(mode & 0o111))
