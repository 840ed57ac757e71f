"""The archives of conda packages: found, fetched and checked."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conda.common.path import url_to_path
from conda.gateways.connection.download import download

from ..errors import CudaError
from ..network.download import in_words
from ..system.files import Inside
from ..system.progress_text import Part
from ..system.reading import hash_of, open_regular
from ..system.shared_caches import package_caches


@dataclass(frozen=True)
class Sums:
    """What tells one file from another."""

    size: int
    md5: str
    sha256: str

    def fit(self, record: Any) -> bool:
        """Whether a package record is about this file, as far as it says."""
        return all(
            record.get(name) in (None, "", 0, value)
            for name, value in (("size", self.size), ("md5", self.md5), ("sha256", self.sha256))
        )


class DamagedPackageError(CudaError):
    """A package is not the one that the index of its channel describes."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is not the file that the index of its channel describes, so nothing was "
            "changed.",
            hints=["It was cut short or altered: copy or make the channel once more."],
            file=path,
        )


class MissingPackageError(CudaError):
    """A package is not where the index of its channel says."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The index of a channel names {path}, which is not there, so nothing was changed.",
            hints=["Copy or make the channel once more."],
            file=path,
        )


class NotAtHandError(CudaError):
    """A package is not on this machine, and no connection may be made."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file of {name} is in no package cache, and --offline forbids to download it.",
            hints=["Run the command without --offline once."],
            package=name,
        )


def sums_of(source: Path, copy: Path | None = None) -> Sums:
    """The sums of a file, which can be copied in the same go."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    if copy:
        # A damaged file may have this name.
        Inside(copy.parent).remove(copy)
    out = Inside(copy.parent).create(copy) if copy else io.BytesIO()
    with open_regular(source) as file, out:
        while block := file.read(2**20):
            md5.update(block)
            sha256.update(block)
            size += len(block)
            if copy is not None:
                out.write(block)
    return Sums(size, md5.hexdigest(), sha256.hexdigest())


def checked(records: Sequence[Any], missing: Iterable[Any]) -> Sequence[Any]:
    """Refuse packages of channels on this machine that are not what their index describes.

    conda checks what it downloads, but not what lies in a folder. Only the packages that are
    `missing` in the package caches are looked at; all are returned.

    Raises:
        DamagedPackageError: when one has other bytes.
        MissingPackageError: when one is not there.
    """
    for record in missing:
        path = local_path(record)
        if path is None:
            continue
        if path.is_file():
            if not _is_as_described(path, record):
                raise DamagedPackageError(path)
        elif not is_cached(record.fn, record.get("size")):
            raise MissingPackageError(path)
    return records


def fetch(record: Any, target: Path, told: Part, *, offline: bool) -> Sums:
    """Put the file of a package somewhere: from a package cache, else from its channel.

    Raises:
        DamagedPackageError: when it is not what its channel describes.
        MissingPackageError: when it is not in its channel, which is on this machine.
        NotAtHandError: when it is not on this machine and `offline` is set.
        AnswerError: when it cannot be downloaded.
    """
    path = local_path(record)
    there = [path] if path is not None and path.is_file() else []
    for candidate in (*_cached(record.fn, record.get("size")), *there):
        sums = sums_of(candidate, target)
        if sums.fit(record):
            return sums
        if candidate == path:
            raise DamagedPackageError(candidate)
    if path is not None:
        raise MissingPackageError(path)
    if offline:
        raise NotAtHandError(f"{record.name} {record.version}")
    # A candidate that was not the right one may lie there.
    Inside(target.parent).remove(target)
    size = record.get("size") or 0
    with in_words(record.url):
        download(
            record.url,
            str(target),
            md5=record.get("md5"),
            sha256=record.get("sha256"),
            size=record.get("size"),
            progress_update_callback=lambda share: told.update(int(share * size), size),
        )
    sums = sums_of(target)
    if not sums.fit(record):
        raise DamagedPackageError(target)
    return sums


def is_cached(name: str, size: int | None = None) -> bool:
    """Whether a package cache holds a file of this name, and of this size if one is given."""
    return any(True for _ in _cached(name, size))


def local_path(record: Any) -> Path | None:
    """Where the file of a package of a channel on this machine lies; None for other channels."""
    url = str(record.get("url") or "")
    return Path(url_to_path(url)) if url.startswith("file:/") else None


def _is_as_described(path: Path, record: Any) -> bool:
    """Whether a file has the size and the strongest hash that a record gives."""
    if record.get("size") not in (None, 0, path.stat().st_size):
        return False
    name = next((name for name in ("sha256", "md5") if record.get(name)), None)
    return name is None or hash_of(path, name) == str(record.get(name))


def _cached(name: str, size: int | None) -> Iterator[Path]:
    for folder in package_caches():
        path = folder / name
        # What another user keeps private is not there.
        if (
            os.path.isfile(path)
            and os.access(path, os.R_OK)
            and size in (None, 0, path.stat().st_size)
        ):
            yield path
