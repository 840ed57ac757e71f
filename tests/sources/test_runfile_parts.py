"""Whatever lies in an installer's tree goes to one place in one package, or nowhere."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.data import DATA
from conda_cuda_plugin.packages.cuda_packages import is_cuda_package
from conda_cuda_plugin.sources.runfile.installers import (
    InstallerName,
    installer_for,
    published_name,
    published_sha256,
)
from conda_cuda_plugin.sources.runfile.parts import (
    HEADERS,
    RELEASE,
    STATIC,
    TOOLS,
    Tree,
    members_by_part,
    part_of,
    parts,
    place,
)
from conda_cuda_plugin.toolkit import components
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

TARGET = "x86_64-linux"
V10 = CudaVersion(10, 2, 89)
NAMES = json.loads((DATA / "runfiles.json").read_text())["sha256"]

folders = st.sampled_from(
    [
        "bin",
        "lib64",
        "lib",
        "include",
        "include/crt",
        f"targets/{TARGET}/lib",
        f"targets/{TARGET}/include",
        f"targets/{TARGET}/lib/stubs",
        "targets/aarch64-linux/lib",
        "extras/CUPTI/lib64",
        "extras/CUPTI/doc",
        "nvvm/bin",
        "doc",
        "samples/0_Simple",
        "",
    ]
)
names = st.one_of(
    st.sampled_from(
        ["libcudart.so.10.2", "libcublas.so", "libcufft_static.a", "nvcc", "EULA.txt", "x.h"]
    ),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8),
)
paths = st.tuples(folders, names).map(lambda pair: str(PurePosixPath(*pair)))


@given(st.one_of(paths, st.text()))
def test_a_path_has_one_place_inside_or_none(path: str) -> None:
    found = place(path, TARGET, V10)
    if found is None:
        return
    assert not found.startswith("/")
    part = part_of(found)
    assert part is None or part in parts()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(paths, st.binary(max_size=50), max_size=8))
def test_every_file_with_a_place_comes_out_byte_for_byte(files: dict[str, bytes]) -> None:
    wanted: dict[str, set[bytes]] = {}
    for path, data in files.items():
        short = place(path, TARGET, V10)
        if short is not None and part_of(short):
            wanted.setdefault(short, set()).add(data)
    lower = {name.lower() for name in wanted}
    above = {str(parent).lower() for path in files for parent in PurePosixPath(path).parents}
    if len(lower) < len(wanted) or any(path.lower() in above for path in files):
        return
    if len({path.lower() for path in files}) < len(files):
        return
    with tempfile.TemporaryDirectory() as folder:
        for path, data in files.items():
            place_on_disk = Path(folder, path)
            place_on_disk.parent.mkdir(parents=True, exist_ok=True)
            place_on_disk.write_bytes(data)
        tree = Tree((Path(folder),), Path(folder), "/tmp")
        by_part = members_by_part(tree, TARGET, V10)
        found: dict[str, bytes] = {}
        for members in by_part.values():
            for member in members:
                assert member.open is not None
                short = member.target.removeprefix(f"targets/{TARGET}/")
                if not short.startswith("info/"):
                    assert short not in found, "each file is in one package"
                    with member.open() as file:
                        found[short] = file.read()
    assert set(found) == set(wanted)
    assert all(found[name] in wanted[name] for name in found)


@pytest.mark.parametrize(
    ("path", "expected", "part"),
    [
        ("lib64/libcublasLt.so.11", "lib/libcublasLt.so.11", "cublas"),
        (f"targets/{TARGET}/lib/libcublas_static.a", "lib/libcublas_static.a", STATIC),
        (f"targets/{TARGET}/lib/libcudart_static.a", "lib/libcudart_static.a", "nvcc"),
        (f"targets/{TARGET}/lib/stubs/libcuda.so", "lib/stubs/libcuda.so", HEADERS),
        ("include/thrust/sort.h", "include/thrust/sort.h", "cccl"),
        ("include/cublas_v2.h", "include/cublas_v2.h", HEADERS),
        ("extras/CUPTI/lib64/libcupti.so.10.2", "lib/libcupti.so.10.2", "cupti"),
        ("nvvm/libdevice/libdevice.10.bc", "nvvm/libdevice/libdevice.10.bc", "nvvm"),
        ("bin/nvcc", "bin/nvcc", "nvcc"),
        ("bin/nvprof", "bin/nvprof", TOOLS),
        ("compute-sanitizer/compute-sanitizer", None, "sanitizer"),
        ("EULA.txt", "EULA.txt", RELEASE),
        ("doc/EULA.txt", "EULA.txt", RELEASE),
        ("bin/nvvp", "bin/nvvp", None),
        ("bin/uninstall_cuda_9.0.pl", "bin/uninstall_cuda_9.0.pl", None),
    ],
)
def test_known_files_are_where_they_belong(
    path: str, expected: str | None, part: str | None
) -> None:
    found = place(path, TARGET, V10)
    assert found == (expected or path)
    assert part_of(found) == part


@pytest.mark.parametrize("path", ["samples/x.cu", "libnvvp/nvvp", "targets/armv7/lib/libx.so"])
def test_what_has_no_place_is_left_out(path: str) -> None:
    assert place(path, TARGET, V10) is None


def test_32_bit_libraries_are_left_out() -> None:
    assert place("lib/libcudart.so.6.5", TARGET, CudaVersion(6, 5, 14)) is None
    assert place("lib64/libcudart.so.6.5", TARGET, CudaVersion(6, 5, 14)) == "lib/libcudart.so.6.5"


def test_every_component_but_those_in_others_has_a_part() -> None:
    assert set(components()) - set(parts()) == set()
    assert set(parts()) - set(components()) == {RELEASE, HEADERS, STATIC, TOOLS}
    assert all(is_cuda_package(f"cuda-runfile-{name}") for name in parts())


@pytest.mark.parametrize("name", NAMES)
def test_every_known_installer_says_what_it_is(name: str) -> None:
    said = InstallerName.parse(name)
    assert said is not None
    assert len(NAMES[name]) == 64 and int(NAMES[name], 16)
    assert published_sha256(name) == NAMES[name]
    assert published_name(NAMES[name]) == name
    assert f"_{said.version}_" in name


def test_no_two_installers_have_one_hash() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


@given(st.text())
def test_other_names_say_nothing(name: str) -> None:
    assert InstallerName.parse(name) is None


@pytest.mark.parametrize(
    ("wanted", "machine", "name"),
    [
        ("10.2", "x86_64", "cuda_10.2.89_440.33.01_linux.run"),
        ("8.0", "x86_64", "cuda_8.0.61_375.26_linux-run"),
        ("12.4", "aarch64", "cuda_12.4.1_550.54.15_linux_sbsa.run"),
        ("10.2", "aarch64", None),
    ],
)
def test_the_installer_of_a_release(wanted: str, machine: str, name: str | None) -> None:
    assert installer_for(VersionRequest.parse(wanted), machine) == name
