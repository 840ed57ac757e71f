"""Add-ons as data: names, versions, and which CUDA each exists for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.addons import (
    addon_of,
    addons,
    addons_of,
    agrees,
    check_major,
    check_platform,
    fits,
)
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.toolkit import components, top_components, with_requirements

numbers = st.lists(st.integers(0, 300), min_size=1, max_size=4)
versions = numbers.map(lambda found: ".".join(map(str, found)))
pairs = st.sampled_from([(name, major) for name, addon in addons().items() for major in addon.cuda])


@given(versions, versions)
def test_a_version_fits_when_all_its_numbers_begin_the_other(wanted: str, version: str) -> None:
    head = version.split(".")[: len(wanted.split("."))]
    assert fits(wanted, version) == (head == wanted.split("."))
    assert agrees(wanted, version) == (fits(wanted, version) or fits(version, wanted))


@given(pairs, versions)
def test_what_exists_passes_and_all_else_is_refused_with_what_exists(
    pair: tuple[str, int], version: str
) -> None:
    name, major = pair
    first, last = addons()[name].cuda[major]

    def below(one: str, two: str) -> bool:
        a, b = ([int(x) for x in text.split(".")] for text in (one, two))
        return a[: len(b)] < b[: len(a)]

    exists = not below(version, first) and not (last and below(last, version))
    if exists:
        check_major({name: version}, major)
        return
    with pytest.raises(CudaError) as caught:
        check_major({name: version}, major)
    assert first in caught.value.hints[0]
    assert last is None or last in caught.value.hints[0]


@given(pairs)
def test_the_version_that_a_refusal_names_exists(pair: tuple[str, int]) -> None:
    name, major = pair
    first, last = addons()[name].cuda[major]
    check_major({name: last or first}, major)
    check_major({name: first}, major)


@pytest.mark.parametrize(
    ("name", "version", "major"),
    [
        # Last and first ones that NVIDIA's wheels exist for.
        *[("cudnn", v, 11) for v in ("8.5.0.96", "9.10.2.21")],
        *[("cudnn", v, 12) for v in ("8.8.0.121", "9.28.0.42")],
        *[("cudnn", v, 13) for v in ("9.12.0.46", "9.28.0.42")],
        *[("nccl", v, 11) for v in ("2.13.4", "2.21.5")],
        *[("nccl", v, 12) for v in ("2.16.2", "2.32.3")],
        *[("nccl", v, 13) for v in ("2.27.7", "2.32.3")],
    ],
)
def test_no_wheel_that_exists_is_refused(name: str, version: str, major: int) -> None:
    check_major({name: version}, major)
    assert addon_of(addons()[name].wheel(major)) is addons()[name]


def test_they_are_known_by_the_names_of_their_packages() -> None:
    packages = [
        "nccl-2.21.5.1-h1_0",
        "libcudnn-dev-9.10.2.21-cuda12_0",
        "libcudnn-9.10.2.21-cuda12_0",
        "cudnn-frontend-1.5-0",
        "nvidia-cudnn-frontend-1.5-0",
        "cuda-cudart-12.4.127-0",
    ]
    assert list(addons_of(packages).items()) == [("cudnn", "9.10.2.21"), ("nccl", "2.21.5.1")]
    assert addon_of("nvidia-cudnn-cu12") is addons()["cudnn"]
    assert addon_of("cudnn-frontend") is None


def test_nccl_is_refused_on_windows_only() -> None:
    check_platform({"cudnn": "9", "nccl": "2"}, windows=False)
    check_platform({"cudnn": "9", "nccl": "none"}, windows=True)
    with pytest.raises(CudaError, match=r"There is no NCCL for Windows\."):
        check_platform({"nccl": "2"}, windows=True)


@given(st.lists(st.sampled_from(list(components())), unique=True))
def test_the_top_ones_of_some_components_need_all_the_others(names: list[str]) -> None:
    top = top_components(names)
    assert set(with_requirements(top)) >= set(names)
    for name in top:
        assert name not in with_requirements([other for other in top if other != name])
