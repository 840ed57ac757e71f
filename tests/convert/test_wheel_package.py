"""A wheel from anywhere is refused in words, or becomes a package that unpacks inside itself."""

from __future__ import annotations

import json
import os
import stat
import struct
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.convert.wheel import WheelError

from .made_wheel import DIST_INFO, Member, apart, convert, good_part, good_path, unpack, write


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(good_path, st.binary(max_size=300), max_size=6))
def test_every_file_of_a_wheel_comes_out_byte_for_byte(files: dict[str, bytes]) -> None:
    lower = {path.lower() for path in files}
    if (
        len(lower) < len(files)
        or not apart(list(files))
        or any(p.startswith("info/") for p in lower)
    ):
        return
    members = [(f"nvidia/part/{path}", content, 0) for path, content in files.items()]
    with tempfile.TemporaryDirectory() as folder:
        found = convert(Path(folder), members)
    assert {path: data for path, data in found.items() if not path.startswith("info/")} == files


hostile_part = st.one_of(
    good_part,
    st.sampled_from(
        [
            "..",
            ".",
            "",
            "\\",
            "..\\..",
            "C:",
            "C:\\x",
            "~",
            "lib",
            "LIB",
            "bin",
            "info",
            "index.json",
        ]
    ),
    st.text(max_size=4),
)

hostile_path = st.tuples(
    st.sampled_from(["", "/", "nvidia/part/", "nvidia/part/lib/", "nvidia/../", f"{DIST_INFO}/"]),
    st.lists(hostile_part, min_size=1, max_size=4).map("/".join),
).map("".join)

kinds = st.sampled_from(
    [0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(hostile_path, st.binary(max_size=40), kinds), max_size=5))
def test_a_hostile_wheel_is_refused_or_stays_inside(members: list[Member]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            convert(Path(folder), members)
        except WheelError:
            (left,) = os.listdir(folder)
            assert left.endswith(".whl"), "a refused wheel leaves no package behind"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param(
            [("nvidia/part/../../../../x", b"", 0)],
            "its member 'nvidia/part/../../../../x' would leave its place",
            id="parent-folder",
        ),
        pytest.param(
            [("/etc/passwd", b"", 0)],
            "its member '/etc/passwd' would leave its place",
            id="absolute",
        ),
        pytest.param(
            [("nvidia/part/lib\\x", b"", 0)],
            "its member 'nvidia/part/lib\\\\x' would leave its place",
            id="backslash",
        ),
        pytest.param(
            [("nvidia/part/lib/x", b"/etc/passwd", stat.S_IFLNK | 0o777)],
            "its member 'nvidia/part/lib/x' is not a regular file",
            id="symbolic-link",
        ),
        pytest.param(
            [("nvidia/part/lib/x", b"", stat.S_IFCHR | 0o666)],
            "its member 'nvidia/part/lib/x' is not a regular file",
            id="device",
        ),
        pytest.param(
            [("nvidia/part/lib/x", b"1", 0), ("nvidia/part/LIB/X", b"2", 0)],
            "its members 'lib/x' and 'LIB/X' are the same file",
            id="differ-in-case-only",
        ),
        pytest.param(
            [("nvidia/part/lib/x", b"1", 0), ("nvidia/part/lib/x", b"2", 0)],
            "its members 'lib/x' and 'lib/x' are the same file",
            id="twice",
        ),
        pytest.param(
            [("nvidia/part/lib/x", b"1", 0), ("nvidia/part/lib/x/y", b"2", 0)],
            "its member 'lib/x' is a file and a folder",
            id="file-and-folder",
        ),
        pytest.param(
            [("nvidia/part/info/index.json", b"{}", 0)],
            "its member 'info/index.json' would pose as conda's own",
            id="poses-as-metadata",
        ),
        pytest.param(
            [("nvidia/part/conda-meta/history", b"", 0)],
            "its member 'conda-meta/history' would pose as conda's own",
            id="poses-as-history",
        ),
        pytest.param(
            [("nvidia/part/lib/line\nend", b"", 0)],
            "its member 'lib/line\\nend' has no proper name",
            id="line-end-in-name",
        ),
    ],
)
def test_each_kind_of_hostile_member_is_named(
    members: list[Member], reason: str, tmp_path: Path
) -> None:
    wheel = write(tmp_path / "part.whl", members)
    with pytest.raises(WheelError) as caught:
        unpack(wheel, tmp_path, "linux-64")
    assert caught.value.message == f"part.whl cannot be used: {reason}."
    assert os.listdir(tmp_path) == ["part.whl"]


def test_a_huge_declared_size_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    wheel = write(tmp_path / "part.whl", [("nvidia/part/lib/x", b"small", 0)])
    data = bytearray(wheel.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.index(signature)
        # Just below the size from which zip files need another format.
        data[at + offset : at + offset + 4] = struct.pack("<L", 0xFFFFFFFE)
    members = bytes(data)
    wheel.write_bytes(members)
    with pytest.raises(WheelError, match="it is damaged"):
        unpack(wheel, tmp_path, "linux-64")
    assert os.listdir(tmp_path) == ["part.whl"]


def test_a_wheel_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    """Five members that each claim 4 GiB."""
    wheel = write(tmp_path / "part.whl", [(f"nvidia/part/lib/{n}", b"x", 0) for n in range(5)])
    data = bytearray(wheel.read_bytes())
    at = -1
    for _ in range(5):
        at = data.index(b"PK\x01\x02", at + 1)
        data[at + 24 : at + 28] = struct.pack("<L", 0xFFFFFFFE)
    wheel.write_bytes(bytes(data))
    with pytest.raises(WheelError, match="it would unpack to more than any real one"):
        unpack(wheel, tmp_path, "linux-64")
    assert os.listdir(tmp_path) == ["part.whl"]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        pytest.param(None, "it holds no metadata", id="none"),
        pytest.param(b"", "it does not say what it is", id="empty"),
        pytest.param(b"Name: ../../x\nVersion: 1\n", "it does not say what it is", id="path"),
        pytest.param(
            b"Name: nvidia-x\nVersion: ../1\n", "it does not say what it is", id="version"
        ),
        pytest.param(b"Name: a b\nVersion: 1\n", "it does not say what it is", id="blank"),
        pytest.param(b"\xff\xfe\x00", "it does not say what it is", id="binary"),
    ],
)
def test_metadata_that_names_no_package_is_refused(
    metadata: bytes | None, reason: str, tmp_path: Path
) -> None:
    wheel = write(tmp_path / "part.whl", [], metadata)
    with pytest.raises(WheelError) as caught:
        unpack(wheel, tmp_path, "linux-64")
    assert caught.value.message == f"part.whl cannot be used: {reason}."
    assert os.listdir(tmp_path) == ["part.whl"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_in_words(data: st.DataObject) -> None:
    """Any byte changed, any length: a refusal, or a package with the right content."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        members = [("nvidia/part/lib/x", b"content" * 9, 0)]
        method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
        wheel = write(folder / "part.whl", members, compression=method)
        good = wheel.read_bytes()
        end = data.draw(st.integers(0, len(good)))
        at = data.draw(st.integers(0, max(end - 1, 0)))
        broken = bytearray(good[:end])
        if broken:
            broken[at] ^= data.draw(st.integers(0, 255))
        wheel.write_bytes(bytes(broken))
        try:
            package, record = unpack(wheel, folder, "linux-64")
        except WheelError as error:
            assert error.message.startswith("part.whl cannot be used: ")
            assert os.listdir(folder) == ["part.whl"]
        else:
            assert package.name == f"{record['name']}-{record['version']}-wheel_0"


@pytest.mark.parametrize(
    ("subdir", "members", "expected"),
    [
        pytest.param(
            "linux-64",
            ["nvidia/cuda_runtime/lib/libcudart.so.12", "nvidia/cuda_runtime/include/cuda.h"],
            {"lib/libcudart.so.12": 0o644, "lib/libcudart.so": "libcudart.so.12", "include/cuda.h": 0o644},
            id="libraries-get-the-names-that-linkers-use",
        ),
        pytest.param(
            "linux-64",
            ["nvidia/cu13/bin/nvcc", "nvidia/cu13/bin/nvcc.profile", "nvidia/cu13/nvvm/bin/cicc"],
            {"bin/nvcc": 0o755, "bin/nvcc.profile": 0o644, "nvvm/bin/cicc": 0o755},
            id="programs-get-their-execute-bit",
        ),
        pytest.param(
            "linux-64",
            ["nvidia/__init__.py", "nvidia/cu13/__init__.py", "nvidia/cu13/lib/__init__.py", "x.pth"],
            {},
            id="python-modules-stay-out",
        ),
        pytest.param(
            "linux-64",
            ["nvidia/cuda_cupti/lib/libcheckpoint.so", "nvidia/cuda_cupti/lib/libcupti.so.12"],
            {"lib/libcheckpoint.so": 0o644, "lib/libcupti.so.12": 0o644, "lib/libcupti.so": "libcupti.so.12"},
            id="libraries-without-a-version-stay-as-they-are",
        ),
        pytest.param(
            "win-64",
            ["nvidia/cu13/bin/x86_64/cudart64_13.dll", "nvidia/cu13/bin/nvcc.exe", "nvidia/cu13/lib/x64/cudart.lib"],
            {"bin/cudart64_13.dll": 0o644, "bin/nvcc.exe": 0o644, "lib/x64/cudart.lib": 0o644},
            id="windows-dlls-go-directly-into-bin",
        ),
        pytest.param(
            "win-64",
            ["nvidia/cuda_runtime/bin/cudart64_12.dll"],
            {"bin/cudart64_12.dll": 0o644},
            id="windows-of-cuda-12",
        ),
    ],
)  # fmt: skip
def test_the_classic_layout(
    subdir: str, members: list[str], expected: dict[str, int | str], tmp_path: Path
) -> None:
    wheel = write(
        tmp_path / "part.whl",
        [
            (
                name,
                b"\x7fELF" if "/bin/" in name and not PurePosixPath(name).suffix else b"text",
                0o744,
            )
            for name in members
        ],
    )
    package, record = unpack(wheel, tmp_path, subdir)
    assert record["subdir"] == subdir
    package.rename(tmp_path / "out")
    found: dict[str, int | str] = {}
    for path in (tmp_path / "out").rglob("*"):
        name = str(path.relative_to(tmp_path / "out"))
        if not path.is_dir() and not name.startswith("info/"):
            found[name] = os.readlink(path) if path.is_symlink() else path.stat().st_mode & 0o777
    assert found == expected
    listed = json.loads((tmp_path / "out" / "info" / "paths.json").read_text())["paths"]
    assert {row["_path"] for row in listed} == set(expected)
