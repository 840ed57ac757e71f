"""Zip archives, and what each kind of member becomes."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.conda_file import DamagedUnpackedError, pack, write_package
from conda_cuda_plugin.convert.package import ArchiveError, Member, Refused, check_members
from conda_cuda_plugin.convert.unpacked import is_as_unpacked, tree_members, unpack_package

from .foreign_archive import RECORD, TOP, convert, unpack, zip_of


class TestZip:
    """The archives for Windows."""

    @pytest.mark.parametrize(
        "kind",
        [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR],
    )
    def test_unix_modes_that_are_no_files(self, kind: int, tmp_path: Path) -> None:
        data = zip_of([("lib/x", b"/etc/passwd", kind | 0o777)])
        with pytest.raises(ArchiveError, match="is not a regular file"):
            convert(tmp_path, data, f"{TOP}.zip")

    @pytest.mark.parametrize(
        "name",
        ["../x", "../../x", "lib\\..\\x", "lib/../../x"],
        ids=["up", "two", "backslash", "deep"],
    )
    def test_names_that_lead_out(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match="would leave its place"):
            convert(tmp_path, zip_of([(name, b"x", 0)]), f"{TOP}.zip")

    def test_dlls_go_directly_into_bin(self, tmp_path: Path) -> None:
        data = zip_of([("bin/x64/cudart64_13.dll", b"MZ", 0), ("lib/x64/cudart.lib", b"lib", 0)])
        found = unpack(convert(tmp_path, data, f"{TOP}.zip"), tmp_path)
        assert {"bin/cudart64_13.dll", "lib/x64/cudart.lib"} <= set(found)


class TestMembers:
    """What `check_members` lets through, for every source."""

    @settings(max_examples=200, deadline=None)
    @example([("b", "b//.")])
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
            checked = check_members(members)
        except Refused:
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
                    path = inside / member.target
                    try:
                        path.stat()
                    except FileNotFoundError:
                        pass
                    except OSError as error:
                        assert error.errno in (errno.ELOOP, errno.ENOTDIR)
                        # Of a circle Python's `resolve` may make anything.
                        if error.errno == errno.ELOOP:
                            continue
                    found = path.resolve()
                    assert found == inside or inside in found.parents

    @pytest.mark.parametrize("size", [0, 2], ids=["longer", "shorter"])
    @pytest.mark.parametrize("write", [write_package, unpack_package])
    def test_a_member_that_is_not_as_long_as_it_says(
        self, size: int, write: Callable[..., Path], tmp_path: Path
    ) -> None:
        with pytest.raises(ValueError, match="than it says"):
            write(tmp_path, RECORD, [Member("x", size, _one)], "about")
        assert os.listdir(tmp_path) == []

    def test_a_member_that_does_not_hash_to_what_is_said(self, tmp_path: Path) -> None:
        """What is unpacked has the hash of its list, which is looked at when it travels."""
        wrong = Member("x", 1, _one, sha256=hashlib.sha256(b"2").hexdigest())
        with pytest.raises(ValueError, match="'x' is not the file that its list of files names"):
            write_package(tmp_path, RECORD, [wrong], "about")
        assert os.listdir(tmp_path) == []
        unpacked = unpack_package(tmp_path, RECORD, [wrong], "about")
        assert not is_as_unpacked(unpacked)
        with pytest.raises(DamagedUnpackedError, match="'x' is not the file"):
            pack(unpacked, tmp_path)

    def test_more_than_anything_real(self) -> None:
        members = [Member(f"lib/{number}", 2**31, _one) for number in range(9)]
        with pytest.raises(Refused, match="it would unpack to more than any real one"):
            check_members(members)


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
        members = check_members(tree_members(folder))
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

        members = tree_members(tmp_path, target)
        assert [member.target for member in members] == ["lib/x"]

    def test_what_is_no_file_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(Refused, match="its member 'pipe' is not a regular file"):
            list(tree_members(tmp_path))

    def test_a_link_out_of_the_folder_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_text("secret")
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "d").symlink_to(tmp_path / "outside")
        members = list(tree_members(inside))
        assert [PurePosixPath(member.target).name for member in members] == ["d"]
        with pytest.raises(Refused, match="leads out of the package"):
            check_members(members)
