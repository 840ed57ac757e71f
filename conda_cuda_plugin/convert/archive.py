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
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from ..quoting import quoted
from ..system.reading import open_regular
from .decompress import Decompressed, most_bytes, most_members
from .package import (
    LICENSES,
    TOO_MUCH,
    ArchiveError,
    Member,
    Progress,
    Refused,
    check_members,
    checked,
    refusing,
)
from .unpacked import name_of, unpack_package
from .zip_stream import open_member

ENDINGS = (".tar.xz", ".tar.gz", ".tgz", ".zip")
_LICENSE = re.compile(r"(?:license|eula)[^/]*", re.IGNORECASE)


def unpack_archive(
    archive: Path,
    name: str,
    folder: Path,
    record: Mapping[str, Any],
    about: str,
    error: Callable[[str, str], Exception] = ArchiveError,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Unpack an archive as a conda package into a folder.

    Args:
        archive: the file, whatever it is called now.
        name: its own name, whose ending says what it is.
        folder: where the package goes; nothing of its name may exist there.
        error: makes the error for a refused archive from its name and the reason.

    Returns:
        The package's folder.

    Raises:
        the error, when the file is damaged, or a member must not be unpacked.
        OSError: when the disk fails.
    """
    place = folder / name_of(record)
    with refusing(name, error), contextlib.ExitStack() as stack:
        file = stack.enter_context(open_regular(archive))
        size = archive.stat().st_size
        if name.lower().endswith(".zip"):
            content = stack.enter_context(zipfile.ZipFile(file))
            members: Iterable[Member] = check_members(_zip_members(content, size))
        else:
            members = checked(_tar_members(file, size, place))

        def told(done: int, total: int) -> None:
            # How much there is in a tar file is not known before its end.
            progress(file.tell(), size)

        return unpack_package(folder, record, _some(members), about, told)


def _some(members: Iterable[Member]) -> Iterator[Member]:
    """The members, of which one at least has to be more than a license."""
    empty = True
    for member in members:
        empty = empty and member.target.startswith(LICENSES)
        yield member
    if empty:
        raise Refused("it holds nothing")


class _Places:
    """Where the members of an archive go in a package: its one top folder is taken off."""

    top: str | None = None

    def inside(self, name: str, *, folder: bool = False) -> str:
        """The path below the top folder; empty for the top folder itself."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise Refused(f"its member {quoted(name)} would leave its place")
        if not path.parts:
            return ""
        self.top = self.top or path.parts[0]
        if path.parts[0] != self.top or (len(path.parts) == 1 and not folder):
            raise Refused("it does not have the one top folder of NVIDIA's")
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


def _tar_members(file: BinaryIO, size: int, unpacked: Path) -> Iterator[Member]:
    """The members of a tar file; each file has to be read before the next one is asked for."""
    stream = Decompressed(file, size)
    places = _Places()
    files: dict[str, Member] = {}
    with tarfile.TarFile(fileobj=cast(BinaryIO, stream), mode="r", errorlevel=2) as tar:
        for number, info in enumerate(tar):
            if number >= most_members(size):
                raise Refused(TOO_MUCH)
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
                    raise Refused(f"its hard link {quoted(info.name)} leads to no file before it")
                opener = functools.partial(open_regular, unpacked / first.target, links=False)
                member = Member(target, first.size, opener, executable=first.executable)
            elif info.isreg() and not info.issparse():
                opener = functools.partial(cast(Any, tar.extractfile), info)
                member = Member(target, info.size, opener, executable=bool(info.mode & 0o111))
            else:
                raise Refused(f"its member {quoted(info.name)} is not a regular file")
            files[inside] = member
            yield member
    stream.finish()


def _zip_members(content: zipfile.ZipFile, size: int) -> Iterator[Member]:
    places, left = _Places(), most_bytes(size)
    if len(content.infolist()) > most_members(size):
        raise Refused(TOO_MUCH)
    for info in content.infolist():
        inside, mode = places.inside(info.filename, folder=info.is_dir()), info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
            raise Refused(f"its member {quoted(info.filename)} is not a regular file")
        if info.is_dir():
            continue
        left -= info.file_size
        if left < 0:
            raise Refused(TOO_MUCH)
        opener = functools.partial(open_member, content, info)
        yield Member(places.target(inside), info.file_size, opener, executable=bool(mode & 0o111))
