"""Members of zip files are inflated by what is there, and always to the same."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.inflate import open_member


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
