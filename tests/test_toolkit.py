"""The tables of components and releases."""

from __future__ import annotations

import json

import pytest

from conda_cuda_plugin import data, toolkit
from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.packages.cuda_packages import is_cuda_package
from conda_cuda_plugin.toolkit import Flavor
from conda_cuda_plugin.versions import CudaVersion


def test_every_data_file_names_its_sources() -> None:
    files = sorted(data.DATA.glob("*.json"))
    assert files
    for path in files:
        sources = json.loads(path.read_text())["sources"]
        assert sources, path
        assert all(isinstance(text, str) and len(text) > 20 for text in sources.values()), path


def test_the_components_need_only_components() -> None:
    table = toolkit.components()
    for part in table.values():
        assert {*part.requires, *part.requires_since} <= set(table), part
        assert part.pypi.startswith("nvidia-"), part
        assert is_cuda_package(part.pypi), part
        assert all(is_cuda_package(name) for name in (*part.channel, *part.dev)), part


def test_the_releases_are_in_order_and_tell_their_runtime() -> None:
    versions = [row.version for row in toolkit.releases()]
    assert versions == sorted(set(versions))
    for row in toolkit.releases():
        if row.pypi:
            assert row.cudart is not None
            assert row.cudart.startswith(f"{row.version.release}.")


def test_flavors_grow() -> None:
    base, runtime, devel = (set(toolkit.in_flavor(flavor)) for flavor in Flavor)
    assert base < runtime < devel
    assert base == {"cudart"}
    assert "nvcc" in devel - runtime


def test_a_compiler_comes_with_all_it_calls() -> None:
    assert toolkit.with_requirements(["nvcc"]) == ("cudart", "nvcc", "nvvm", "crt", "cccl")
    assert toolkit.with_requirements(["cusolver", "cudart"]) == (
        "cudart", "cublas", "cusolver", "cusparse", "nvjitlink",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        (None, ("curand",)),
        (CudaVersion(13, 4, 3), ("curand",)),
        (CudaVersion(13, 5), ("cudart", "curand")),
        (CudaVersion(14, 0, 0), ("cudart", "curand")),
    ],
    ids=str,
)
def test_curand_comes_with_the_runtime_where_it_loads_it(
    release: CudaVersion | None, expected: tuple[str, ...]
) -> None:
    assert toolkit.with_requirements(["curand"], release) == expected


def test_an_unknown_component_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match="not a component") as caught:
        toolkit.with_requirements(["cudart", "nvccc"])
    assert "cublas" in caught.value.hints[0]


@pytest.mark.parametrize(
    ("cudart", "release"),
    [
        ("12.4.127", CudaVersion(12, 4, 1)),
        ("13.0.96", CudaVersion(13, 0, 3)),
        ("99.1.5", CudaVersion(99, 1)),
        ("nonsense", None),
    ],
)
def test_the_runtime_tells_the_release(cudart: str, release: CudaVersion | None) -> None:
    assert toolkit.release_of_cudart(cudart) == release


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cudatoolkit", True),
        ("cuda-cudart_linux-64", True),
        ("libcublas", True),
        ("libcudnn", True),
        ("nvidia-cuda-runtime-cu12", True),
        ("libstdcxx-ng", False),
        ("openssl", False),
        ("ncurses", False),
        ("cuda-python", False),
        ("cuda-version", False),
        ("libcurl", False),
        ("pytorch-cuda", False),
    ],
)
def test_which_packages_are_cudas(name: str, expected: bool) -> None:
    assert is_cuda_package(name) is expected
