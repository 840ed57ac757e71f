"""Members of zip files are inflated by what is there, and always to the same."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.archive import unpack_archive
from conda_cuda_plugin.convert.package import ArchiveError
from conda_cuda_plugin.convert.wheel import unpack_wheel
from conda_cuda_plugin.convert.zip_stream import open_member
from conda_cuda_plugin.sources.pypi.lookup import _metadata_in
from conda_cuda_plugin.sources.pypi.wheel import IndexFailure

from .foreign_archive import RECORD, TOP
from .made_wheel import DIST_INFO, METADATA, write


def zipped(content: bytes, level: int = 6) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr("x", content)
    return buffer.getvalue()


def inflated(data: bytes, size: int = 2**20) -> bytes:
    archive = zipfile.ZipFile(io.BytesIO(data))
    with archive, open_member(archive, archive.getinfo("x")) as file:
        return b"".join(iter(lambda: file.read(size), b""))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=9), st.integers(0, 30_000), st.integers(1, 5000))
def test_any_content_comes_out(parts: list[bytes], times: int, size: int) -> None:
    content = b"".join(part * (times // (len(part) + 1)) for part in parts)
    assert inflated(zipped(content), size) == content


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_member_is_none(data: st.DataObject) -> None:
    content = b"content" * 90
    good = zipped(content)
    at = data.draw(st.integers(0, len(good) - 1))
    broken = bytearray(good)
    broken[at] ^= data.draw(st.integers(1, 255))
    try:
        found = inflated(bytes(broken))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, RuntimeError):
        return
    assert found == content


def test_a_member_that_ends_too_early() -> None:
    data = zipped(bytes(range(256)) * 5000, 9)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("x")
        info.compress_size //= 2
        early = pytest.raises((EOFError, zlib.error, zipfile.BadZipFile))
        with early, open_member(archive, info) as file:
            while file.read(2**20):
                pass


class TestMemory:
    """Little that was packed to be much is not taken into memory."""

    MUCH = 100_000_000

    def refused(self, archive: Path, folder: Path) -> None:
        tracemalloc.start()
        try:
            with pytest.raises(ArchiveError, match="cannot be used"):
                if archive.suffix == ".whl":
                    unpack_wheel(archive, folder, "linux-64")
                else:
                    unpack_archive(archive, archive.name, folder, RECORD, "about")
            assert tracemalloc.get_traced_memory()[1] < self.MUCH // 4
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    @pytest.mark.parametrize("kind", ["wheel", "archive"])
    def test_what_cannot_be_inflated_in_parts(self, method: int, kind: str, tmp_path: Path) -> None:
        path = tmp_path / ("x.whl" if kind == "wheel" else "x.zip")
        top = "nvidia/part" if kind == "wheel" else TOP
        size = self.MUCH if kind == "wheel" else 60_000_000
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{top}/lib/libx.so.1", bytes(size), method)
            archive.writestr(f"{DIST_INFO if kind == 'wheel' else TOP}/METADATA", METADATA)
        self.refused(path, tmp_path)

    @pytest.mark.parametrize("name", ["METADATA", "RECORD"])
    def test_what_a_wheel_says_of_itself(self, name: str, tmp_path: Path) -> None:
        path = self.bomb(name, tmp_path)
        self.refused(path, tmp_path)

    def test_what_an_index_is_asked_for(self, tmp_path: Path) -> None:
        """Where no metadata lie beside it a wheel is looked into before anything is planned."""
        path = self.bomb("METADATA", tmp_path)
        tracemalloc.start()
        try:
            with path.open("rb") as wheel, pytest.raises(IndexFailure, match="damaged"):
                _metadata_in(wheel, "part")
            assert tracemalloc.get_traced_memory()[1] < self.MUCH // 4
        finally:
            tracemalloc.stop()

    def bomb(self, name: str, folder: Path) -> Path:
        """A wheel one of whose own files is more than the wheel says."""
        path = folder / "x.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("nvidia/part/lib/libx.so.1", b"x")
            if name == "RECORD":
                archive.writestr(f"{DIST_INFO}/METADATA", METADATA)
            archive.writestr(f"{DIST_INFO}/{name}", METADATA + bytes(self.MUCH))
        data = bytearray(path.read_bytes())
        at = data.rindex(b"PK\1\2")
        data[at + 24 : at + 28] = struct.pack("<L", len(METADATA))
        path.write_bytes(data)
        return path


def test_a_member_that_lies_before_the_file(tmp_path: Path) -> None:
    """It is the file that is wrong, whatever the system says of such a place."""
    path = write(tmp_path / "x.whl", [("nvidia/part/lib/libx.so.1", b"x", 0)])
    data = bytearray(path.read_bytes())
    # Where the list begins, by what its end says.
    data[-6:-2] = struct.pack("<L", struct.unpack("<L", data[-6:-2])[0] + 200)
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="it is damaged"):
        unpack_wheel(path, tmp_path, "linux-64")
