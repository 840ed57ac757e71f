"""The Windows layout, made on this machine: what does not need Windows itself to be right.

tests/windows runs programs for Windows; junctions and locked files need Windows itself.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conda_cuda_plugin.environment import Environment, read_toolkit, write_toolkit
from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.install import switch, windows
from conda_cuda_plugin.install.view import make_package_view
from conda_cuda_plugin.platforms import platform_of
from conda_cuda_plugin.toolkit import Flavor, Origin, Toolkit
from conda_cuda_plugin.versions import CudaVersion

from .test_view import package

WINDOWS = platform_of("win-64")


def toolkit(prefix: Path, release: str, dll: str) -> Toolkit:
    """An installed toolkit as conda's packages lay it out on Windows."""
    version = CudaVersion.parse(release)
    root = prefix / f"cuda-{release}"
    package(
        root,
        "cuda-cudart",
        f"Library/bin/{dll}",
        "Library/include/cuda_runtime.h",
        "Library/lib/x64/cudart.lib",
    )
    package(root, "openssl", "Library/bin/libssl-3-x64.dll")
    make_package_view(root, version, WINDOWS)
    write_toolkit(Toolkit(version, root, Origin.CHANNEL, Flavor.BASE), root)
    return read_toolkit(root)


@pytest.fixture
def here(tmp_path: Path) -> Environment:
    (tmp_path / "conda-meta").mkdir()
    return Environment(tmp_path)


def test_a_root_has_the_classic_folders_and_names_its_release(here: Environment) -> None:
    root = toolkit(here.prefix, "12.4", "cudart64_12.dll").root
    assert sorted(os.listdir(root / "bin")) == ["cudart64_12.dll"]
    assert (root / "include" / "cuda_runtime.h").is_file()
    assert (root / "lib" / "x64" / "cudart.lib").is_file()
    assert (root / "release.txt").read_bytes() == b"12.4\r\n"
    assert not (root / "lib64").exists()


def test_a_root_may_be_moved(here: Environment) -> None:
    """It is built under another name: a junction inside it would lead there."""
    root = toolkit(here.prefix, "12.4", "cudart64_12.dll").root
    moved = root.rename(here.prefix / "elsewhere")
    assert (moved / "include" / "cuda_runtime.h").is_file()
    assert not [path for path in moved.rglob("*") if path.is_symlink()]


def test_the_file_of_a_newer_package_takes_the_place_of_the_old_one(here: Environment) -> None:
    made = toolkit(here.prefix, "12.4", "cudart64_12.dll")
    for name in ("include/cuda_runtime.h", "bin/cudart64_12.dll"):
        new = made.root / "new"
        new.write_text("newer")
        new.replace(made.root / "Library" / name)
    make_package_view(made.root, made.version, WINDOWS)
    assert (made.root / "include" / "cuda_runtime.h").read_text() == "newer"
    assert (made.root / "bin" / "cudart64_12.dll").read_text() == "newer"


def test_bin_leads_to_the_current_toolkit_and_follows_a_switch(here: Environment) -> None:
    for release, dll in (("11.8", "cudart64_110.dll"), ("12.4", "cudart64_12.dll")):
        switch.make_current(here, toolkit(here.prefix, release, dll), WINDOWS, {})
        assert os.listdir(here.bin) == [dll]
        assert here.bin.is_symlink()
    hooks = sorted(os.listdir(here.prefix / "etc" / "conda" / "activate.d"))
    assert hooks == ["~conda-cuda.bat", "~conda-cuda.ps1", "~conda-cuda.sh"]
    assert switch.deactivate(here)
    assert not os.path.lexists(here.bin)


def test_a_real_bin_keeps_its_files_and_gets_the_toolkits(here: Environment) -> None:
    here.bin.mkdir()
    (here.bin / "mine.dll").write_text("mine")
    for release, dll in (("11.8", "cudart64_110.dll"), ("12.4", "cudart64_12.dll")):
        switch.make_current(here, toolkit(here.prefix, release, dll), WINDOWS, {})
        assert sorted(os.listdir(here.bin)) == [dll, "mine.dll"]
    switch.deactivate(here)
    assert os.listdir(here.bin) == ["mine.dll"]


def test_a_file_of_the_same_name_in_a_real_bin_stays(here: Environment) -> None:
    here.bin.mkdir()
    (here.bin / "cudart64_12.dll").write_text("mine")
    switch.make_current(here, toolkit(here.prefix, "12.4", "cudart64_12.dll"), WINDOWS, {})
    switch.deactivate(here)
    assert (here.bin / "cudart64_12.dll").read_text() == "mine"


def test_a_foreign_bin_is_refused_before_anything_is_changed(here: Environment) -> None:
    here.bin.write_text("a file")
    made = toolkit(here.prefix, "12.4", "cudart64_12.dll")
    with pytest.raises(ForeignFileError, match="DLLs"):
        windows.check_bin(here)
    with pytest.raises(ForeignFileError):
        switch.make_current(here, made, WINDOWS, {})
    assert here.current_name() is None
    assert not (here.prefix / "etc").exists()
