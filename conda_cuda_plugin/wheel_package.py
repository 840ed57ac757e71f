"""One of NVIDIA's wheels, turned into a conda package in the classic layout of a toolkit.

`nvidia/cuda_runtime/lib/libcudart.so.12` of the wheel becomes `lib/libcudart.so.12` of the
package: the wheels keep each component apart, a toolkit root has one `bin`, `include` and `lib`.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import CudaError

# The archive is read again right away and thrown away by `conda clean`: speed before size.
COMPRESSION_LEVEL = 1
MOST_BYTES = 16 * 2**30
"""No wheel of NVIDIA's unpacks to more; the largest (cuDNN, cuBLAS) stay below 2 GB."""

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    KeyError,
    ValueError,
)
"""What zipfile raises on a file that is no proper archive."""
_MOST_METADATA = 2**20
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:[a-z]+\d+)?(?:\.(?:post|dev)\d+)?", re.ASCII)
_LIBRARY = re.compile(r"lib/(lib[^/]+?\.so)\.[^/]+")
_NO_NAME = re.compile(r"[\x00-\x1f\x7f:]")
"""What breaks lists of files, and names on Windows."""
_CONDAS_OWN = ("info", "conda-meta")
"""Folders of a package and of a prefix in which conda keeps its own records."""
_EXECUTABLE = (b"\x7fELF", b"#!")


class WheelError(CudaError):
    """A file is no wheel, or one that must not be unpacked."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path.name} cannot be used: {reason}.",
            hints=[
                "Run the command again. If it happens again, the index or mirror itself holds "
                "such a file."
            ],
            file=path.name,
        )


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    target: str


def convert_wheel(wheel: Path, folder: Path, subdir: str) -> tuple[Path, dict[str, Any]]:
    """Write a wheel as `.conda` into a folder.

    Args:
        wheel: the file.
        folder: where the package goes; nothing of that name may exist there.
        subdir: the conda platform it is for.

    Returns:
        The package and its record as in repodata.json, without hashes.

    Raises:
        WheelError: when the file is damaged, or a member would leave the package.
    """
    import zstandard
    from conda_package_streaming.create import conda_builder

    try:
        with zipfile.ZipFile(wheel) as archive:
            name, version = _name_and_version(archive, wheel)
            members = list(_members(archive, wheel))
            record = {
                "name": name,
                "version": version,
                "build": "wheel_0",
                "build_number": 0,
                "depends": [],
                "license": "LicenseRef-NVIDIA-Proprietary",
                "subdir": subdir,
            }
            stem = f"{name}-{version}-{record['build']}"
            package = folder / f"{stem}.conda"
            try:
                with conda_builder(
                    stem,
                    folder,
                    compressor=lambda: zstandard.ZstdCompressor(
                        level=COMPRESSION_LEVEL, threads=-1
                    ),
                ) as tar:
                    _write(tar, archive, members, record, wheel, subdir)
            except BaseException:
                package.unlink(missing_ok=True)
                raise
    except _DAMAGE as error:
        raise WheelError(wheel, f"it is damaged ({error})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # tarfile's way to say that a member is shorter than its size.
        raise WheelError(wheel, f"it is damaged ({error})") from error
    return package, record


def _name_and_version(archive: zipfile.ZipFile, wheel: Path) -> tuple[str, str]:
    """What the package is called; both become part of a file name."""
    for info in archive.infolist():
        if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename):
            if info.file_size > _MOST_METADATA:
                break
            metadata = BytesHeaderParser().parsebytes(archive.read(info))
            name, version = str(metadata["Name"]), str(metadata["Version"])
            if _NAME.fullmatch(name) and _NUMBER.fullmatch(version):
                return re.sub(r"[-_.]+", "-", name).lower(), version
            break
    else:
        raise WheelError(wheel, "it holds no metadata")
    raise WheelError(wheel, "it does not say what it is")


def _members(archive: zipfile.ZipFile, wheel: Path) -> Iterator[_Member]:
    """The files that belong into a toolkit, with their places there."""
    seen: dict[str, str] = {}
    total = 0
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if not path.parts or info.is_dir():
            continue
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename:
            raise WheelError(wheel, f"its member {info.filename!r} would leave its place")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise WheelError(wheel, f"its member {info.filename!r} is no regular file")
        total += info.file_size
        if total > MOST_BYTES:
            raise WheelError(wheel, "it would unpack to more than any real one")
        target = _target(path)
        if target is None:
            continue
        if _NO_NAME.search(target):
            raise WheelError(wheel, f"its member {info.filename!r} has no proper name")
        if target.split("/")[0].lower() in _CONDAS_OWN and not path.parts[0].endswith(".dist-info"):
            raise WheelError(wheel, f"its member {info.filename!r} would pose as conda's own")
        if target.lower() in seen:
            raise WheelError(
                wheel, f"its members {seen[target.lower()]!r} and {target!r} are the same file"
            )
        seen[target.lower()] = target
        yield _Member(info, target)
    for target in seen.values():
        for parent in PurePosixPath(target.lower()).parents:
            if str(parent) in seen:
                raise WheelError(wheel, f"its member {seen[str(parent)]!r} is a file and a folder")


def _target(path: PurePosixPath) -> str | None:
    """Where a member of a wheel goes in a toolkit root; None when it does not belong there."""
    if path.parts[0].endswith(".dist-info"):
        if "licenses" in path.parts or path.name.lower().startswith("license"):
            return f"info/licenses/{'/'.join(path.parts[1:])}"
        return None
    if path.parts[0] != "nvidia" or len(path.parts) < 4 or path.suffix in (".py", ".pyi"):
        return None
    parts = path.parts[2:]
    if parts[0] == "bin" and len(parts) > 2 and parts[1] in ("x86_64", "arm64", "x64"):
        # Windows, 13.x: only `bin` itself is searched for DLLs.
        parts = ("bin", *parts[2:])
    return "/".join(parts)


def _write(
    tar: tarfile.TarFile,
    archive: zipfile.ZipFile,
    members: list[_Member],
    record: dict[str, Any],
    wheel: Path,
    subdir: str,
) -> None:
    paths = []
    for member in sorted(members, key=lambda member: member.target):
        entry = _add_file(tar, archive, member)
        if not member.target.startswith("info/"):
            paths.append(entry)
    if not subdir.startswith("win-"):
        paths += _add_developer_links(tar, [member.target for member in members])
    for name, content in (
        ("index.json", record),
        ("paths.json", {"paths": paths, "paths_version": 1}),
        ("about.json", {"summary": f"{wheel.name}, converted by conda cuda"}),
    ):
        _add_bytes(tar, f"info/{name}", json.dumps(content, indent=1, sort_keys=True).encode())
    _add_bytes(tar, "info/files", "".join(f"{row['_path']}\n" for row in paths).encode())


def _add_file(tar: tarfile.TarFile, archive: zipfile.ZipFile, member: _Member) -> dict[str, Any]:
    info = tarfile.TarInfo(member.target)
    info.size = member.info.file_size
    digest = hashlib.sha256()
    with archive.open(member.info) as file:
        start = file.read(4)
        program = member.target.split("/")[-2:-1] == ["bin"] and start.startswith(_EXECUTABLE)
        info.mode = 0o755 if program else 0o644
        tar.addfile(info, _Hashing(file, start, digest))
    return {
        "_path": member.target,
        "path_type": "hardlink",
        "sha256": digest.hexdigest(),
        "size_in_bytes": info.size,
    }


class _Hashing:
    """Reads a file whose first bytes were read already, and hashes all that passes by."""

    def __init__(self, file: Any, start: bytes, digest: Any) -> None:
        self.file, self.start, self.digest = file, start, digest

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.start
        self.start = b""
        data += self.file.read(size - len(data) if size >= 0 else -1)
        self.digest.update(data)
        return data


def _add_developer_links(tar: tarfile.TarFile, targets: list[str]) -> list[dict[str, Any]]:
    """`lib/libcudart.so -> libcudart.so.12`, which linkers ask for and wheels do not hold."""
    links: dict[str, str] = {}
    taken = {str(path) for target in targets for path in (target, *PurePosixPath(target).parents)}
    for target in sorted(targets):
        match = _LIBRARY.fullmatch(target)
        if match and f"lib/{match[1]}" not in taken:
            links[f"lib/{match[1]}"] = target.removeprefix("lib/")
    rows = []
    for name, to in links.items():
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, to, 0o777
        tar.addfile(info)
        rows.append({"_path": name, "path_type": "softlink"})
    return rows


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    import io

    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))
