"""Folders that lie so deep that nobody could walk down to them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from conda_cuda_plugin.convert.package import DEEPEST, Refused, check_members
from conda_cuda_plugin.convert.unpacked import tree_members
from conda_cuda_plugin.convert.wheel import WheelError

from ..convert.made_wheel import unpack

DEEP = "/".join(["d"] * 1500)


def test_a_wheel_with_a_member_so_deep_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "nvidia_x-1.0-py3-none-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("nvidia_x-1.0.dist-info/METADATA", "Name: nvidia-x\nVersion: 1.0\n")
        archive.writestr(f"nvidia/x/lib/{DEEP}/libx.so", "x")
    with pytest.raises(WheelError, match="has no proper name"):
        unpack(wheel, tmp_path, "linux-64")


@pytest.mark.parametrize("depth", [DEEPEST + 2, 300])
def test_a_folder_so_deep_in_an_installer_is_refused(depth: int, tmp_path: Path) -> None:
    (tmp_path / "top" / "/".join(["d"] * depth)).mkdir(parents=True)
    with pytest.raises(Refused, match="deeper than any real file"):
        check_members(tree_members(tmp_path / "top"))
