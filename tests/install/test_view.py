"""The classic view of a toolkit root."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.install import view
from conda_cuda_plugin.packages.cuda_packages import is_cuda_package
from conda_cuda_plugin.platforms import platform_of
from conda_cuda_plugin.versions import CudaVersion

LINUX = platform_of("linux-64")
VERSION = CudaVersion(12, 4, 1)


def package(prefix: Path, name: str, *files: str) -> None:
    """Put a package's files and its record into a prefix."""
    for path in files:
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(name)
        if path.startswith("bin/"):
            (prefix / path).chmod(0o755)
    record = prefix / "conda-meta" / f"{name}-1.0-0.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"name": name, "files": list(files)}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as conda links the split packages of CUDA 12."""
    root = tmp_path / "cuda-12.4"
    target = "targets/x86_64-linux"
    package(
        root,
        "cuda-cudart_linux-64",
        f"{target}/lib/libcudart.so.12",
        f"{target}/lib/libcudart.so",
        f"{target}/lib/libcudart_static.a",
        f"{target}/lib/stubs/libcuda.so",
        f"{target}/include/cuda_runtime.h",
        f"{target}/include/crt/host_config.h",
        "lib/libcudart.so.12",
    )
    package(root, "libcudnn", "lib/libcudnn.so.9", "include/cudnn.h")
    package(root, "cuda-nvcc-tools", "bin/nvcc", "bin/nvcc.profile", "nvvm/bin/cicc")
    package(root, "libstdcxx-ng", "lib/libstdc++.so.6", "lib/libstdc++.so")
    package(root, "openssl", "lib/libssl.so.3", "bin/openssl", "include/openssl/ssl.h")
    return root


def test_lib64_holds_what_cudas_packages_own_and_nothing_else(root: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    links = {path.name: os.readlink(path) for path in (root / "lib64").iterdir()}
    assert links == {
        "libcudart.so": "../targets/x86_64-linux/lib/libcudart.so",
        "libcudart.so.12": "../targets/x86_64-linux/lib/libcudart.so.12",
        "libcudart_static.a": "../targets/x86_64-linux/lib/libcudart_static.a",
        "libcudnn.so.9": "../lib/libcudnn.so.9",
    }


def test_headers_of_the_target_are_found_in_include(root: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    assert (root / "include" / "cuda_runtime.h").read_text() == "cuda-cudart_linux-64"
    assert (root / "include" / "crt" / "host_config.h").is_file()
    assert (root / "include" / "cudnn.h").is_file()
    assert not (root / "include" / "cudnn.h").is_symlink()


def test_version_json_names_the_release(root: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    assert json.loads((root / "version.json").read_text())["cuda"]["version"] == "12.4.1"


def test_a_packages_own_version_json_stays(root: Path) -> None:
    (root / "version.json").write_text("{}")
    view.make_package_view(root, VERSION, LINUX)
    assert (root / "version.json").read_text() == "{}"


def test_wrappers_are_for_cudas_programs_only(root: Path) -> None:
    (root / "bin" / "nvcc.profile").chmod(0o644)
    assert list(view.programs(root, LINUX, owned=True)) == ["nvcc"]


def test_making_the_view_again_changes_nothing(root: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    before = {p: p.lstat().st_mtime_ns for p in root.rglob("*") if p.is_symlink()}
    view.make_package_view(root, VERSION, LINUX)
    assert {p: p.lstat().st_mtime_ns for p in root.rglob("*") if p.is_symlink()} == before


def test_a_library_that_left_with_its_package_leaves_lib64(root: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    (root / "conda-meta" / "libcudnn-1.0-0.json").unlink()
    view.make_package_view(root, VERSION, LINUX)
    assert not os.path.lexists(root / "lib64" / "libcudnn.so.9")


def test_cupti_is_found_where_profilers_look(root: Path) -> None:
    package(root, "cuda-cupti", "lib/libcupti.so.12", "include/cupti.h")
    view.make_package_view(root, VERSION, LINUX)
    assert (root / "extras" / "CUPTI" / "lib64" / "libcupti.so.12").is_file()
    assert (root / "extras" / "CUPTI" / "include" / "cupti.h").is_file()


def test_a_moved_environment_keeps_a_working_view(root: Path, tmp_path: Path) -> None:
    view.make_package_view(root, VERSION, LINUX)
    moved = tmp_path / "elsewhere" / "cuda-12.4"
    moved.parent.mkdir()
    root.rename(moved)
    for path in moved.rglob("*"):
        if path.is_symlink():
            assert not os.path.isabs(os.readlink(path))
            assert path.exists(), path


def test_an_adopted_monolith_gets_libdevice_where_xla_looks(tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    package(
        prefix, "cudatoolkit", "lib/libcudart.so.11.0", "lib/libdevice.10.bc", "lib/libnvvm.so.4"
    )
    package(prefix, "libstdcxx-ng", "lib/libstdc++.so.6")
    root = prefix / "cuda-11.8"
    root.mkdir()
    view.make_adopted_view(root, prefix, LINUX)
    assert (root / "nvvm" / "libdevice" / "libdevice.10.bc").read_text() == "cudatoolkit"
    assert sorted(path.name for path in (root / "lib64").iterdir()) == [
        "libcudart.so.11.0",
        "libnvvm.so.4",
    ]


NAMES = st.sampled_from(
    ["cuda-cudart", "libcublas", "libcudnn", "libstdcxx-ng", "openssl", "ncurses", "nvidia-nvvm"]
)
FILES = st.sampled_from(
    [
        "lib/liba.so.1", "lib/libb.so", "lib/stubs/libcuda.so", "lib/libcuda.so.1", "lib/x.txt",
        "targets/x86_64-linux/lib/liba.so.1", "targets/x86_64-linux/lib/stubs/libc.so",
        "lib64/libd.so.9", "lib/cmake/liba.so.1/x", "bin/tool",
    ]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(NAMES, FILES), max_size=12))
def test_no_foreign_file_and_no_stub_ever_gets_into_lib64(owned: list[tuple[str, str]]) -> None:
    files = [view.OwnedFile(path, name) for name, path in owned if is_cuda_package(name)]
    links = view.library_links(files, LINUX)
    allowed = {file.path for file in files}
    for name, target in links.items():
        assert target in allowed
        assert "/stubs/" not in target
        assert name == target.rsplit("/", 1)[1]
        assert not name.startswith("libcuda.so")
