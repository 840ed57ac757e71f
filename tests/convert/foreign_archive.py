"""Archives in NVIDIA's layout, made member by member, and their conversion."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conda_cuda_plugin.convert.archive import unpack_archive
from conda_cuda_plugin.convert.package import ArchiveError

from ..listing import listing
from ..sources.packed import packed

TOP = "cuda_part-linux-x86_64-1.2.3-archive"
NAME = f"{TOP}.tar.xz"

RECORD: dict[str, Any] = {
    "name": "cuda-redist-part",
    "version": "1.2.3",
    "build": "cuda1.2.3_0",
    "build_number": 0,
    "depends": [],
    "subdir": "linux-64",
}

TarMember = tuple[str, bytes, bytes, str]
"""Name below the top folder (or, behind a `!`, the whole name), kind, content, link."""


def tar_of(members: Sequence[TarMember], kind: str = "xz", preset: int = 0) -> bytes:
    """A tar with members of any kind and name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", encoding="utf-8", errors="surrogateescape") as tar:
        for name, type_, content, link in members:
            info = tarfile.TarInfo(name[1:] if name.startswith("!") else f"{TOP}/{name}")
            info.type, info.linkname, info.mode = type_, link, 0o644
            info.size = len(content) if type_ == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    data = buffer.getvalue()
    if kind == "gz":
        return gzip.compress(data, 1)
    return lzma.compress(data, preset=preset)


def regular(name: str, content: bytes = b"content") -> TarMember:
    return name, tarfile.REGTYPE, content, ""


def link(name: str, target: str) -> TarMember:
    return name, tarfile.SYMTYPE, b"", target


def hard_link(name: str, target: str) -> TarMember:
    return name, tarfile.LNKTYPE, b"", target


def convert(folder: Path, data: bytes, name: str = NAME) -> Path:
    """The package made of an archive; whatever happens, nothing else may appear or change."""
    outside = folder / "outside"
    staging = outside / "staging"
    staging.mkdir(parents=True)
    (outside / "precious").write_text("as it was")
    archive = outside / "archive"
    archive.write_bytes(data)
    before = listing(folder)
    try:
        package = packed(unpack_archive(archive, name, staging, RECORD, "about it"))
    except ArchiveError as error:
        assert listing(folder) == before
        assert error.message.startswith(f"{name} cannot be used: ")
        raise
    assert os.listdir(staging) == [package.name]
    after = listing(folder)
    del after[str(package.relative_to(folder))]
    assert after == before
    return package


def unpack(package: Path, folder: Path) -> dict[str, str]:
    """What conda's own unpacker makes of a package: contents as hash, links as their target."""
    from conda_package_streaming.extract import extract

    inside = folder / "unpacked" / "inside"
    extract(package, inside)
    assert os.listdir(folder / "unpacked") == ["inside"]
    found = {}
    for parent, folders, files in os.walk(inside):
        for name in (*folders, *files):
            path = Path(parent, name)
            key = str(path.relative_to(inside))
            if path.is_symlink():
                found[key] = f"-> {os.readlink(path)}"
                try:
                    target = os.path.realpath(path, strict=True)
                except OSError as error:
                    if error.errno == errno.ELOOP:
                        continue  # Links that lead to each other in a circle lead nowhere.
                    target = os.path.realpath(path)
                assert f"{target}/".startswith(f"{os.path.realpath(inside)}/"), f"{key}: {target}"
            elif path.is_file():
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def zip_of(members: Sequence[tuple[str, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(f"{TOP}/{name}")
            info.filename = f"{TOP}/{name}"
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()
