"""An archive or a folder from anywhere is refused in words, or becomes a package that unpacks
inside itself, and always becomes the same one."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import lzma
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.archive import convert_archive
from conda_cuda_plugin.convert.package import (
    ArchiveError,
    Member,
    check_members,
    write_package,
)
from conda_cuda_plugin.convert.tree import tree_members

from ..listing import listing

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
        package = convert_archive(archive, name, staging, RECORD, "about it")
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
        """What `write_package` relies on."""
        import random

        import zstandard

        some = random.Random(seed)
        data = some.randbytes(2_000_000) + bytes(some.randrange(4) for _ in range(500_000)) * 3

        def compress(threads: int) -> bytes:
            buffer = io.BytesIO()
            compressor = zstandard.ZstdCompressor(level=1, threads=threads)
            with compressor.stream_writer(buffer, closefd=False) as stream:
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


HOSTILE = [
    pytest.param([regular("../../x")], "would leave its place", id="parent-folder"),
    pytest.param([regular("!../x")], "would leave its place", id="parent-of-the-top"),
    pytest.param([regular("!/etc/x")], "would leave its place", id="absolute"),
    pytest.param([regular("lib\\x")], "would leave its place", id="backslash"),
    pytest.param([("!../d", tarfile.DIRTYPE, b"", "")], "would leave its place", id="folder-outside"),
    pytest.param([link("lib/x", "/etc/passwd")], "leads out of the package", id="absolute-link"),
    pytest.param([link("lib/x", "../../y")], "leads out of the package", id="link-to-the-parent"),
    pytest.param([link("lib/x", "")], "leads out of the package", id="link-to-nothing"),
    pytest.param([link("lib/x", "..\\..\\y")], "leads out of the package", id="link-with-backslash"),
    pytest.param(
        [link("a", "."), link("b", "a/../..")], "passes through another link", id="link-up-and-out"
    ),
    pytest.param(
        [link("lib/d", "deep/er"), link("lib/x", "d/../../../y"), regular("lib/deep/er/z")],
        "passes through another link",
        id="link-through-a-link",
    ),
    pytest.param(
        [link("lib/d", "."), regular("lib/d/x")], "is a file and a folder", id="file-below-a-link"
    ),
    pytest.param(
        [link("lib/d", "/tmp"), regular("lib/d/x")], "leads out of the package", id="file-below-a-way-out"
    ),
    pytest.param(
        [regular("lib/d/x"), link("lib/d", "..")], "is a file and a folder", id="link-over-a-folder"
    ),
    pytest.param([link("LICENSE", "/etc/passwd")], "leads out", id="license-is-a-link-out"),
    pytest.param([regular("x"), link("LICENSE", "x")], "is no regular file", id="license-is-a-link"),
    pytest.param([hard_link("lib/x", "/etc/passwd")], "would leave its place", id="hard-link-out"),
    pytest.param(
        [hard_link("lib/x", f"{TOP}/../../y")], "would leave its place", id="hard-link-to-the-parent"
    ),
    pytest.param(
        [hard_link("lib/x", f"{TOP}/lib/y"), regular("lib/y")],
        "leads to no file before it",
        id="hard-link-to-what-comes-later",
    ),
    pytest.param(
        [link("lib/y", "z"), hard_link("lib/x", f"{TOP}/lib/y")],
        "leads to no file before it",
        id="hard-link-to-a-link",
    ),
    pytest.param([("x", tarfile.CHRTYPE, b"", "")], "is no regular file", id="character-device"),
    pytest.param([("x", tarfile.BLKTYPE, b"", "")], "is no regular file", id="block-device"),
    pytest.param([("x", tarfile.FIFOTYPE, b"", "")], "is no regular file", id="fifo"),
    pytest.param([("x", b"Z", b"", "")], "is no regular file", id="unknown-kind"),
    pytest.param([regular("lib/x"), regular("LIB/X")], "are the same file", id="case"),
    pytest.param([regular("lib/x"), regular("lib/x")], "are the same file", id="twice"),
    pytest.param([regular("lib/x"), regular("Lib/X/y")], "is a file and a folder", id="case-of-folder"),
    pytest.param([regular("lib/x"), regular("lib/x/y")], "is a file and a folder", id="file-and-folder"),
    pytest.param([regular("info/index.json")], "would pose as conda's own", id="metadata"),
    pytest.param([regular("INFO/link.json")], "would pose as conda's own", id="metadata-in-capitals"),
    pytest.param([regular("conda-meta/history")], "would pose as conda's own", id="history"),
    pytest.param([regular("lib/a\nb")], "has no proper name", id="line-end"),
    pytest.param([regular("lib/a\x1b[31m")], "has no proper name", id="escape"),
    pytest.param([regular("lib/C:x")], "has no proper name", id="drive"),
    pytest.param([regular(f"lib/{'x' * 300}")], "has no proper name", id="too-long"),
    pytest.param([regular("lib/\udcff")], "has no proper name", id="no-text"),
    pytest.param([regular("!other/x"), regular("lib/x")], "one top folder", id="two-top-folders"),
    pytest.param([regular("!x")], "one top folder", id="no-top-folder"),
    pytest.param([], "it holds nothing", id="empty"),
    pytest.param([regular("LICENSE")], "it holds nothing", id="license-alone"),
]  # fmt: skip


class TestHostile:
    """Refused with a sentence; nothing is written outside, nothing stays inside."""

    @pytest.mark.parametrize(("members", "reason"), HOSTILE)
    def test_each_kind_is_named(
        self, members: list[TarMember], reason: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ArchiveError) as caught:
            convert(tmp_path, tar_of(members))
        assert reason in caught.value.message
        assert "\n" not in caught.value.message

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_any_mixture_is_refused_or_stays_inside(self, data: st.DataObject) -> None:
        part = st.one_of(
            st.sampled_from(
                ["..", ".", "", "lib", "LIB", "d", "e", "info", "licenses", "LICENSE", "~", "x"]
            ),
            st.text(max_size=3),
        )
        path = st.lists(part, min_size=1, max_size=4).map("/".join)
        start = st.sampled_from(["", "", "", "!", "!/", f"!{TOP}/", "!../"])
        name = st.tuples(start, path).map("".join)
        target = st.tuples(st.sampled_from(["", "/", "../", f"{TOP}/"]), path).map("".join)
        kind = st.sampled_from(
            [tarfile.REGTYPE] * 4
            + [tarfile.SYMTYPE] * 4
            + [tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
        )
        members = data.draw(
            st.lists(st.tuples(name, kind, st.binary(max_size=40), target), max_size=6)
        )
        try:
            archive = tar_of(members)
        except (ValueError, UnicodeError):
            return
        with tempfile.TemporaryDirectory() as folder:
            try:
                package = convert(Path(folder), archive)
            except ArchiveError:
                return
            unpack(package, Path(folder))

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_a_damaged_file_is_refused_in_words(self, data: st.DataObject) -> None:
        """Any byte changed, any length: a refusal, or a package."""
        kind = data.draw(st.sampled_from(["xz", "gz", "zip"]))
        if kind == "zip":
            good = _zip([("lib/x", b"content" * 9, 0)])
        else:
            good = tar_of([regular("lib/x", b"content" * 9), link("lib/y", "x")], kind)
        end = data.draw(st.integers(0, len(good)))
        broken = bytearray(good[:end])
        if broken:
            broken[data.draw(st.integers(0, end - 1))] ^= data.draw(st.integers(0, 255))
        name = f"{TOP}.zip" if kind == "zip" else f"{TOP}.tar.{kind}"
        with tempfile.TemporaryDirectory() as folder:
            try:
                package = convert(Path(folder), bytes(broken), name)
            except ArchiveError:
                return
            unpack(package, Path(folder))

    @pytest.mark.parametrize("kind", ["xz", "gz"])
    def test_every_truncated_file_is_refused(self, kind: str, tmp_path: Path) -> None:
        good = tar_of([regular("lib/x", b"content" * 99)], kind)
        for end in range(len(good)):
            folder = tmp_path / str(end)
            folder.mkdir()
            with pytest.raises(ArchiveError, match="it is damaged"):
                convert(folder, good[:end], f"{TOP}.tar.{kind}")


def _zip(members: Sequence[tuple[str, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(f"{TOP}/{name}")
            info.filename = f"{TOP}/{name}"
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


class TestBombs:
    """Little that would become much."""

    def refused(self, folder: Path, data: bytes, name: str = NAME) -> None:
        with pytest.raises(ArchiveError, match="it would unpack to more than any real one"):
            convert(folder, data, name)

    def test_four_gigabytes_of_zeros(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo(f"{TOP}/lib/x")
        header.size = 4 * 2**30
        data = lzma.compress(header.tobuf()) + 256 * lzma.compress(bytes(2**24))
        assert len(data) < 700_000
        self.refused(tmp_path, data)

    def test_a_claim_alone_is_damage(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo(f"{TOP}/lib/x")
        header.size = 4 * 2**30
        data = lzma.compress(header.tobuf() + bytes(1024))
        assert len(data) < 4096
        with pytest.raises(ArchiveError, match="it is damaged"):
            convert(tmp_path, data)

    def test_gzip(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo(f"{TOP}/lib/x")
        header.size = 2**28
        self.refused(tmp_path, gzip.compress(header.tobuf() + bytes(2**28), 9), f"{TOP}.tar.gz")

    def test_many_empty_files(self, tmp_path: Path) -> None:
        data = lzma.compress(
            b"".join(
                tarfile.TarInfo(f"{TOP}/{number}").tobuf(tarfile.USTAR_FORMAT)
                for number in range(150_000)
            ),
            preset=1,
        )
        self.refused(tmp_path, data)

    def test_a_header_that_is_to_be_taken_into_memory(self, tmp_path: Path) -> None:
        header = tarfile.TarInfo("././@PaxHeader")
        header.type, header.size = tarfile.XHDTYPE, 2**40
        self.refused(tmp_path, lzma.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))

    def test_a_sparse_file(self, tmp_path: Path) -> None:
        """A file that is mostly a hole: 512 bytes that claim to be 100 GB."""
        header = tarfile.TarInfo(f"{TOP}/lib/x")
        header.type, header.size = tarfile.GNUTYPE_SPARSE, 512
        raw = bytearray(header.tobuf(tarfile.GNU_FORMAT))
        raw[386:410] = b"%011o\0%011o\0" % (0, 512)
        raw[483:495] = b"%011o\0" % (2**33 - 1)
        raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + sum(raw[156:512]) + 8 * 32)
        data = lzma.compress(bytes(raw) + bytes(512) + bytes(1024))
        with pytest.raises(ArchiveError, match="is no regular file"):
            convert(tmp_path, data)

    def test_a_dictionary_that_needs_all_the_memory(self, tmp_path: Path) -> None:
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**20}]
        raw = lzma.decompress(tar_of([regular("lib/x")]))
        data = bytearray(lzma.compress(raw, check=lzma.CHECK_CRC32, filters=filters))
        # The byte of the block header that says how large the dictionary is, and the checksum.
        at = data.index(b"\x21\x01", 12) + 2
        data[at] = 40
        size = (data[12] + 1) * 4
        import zlib

        data[12 + size - 4 : 12 + size] = struct.pack("<L", zlib.crc32(data[12 : 12 + size - 4]))
        with pytest.raises(ArchiveError, match="Memory"):
            convert(tmp_path, bytes(data))

    def test_a_zip_that_says_so(self, tmp_path: Path) -> None:
        data = _zip([(f"lib/{number}", bytes(2**24), 0) for number in range(8)])
        self.refused(tmp_path, data, f"{TOP}.zip")

    def test_a_zip_that_says_otherwise(self, tmp_path: Path) -> None:
        data = bytearray(_zip([("lib/x", bytes(2**20), 0)]))
        for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
            at = data.index(signature)
            data[at + offset : at + offset + 4] = struct.pack("<L", 100)
        with pytest.raises(ArchiveError, match="it is damaged"):
            convert(tmp_path, bytes(data), f"{TOP}.zip")

    def test_a_chain_of_headers(self, tmp_path: Path) -> None:
        """Each of them says that another one follows."""
        header = tarfile.TarInfo("././@LongLink")
        header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2
        one = header.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")
        with pytest.raises(ArchiveError, match="it is damaged"):
            convert(tmp_path, lzma.compress(one * 5000))


class TestZip:
    """The archives for Windows."""

    @pytest.mark.parametrize(
        "kind",
        [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR],
    )
    def test_unix_modes_that_are_no_files(self, kind: int, tmp_path: Path) -> None:
        data = _zip([("lib/x", b"/etc/passwd", kind | 0o777)])
        with pytest.raises(ArchiveError, match="is no regular file"):
            convert(tmp_path, data, f"{TOP}.zip")

    @pytest.mark.parametrize(
        "name",
        ["../x", "../../x", "lib\\..\\x", "lib/../../x"],
        ids=["up", "two", "backslash", "deep"],
    )
    def test_names_that_lead_out(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match="would leave its place"):
            convert(tmp_path, _zip([(name, b"x", 0)]), f"{TOP}.zip")

    def test_dlls_go_directly_into_bin(self, tmp_path: Path) -> None:
        data = _zip([("bin/x64/cudart64_13.dll", b"MZ", 0), ("lib/x64/cudart.lib", b"lib", 0)])
        found = unpack(convert(tmp_path, data, f"{TOP}.zip"), tmp_path)
        assert {"bin/cudart64_13.dll", "lib/x64/cudart.lib"} <= set(found)


class TestMembers:
    """What `check_members` lets through, for every source."""

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(["a", "b", "c", "A"]), min_size=1, max_size=3).map(
                    "/".join
                ),
                st.one_of(
                    st.none(),
                    st.lists(st.sampled_from(["a", "b", "c", "..", ".", ""]), max_size=4).map(
                        "/".join
                    ),
                ),
            ),
            max_size=6,
        )
    )
    def test_links_that_are_let_through_stay_inside(
        self, drawn: list[tuple[str, str | None]]
    ) -> None:
        """Made on a real disk, one by one, each leads to a place below the folder."""
        members = [
            Member(target, 0 if link is not None else 1, None if link is not None else _one, link)
            for target, link in drawn
        ]
        try:
            checked = check_members(members, "it", ArchiveError)
        except ArchiveError:
            return
        assert [member.target for member in checked] == sorted(member.target for member in members)
        with tempfile.TemporaryDirectory() as name:
            inside = Path(name).resolve() / "inside"
            inside.mkdir()
            for member in checked:
                path = inside / member.target
                path.parent.mkdir(parents=True, exist_ok=True)
                assert path.parent.resolve() == path.parent
                if member.link is None:
                    path.write_bytes(b"x")
                else:
                    path.symlink_to(member.link)
            for member in checked:
                if member.link is not None:
                    try:
                        found = (inside / member.target).resolve()
                    except (OSError, RuntimeError):
                        continue  # Links that lead to each other in a circle.
                    assert found == inside or inside in found.parents

    @pytest.mark.parametrize("size", [0, 2], ids=["longer", "shorter"])
    def test_a_member_that_is_not_as_long_as_it_says(self, size: int, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="than it says"):
            write_package(tmp_path, RECORD, [Member("x", size, _one)], "about")
        assert os.listdir(tmp_path) == []

    def test_more_than_anything_real(self) -> None:
        members = [Member(f"lib/{number}", 2**31, _one) for number in range(9)]
        with pytest.raises(ArchiveError, match="it would unpack to more than any real one"):
            check_members(members, "it", ArchiveError)


def _one() -> io.BytesIO:
    return io.BytesIO(b"1")


class TestTree:
    """A folder as an installer leaves it."""

    def test_files_links_and_modes(self, tmp_path: Path) -> None:
        folder = tmp_path / "staging"
        (folder / "bin").mkdir(parents=True)
        (folder / "empty").mkdir()
        (folder / "lib").mkdir()
        (folder / "bin" / "nvcc").write_bytes(b"#!")
        (folder / "bin" / "nvcc").chmod(0o755)
        (folder / "lib" / "libx.so.1").write_bytes(b"library")
        (folder / "lib" / "libx.so").symlink_to("libx.so.1")
        (folder / "lib64").symlink_to("lib")
        members = check_members(tree_members(folder, "it", ArchiveError), "it", ArchiveError)
        facts = [(one.target, one.size, one.link, one.executable) for one in members]
        assert facts == [
            ("bin/nvcc", 2, None, True),
            ("lib/libx.so", 0, "libx.so.1", False),
            ("lib/libx.so.1", 7, None, False),
            ("lib64", 0, "lib", False),
        ]
        package = write_package(tmp_path, RECORD, members, "about")
        found = unpack(package, tmp_path)
        assert found["lib/libx.so.1"] == hashlib.sha256(b"library").hexdigest()
        assert found["lib64"] == "-> lib"

    def test_paths_may_change_or_stay_out(self, tmp_path: Path) -> None:
        (tmp_path / "lib64").mkdir()
        (tmp_path / "lib64" / "x").write_bytes(b"1")
        (tmp_path / "uninstaller").write_bytes(b"2")

        def target(path: str) -> str | None:
            return path.replace("lib64/", "lib/") if path.startswith("lib64/") else None

        members = tree_members(tmp_path, "it", ArchiveError, target)
        assert [member.target for member in members] == ["lib/x"]

    def test_what_is_no_file_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArchiveError, match="its member 'pipe' is no regular file"):
            list(tree_members(tmp_path, "it", ArchiveError))

    def test_a_link_out_of_the_folder_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_text("secret")
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "d").symlink_to(tmp_path / "outside")
        members = list(tree_members(inside, "it", ArchiveError))
        assert [PurePosixPath(member.target).name for member in members] == ["d"]
        with pytest.raises(ArchiveError, match="leads out of the package"):
            check_members(members, "it", ArchiveError)
