"""Wheels made member by member, and their conversion."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from conda_cuda_plugin.convert.wheel import WheelError, unpack_wheel
from conda_cuda_plugin.convert.zip_stream import Coming

from ..sources.packed import packed

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


def unpack(wheel: Path, folder: Path, subdir: str) -> tuple[Path, dict[str, Any]]:
    """What `unpack_wheel` makes of a file; while it comes it has to make the same of it."""
    try:
        found = unpack_wheel(wheel, folder, subdir)
    except WheelError:
        for block, least in STREAMS:
            with pytest.raises(WheelError):
                unpack_streamed(wheel, subdir, block, least)
        raise
    for block, least in STREAMS:
        assert unpack_streamed(wheel, subdir, block, least) == (tree(found[0]), found[1])
    return found


STREAMS = [(7, 30), (2**16, 2**17)]
"""Bytes of each block that comes, and of the end that is asked for at once."""


def unpack_streamed(
    wheel: Path, subdir: str, block: int, least: int
) -> tuple[dict[str, tuple[int, bytes]], dict[str, Any]]:
    """Tree and record of the package that is made of a wheel while it comes."""
    data = wheel.read_bytes()
    blocks = (data[at : at + block] for at in range(0, len(data), block))
    coming = Coming(wheel.name, len(data), blocks, lambda first, end: data[first:end], least)
    with tempfile.TemporaryDirectory() as folder:
        try:
            package, record = unpack_wheel(coming, Path(folder), subdir)
        except WheelError:
            assert os.listdir(folder) == [], "a refused wheel leaves no package behind"
            raise
        assert coming.finish()
        return tree(package), record


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of everything below a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if path.is_symlink():
            content = os.readlink(path).encode()
        else:
            content = b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(folder))] = mode, content
    return found


def convert(folder: Path, members: Sequence[Member]) -> dict[str, bytes]:
    """What conda unpacks from the converted wheel; nothing may appear outside."""
    from conda_package_streaming.extract import extract

    wheel = write(folder / "nvidia_part-1.2.3-py3-none-any.whl", members)
    unpacked, _ = unpack(wheel, folder, "linux-64")
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
