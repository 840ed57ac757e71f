"""Archives that would harm: names that lead out, bombs."""

from __future__ import annotations

import gzip
import lzma
import struct
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.package import ArchiveError

from .foreign_archive import (
    NAME,
    TOP,
    TarMember,
    convert,
    hard_link,
    link,
    regular,
    tar_of,
    unpack,
    zip_of,
)

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
    pytest.param([regular("x"), link("LICENSE", "x")], "is not a regular file", id="license-is-a-link"),
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
    pytest.param([("x", tarfile.CHRTYPE, b"", "")], "is not a regular file", id="character-device"),
    pytest.param([("x", tarfile.BLKTYPE, b"", "")], "is not a regular file", id="block-device"),
    pytest.param([("x", tarfile.FIFOTYPE, b"", "")], "is not a regular file", id="fifo"),
    pytest.param([("x", b"Z", b"", "")], "is not a regular file", id="unknown-kind"),
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
            good = zip_of([("lib/x", b"content" * 9, 0)])
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
        with pytest.raises(ArchiveError, match="is not a regular file"):
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
        data = zip_of([(f"lib/{number}", bytes(2**24), 0) for number in range(8)])
        self.refused(tmp_path, data, f"{TOP}.zip")

    def test_a_zip_that_says_otherwise(self, tmp_path: Path) -> None:
        data = bytearray(zip_of([("lib/x", bytes(2**20), 0)]))
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
