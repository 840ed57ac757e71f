"""Wheels made member by member, and their conversion."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from conda_cuda_plugin.convert.wheel import unpack_wheel

from .packed import packed

METADATA = b"Metadata-Version: 2.1\nName: nvidia-part\nVersion: 1.2.3\n"
DIST_INFO = "nvidia_part-1.2.3.dist-info"
Member = tuple[str, bytes, int]
"""Name, content, mode as in the archive (0 when the archive says nothing)."""


def write(
    path: Path,
    members: Sequence[Member],
    metadata: bytes | None = METADATA,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        # zipfile warns of names that occur twice, which is what some of these are about.
        warnings.simplefilter("ignore")
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            # ZipInfo tidies names on its own; the file keeps what was meant.
            info.filename = name
            info.external_attr = mode << 16
            info.compress_type = compression
            archive.writestr(info, content)
        if metadata is not None:
            archive.writestr(f"{DIST_INFO}/METADATA", metadata)
    return path


def convert(folder: Path, members: Sequence[Member]) -> dict[str, bytes]:
    """What conda unpacks from the converted wheel; nothing may appear outside."""
    from conda_package_streaming.extract import extract

    wheel = write(folder / "nvidia_part-1.2.3-py3-none-any.whl", members)
    unpacked, _ = unpack_wheel(wheel, folder, "linux-64")
    wheel.unlink()
    package = packed(unpacked)
    inside = folder / "inside"
    extract(package, inside)
    package.unlink()
    assert os.listdir(folder) == ["inside"]
    found = {}
    for path in inside.rglob("*"):
        if path.is_symlink():
            target = os.readlink(path)
            assert "/" not in target, f"{path} leads to {target}"
        elif path.is_file():
            found[str(path.relative_to(inside))] = path.read_bytes()
    return found


good_part = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0:", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=8,
).filter(lambda part: part not in (".", "..") and not part.endswith((".py", ".pyi")))

good_path = st.lists(good_part, min_size=2, max_size=4).map("/".join)


def apart(paths: Sequence[str]) -> bool:
    """Whether no path is another one's folder, on a file system that knows no case either."""
    lower = [path.lower() for path in paths]
    return not any(a != b and b.startswith(f"{a}/") for a in lower for b in lower)
