"""An archive or a folder from anywhere is refused in words, or becomes a package that unpacks
inside itself, and always becomes the same one."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.conda_file import zstd_writer

from .foreign_archive import RECORD, TOP, convert, hard_link, link, regular, tar_of, unpack

good_part = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0:", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=8,
).filter(lambda part: part not in (".", "..") and not part.startswith("!"))

good_path = st.lists(good_part, min_size=2, max_size=4).map("/".join)

good_files = st.dictionaries(good_path, st.binary(max_size=300), min_size=1, max_size=6).filter(
    lambda files: _apart(list(files))
)


def _apart(paths: Sequence[str]) -> bool:
    """Whether the paths may lie beside each other, where a file system knows no case either."""
    lower = [path.lower() for path in paths]
    firsts = {path.split("/")[0] for path in lower}
    return (
        len(set(lower)) == len(lower)
        and not any(a != b and b.startswith(f"{a}/") for a in lower for b in lower)
        and not firsts & {"info", "conda-meta", "lib64"}
        and not any(path.startswith("bin/x64/") for path in paths)
    )


class TestRoundTrip:
    """What is harmless comes out as it went in."""

    @settings(max_examples=60, deadline=None)
    @given(good_files, st.sampled_from(["xz", "gz", "zip"]))
    def test_every_file_comes_out_byte_for_byte(self, files: dict[str, bytes], kind: str) -> None:
        if kind == "zip":
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for path, content in files.items():
                    archive.writestr(f"{TOP}/{path}", content)
            data, name = buffer.getvalue(), f"{TOP}.zip"
        else:
            data, name = (
                tar_of([regular(*file) for file in files.items()], kind),
                f"{TOP}.tar.{kind}",
            )
        with tempfile.TemporaryDirectory() as folder:
            found = unpack(convert(Path(folder), data, name), Path(folder))
        ours = {path: what for path, what in found.items() if not path.startswith("info/")}
        assert ours == {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}

    @settings(max_examples=40, deadline=None)
    @given(good_files, st.randoms(use_true_random=False))
    def test_the_same_members_give_the_same_bytes(
        self, files: dict[str, bytes], random: Any
    ) -> None:
        """In whatever order, at whatever time, from whatever archive they come."""
        first = [regular(*file) for file in files.items()]
        second = random.sample(first, len(first))
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            packages = convert(Path(one), tar_of(first)), convert(Path(two), tar_of(second, "gz"))
            assert packages[0].read_bytes() == packages[1].read_bytes()

    def test_the_same_archive_gives_the_same_bytes_on_another_day(self, tmp_path: Path) -> None:
        """A second of waiting is as good: zip files know every second one."""
        import time

        data = tar_of([regular("lib/x", os.urandom(3_000_000)), link("lib/y", "x")])
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        first = convert(tmp_path / "one", data).read_bytes()
        time.sleep(2.1)
        assert convert(tmp_path / "two", data).read_bytes() == first

    @settings(max_examples=10, deadline=None)
    @given(st.integers(1, 16), st.integers(0, 2**32))
    def test_the_number_of_processors_does_not_change_the_bytes(
        self, count: int, seed: int
    ) -> None:
        """What packages that travel rely on."""
        import random

        some = random.Random(seed)
        data = some.randbytes(2_000_000) + bytes(some.randrange(4) for _ in range(500_000)) * 3

        def compress(threads: int) -> bytes:
            buffer = io.BytesIO()
            with zstd_writer(buffer, 1, threads) as stream:
                for start in range(0, len(data), 10240):
                    stream.write(data[start : start + 10240])
            return buffer.getvalue()

        assert compress(count) == compress(1)

    def test_links_programs_and_hard_links(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
            tar.addfile(_folder(TOP))
            tar.addfile(_folder(f"./{TOP}/bin"))
            for name, mode, content in (
                ("bin/tool", 0o755, b"#!/bin/sh\n"),
                ("bin/tool.profile", 0o644, b"TOP\n"),
                ("lib/libx.so.1.2", 0o644, b"library"),
                ("LICENSE.txt", 0o644, b"license"),
                ("docs/LICENSE.txt", 0o644, b"another"),
            ):
                info = tarfile.TarInfo(f"{TOP}/{name}")
                info.mode, info.size = mode, len(content)
                tar.addfile(info, io.BytesIO(content))
            for member in (
                link("lib/libx.so.1", "libx.so.1.2"),
                link("lib/libx.so", "libx.so.1"),
                link("lib64", "lib"),
                link("extras/x/lib", "../../lib"),
                hard_link("lib/again.so", f"{TOP}/lib/libx.so.1.2"),
                hard_link("bin/other", f"{TOP}/bin/tool"),
            ):
                name, type_, _, target = member
                info = tarfile.TarInfo(f"{TOP}/{name}")
                info.type, info.linkname = type_, target
                tar.addfile(info)
        package = convert(tmp_path, buffer.getvalue())
        found = unpack(package, tmp_path)
        inside = tmp_path / "unpacked" / "inside"
        rows = json.loads((inside / "info" / "paths.json").read_text())["paths"]
        kinds = {row["_path"]: row["path_type"] for row in rows}
        assert kinds == {
            "bin/other": "hardlink",
            "bin/tool": "hardlink",
            "bin/tool.profile": "hardlink",
            "docs/LICENSE.txt": "hardlink",
            "extras/x/lib": "softlink",
            "lib/again.so": "hardlink",
            "lib/libx.so": "softlink",
            "lib/libx.so.1": "softlink",
            "lib/libx.so.1.2": "hardlink",
        }
        assert {name for name in found if not name.startswith("info/")} == set(kinds)
        assert (inside / "lib" / "libx.so").read_bytes() == b"library"
        assert (inside / "extras" / "x" / "lib" / "libx.so.1").read_bytes() == b"library"
        assert (inside / "lib" / "again.so").read_bytes() == b"library"
        assert (inside / "info" / "licenses" / "LICENSE.txt").read_bytes() == b"license"
        runnable = {name for name in kinds if os.access(inside / name, os.X_OK)} - {"extras/x/lib"}
        assert runnable == {"bin/tool", "bin/other"}
        index = json.loads((inside / "info" / "index.json").read_text())
        assert index == RECORD
        by_hash = {row["_path"]: row.get("sha256") for row in rows}
        assert by_hash["lib/libx.so.1.2"] == hashlib.sha256(b"library").hexdigest()

    def test_an_xz_file_of_several_streams(self, tmp_path: Path) -> None:
        """As parallel compressors write them."""
        raw = lzma.decompress(tar_of([regular("lib/x", b"x" * 5000)]))
        half = len(raw) // 2
        data = lzma.compress(raw[:half]) + bytes(8) + lzma.compress(raw[half:])
        assert "lib/x" in unpack(convert(tmp_path, data), tmp_path)

    def test_a_library_folder_of_its_own_stays_clear_of_the_roots_lib64(
        self, tmp_path: Path
    ) -> None:
        data = tar_of([regular("lib64/libx.so.1"), link("lib64/libx.so", "libx.so.1")])
        found = unpack(convert(tmp_path, data), tmp_path)
        assert {name for name in found if not name.startswith("info/")} == {
            "lib/libx.so",
            "lib/libx.so.1",
        }


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info
