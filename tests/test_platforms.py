"""What depends on the platform."""

from __future__ import annotations

import pytest

from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.platforms import PLATFORMS, platform_of


@pytest.mark.parametrize(
    ("subdir", "library_directory", "tag"),
    [
        ("linux-64", "targets/x86_64-linux/lib", "manylinux_2_28_x86_64"),
        ("linux-aarch64", "targets/sbsa-linux/lib", "manylinux_2_28_aarch64"),
        ("win-64", "bin", "win_amd64"),
    ],
)
def test_where_libraries_lie_and_which_wheels_fit(
    subdir: str, library_directory: str, tag: str
) -> None:
    platform = platform_of(subdir)
    assert platform.library_directories[0] == library_directory
    assert tag in platform.wheel_tags
    assert PLATFORMS[subdir] is platform


def test_macos_gets_one_sentence() -> None:
    with pytest.raises(CudaError, match=r"ended on macOS with release 10\.2"):
        platform_of("osx-arm64")


def test_another_platform_gets_the_list() -> None:
    with pytest.raises(CudaError, match="linux-ppc64le") as caught:
        platform_of("linux-ppc64le")
    assert "linux-aarch64" in caught.value.hints[0]
