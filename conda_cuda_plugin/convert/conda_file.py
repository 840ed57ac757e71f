"""A package as the `.conda` file in which it travels; the same members give the same bytes."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from ..errors import CudaError
from ..system.files import Inside
from ..system.reading import read_json
from .package import Member, Progress, Refused
from .unpacked import members_of, metadata, name_of, row_of

# Most of what CUDA's packages hold shrinks little more at higher levels: speed before size.
COMPRESSION_LEVEL = 1
_ZIP64_FROM = 2**31 - 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip file can tell; the clock must not get into a package."""


class DamagedUnpackedError(CudaError):
    """What lies unpacked in a package cache is not what was unpacked there."""

    def __init__(self, folder: Path, reason: object) -> None:
        super().__init__(
            f"{folder} was altered since it was unpacked: {reason}.",
            hints=["Remove that folder and run the command again: it is fetched anew."],
            file=folder,
        )


def pack(unpacked: Path, folder: Path, progress: Progress = lambda done, total: None) -> Path:
    """Write the `.conda` file of a package that `unpack_package` has written.

    Raises:
        DamagedUnpackedError: when the package is not as it was.
        OSError: when it cannot be read, or the file not be written.
    """
    try:
        record = read_json(unpacked / "info" / "index.json", links=False)
        about = str(read_json(unpacked / "info" / "about.json", links=False)["summary"])
        if name_of(record) != unpacked.name:
            raise ValueError("it is another package")
        return write_package(folder, record, members_of(unpacked), about, progress)
    except (ValueError, KeyError, TypeError, Refused) as error:
        raise DamagedUnpackedError(unpacked, error) from error


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

    Returns:
        NAME-VERSION-BUILD.conda.

    Raises:
        ValueError: when a member is not what it says.
        OSError: when the disk fails; nothing is left then.
    """
    stem = name_of(record)
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
                for name, data in metadata(record, rows, about).items():
                    _add(tar, Member(name, len(data), lambda data=data: io.BytesIO(data)))  # type: ignore[misc]
    except BaseException:
        Inside(folder).remove(package)
        raise
    return package


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
        return row_of(member)
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
    return row_of(member, hashing.digest.hexdigest())


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


def zstd_writer(file: IO[bytes], level: int, threads: int) -> AbstractContextManager[IO[bytes]]:
    """Compress into an open file, which stays open.

    Args:
        file: takes the compressed bytes.
        level: as zstd counts them; low is fast.
        threads: one or more; their number does not change the bytes.
    """
    try:
        zstd = _zstd()
    except ImportError:  # conda before 26.7
        import zstandard

        compressor = zstandard.ZstdCompressor(level=level, threads=threads)
        return compressor.stream_writer(file, closefd=False)
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: level, parameter.nb_workers: threads}
    writer: AbstractContextManager[IO[bytes]] = zstd.ZstdFile(file, "w", options=options)
    return writer


def _zstd() -> Any:
    """Python's own module, from 3.14 on, or the one that conda has for older Pythons."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    return zstd
