"""The published releases of the frameworks: consistent, and found under what users type."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.frameworks.framework import Build
from conda_cuda_plugin.frameworks.releases import (
    UnknownReleaseError,
    find_release,
    framework_name,
    in_range,
    known_releases,
    rows_for,
    table,
)
from conda_cuda_plugin.frameworks.table import builds_of
from conda_cuda_plugin.machine.machine import ComputeCapability
from conda_cuda_plugin.platforms import PLATFORMS, Platform
from conda_cuda_plugin.toolkit import releases
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

KNOWN = {row.version.release for row in releases()}
TORCH = table("torch")


@pytest.mark.parametrize("name", list(table("names")))
def test_releases_are_numbers_and_go_from_new_to_old(name: str) -> None:
    known = known_releases(name)
    numbers = [tuple(map(int, version.split("."))) for version in known]
    assert numbers == sorted(set(numbers), reverse=True)


def test_every_cuda_of_pytorch_is_a_release() -> None:
    for version, row in TORCH["releases"].items():
        named = [*row.get("wheels", ()), *row.get("channel", ())]
        named += [row["pypi"]] if "pypi" in row else []
        assert named, version
        assert set(named) <= KNOWN, version
        if "wheels" in row and "pypi" in row and not in_range(version, "<1.2"):
            assert row["pypi"] in row["wheels"], version


def test_the_rows_of_pytorch_hold_releases_and_do_not_overlap() -> None:
    for version in TORCH["releases"]:
        assert len(rows_for(version, TORCH["conda_forge"])) <= 1, version
        assert len(rows_for(version, TORCH["pip_styles"])) == 1, version
        listed = [cuda for row in rows_for(version, TORCH["architectures"]) for cuda in row["cuda"]]
        assert len(listed) == len(set(listed)), version
    for block in ("conda_forge", "architectures", "pip_styles", "without_windows", "aarch64"):
        for row in TORCH[block]:
            assert any(rows_for(version, [row]) for version in TORCH["releases"]), row


def test_what_a_wheel_has_code_for_its_toolkit_can_make() -> None:
    from conda_cuda_plugin.machine.tables import architectures

    for row in TORCH["architectures"]:
        columns = ("x86_64", "aarch64", "windows", "conda")
        lists = [row[column].replace("+PTX", "").split() for column in columns if column in row]
        for codes in lists:
            assert codes == sorted(codes, key=ComputeCapability.parse), row
        for text in {text for codes in lists for text in codes}:
            architecture = architectures()[ComputeCapability.parse(text)]
            for cuda in row["cuda"]:
                assert architecture.served_by(CudaVersion.parse(cuda)), (row, text)


def test_tensorflow_names_a_release_and_a_cudnn_each() -> None:
    for minor, row in table("tensorflow")["releases"].items():
        assert row["cuda"] in KNOWN, minor
        assert re.fullmatch(r"\d+(\.\d+)?", row["cudnn"]), minor
        assert row["newest"].startswith(f"{minor}.")
        if "and_cuda" in row:
            # The wheels' own requirement agrees with the table of the documentation.
            assert VersionRequest.parse(row["and_cuda"]["cuda"]).matches(
                CudaVersion.parse(row["cuda"])
            ), minor
            assert VersionRequest.parse(row["and_cuda"]["cuda"]).clauses


def test_every_release_of_jax_has_one_rule_for_each_major() -> None:
    for version in table("jax")["releases"]:
        rules = rows_for(version, table("jax")["rules"])
        extras = [rule["extra"][:6] for rule in rules]
        assert extras, version
        assert len(extras) == len(set(extras)), version
        for rule in rules:
            assert any(
                VersionRequest.parse(rule["cuda"]).matches(row.version) for row in releases()
            )


LINUX, ARM, WINDOWS = (PLATFORMS[name] for name in ("linux-64", "linux-aarch64", "win-64"))


def wheels_of(version: str, platform: Platform = LINUX) -> dict[str, Build]:
    """The CUDA builds of a release of PyTorch that pip installs."""
    builds = builds_of("torch", version, platform).builds
    return {build.label: build for build in builds if build.source == "pip" and build.cuda}


@pytest.mark.parametrize(
    ("version", "variants", "windows"),
    [
        ("2.14.1", "12.6 13.0 13.2", "12.6 13.0 13.2"),
        ("2.14.0", "12.6 13.0 13.2", "12.6 13.0 13.2"),
        ("2.13.0", "12.6 12.9 13.0 13.2", "12.6 13.0 13.2"),
        ("2.12.1", "12.6 12.9 13.0 13.2", "12.6 13.0 13.2"),
        ("2.12.0", "12.6 13.0 13.2", "12.6 13.0 13.2"),
        ("2.10.0", "12.6 12.8 12.9 13.0", "12.6 12.8 13.0"),
        ("2.9.1", "12.6 12.8 12.9 13.0", "12.6 12.8 13.0"),
        ("2.9.0", "12.6 12.8 12.9 13.0", "12.6 12.8 12.9 13.0"),
        ("1.10.2", "10.2", ""),
    ],
)
def test_the_variants_of_pytorch(version: str, variants: str, windows: str) -> None:
    assert sorted(wheels_of(version)) == variants.split()
    assert sorted(wheels_of(version, WINDOWS)) == windows.split()


@pytest.mark.parametrize(
    ("version", "variants"),
    [("2.3.1", ""), ("2.5.1", "12.4"), ("2.6.0", "12.6"), ("2.7.1", "12.8"), ("2.8.0", "12.9"),
     ("2.9.1", "12.6 12.8 12.9 13.0"), ("2.14.0", "12.6 13.0 13.2")],
)  # fmt: skip
def test_the_variants_of_pytorch_for_aarch64(version: str, variants: str) -> None:
    assert sorted(wheels_of(version, ARM)) == variants.split()


@pytest.mark.parametrize(
    ("version", "cuda", "cudnn"),
    [
        ("2.14.1", "13.0", "9.24.0.43"),
        ("2.14.1", "12.6", None),
        ("2.14.0", "12.6", "9.10.2.21"),
        ("2.13.0", "12.6", "9.10.2.21"),
        ("2.13.0", "12.9", "9.20.0.48"),
        ("2.11.0", "12.9", "9.17.1.4"),
        ("2.11.0", "13.0", "9.19.0.56"),
        ("2.10.0", "13.0", "9.15.1.9"),
        ("2.9.0", "13.0", "9.13.0.50"),
        ("2.7.0", "12.8", "9.7.1.26"),
        ("2.7.1", "11.8", "9.1.0.70"),
        ("2.2.0", "11.8", "8.7.0.84"),
        ("1.13.1", "11.6", "8.3.2.44"),
        ("1.11.0", "10.2", "7.6.5.32"),
    ],
)
def test_cudnn_belongs_to_the_variant(version: str, cuda: str, cudnn: str | None) -> None:
    assert wheels_of(version)[cuda].cudnn == cudnn


@pytest.mark.parametrize(
    ("version", "cuda", "oldest"),
    [
        ("2.13.0", "12.6", "5.0"),
        ("2.13.0", "13.0", "7.5"),
        ("2.13.0", "12.9", None),
        ("2.11.0", "12.9", "7.5"),
        ("2.10.0", "12.9", "7.0"),
        ("2.8.0", "12.8", "7.0"),
        ("2.7.1", "12.8", "7.5"),
        ("2.5.1", "12.1", "5.0"),
        ("2.5.1", "11.8", "3.7"),
        ("1.13.1", "11.7", "3.7"),
        ("1.13.1", "11.6", "3.7"),
        ("1.3.0", "10.1", "3.5"),
    ],
)
def test_the_oldest_gpu_of_a_wheel(version: str, cuda: str, oldest: str | None) -> None:
    found = wheels_of(version)[cuda].oldest
    assert (str(found) if found else None) == oldest


def test_the_pytorch_channel_has_code_of_its_own() -> None:
    builds = builds_of("torch", "2.5.1", LINUX).builds
    found = {one.label: one.capabilities for one in builds if one.source == "pytorch channel"}
    assert ComputeCapability(6, 1) in found["12.4"]


def test_when_pytorch_was_released() -> None:
    assert builds_of("torch", "2.10.0", LINUX).date == "2026-01-21"


@pytest.mark.parametrize(
    ("version", "cuda", "cudnn", "oldest"),
    [
        ("0.4.16", "12.x from 12.0", ">=8.9,<9", "5.2"),
        ("0.4.17", "12.x from 12.2", ">=8.9,<9", "5.2"),
        ("0.4.18", "12.x from 12.2", ">=8.9,<9", "5.2"),
        ("0.4.21", "12.x from 12.2", ">=8.9,<9", "5.0"),
        ("0.4.28", "12.x from 12.1", ">=8.9.2.26,<9", "5.0"),
        ("0.4.29", "12.x from 12.1", ">=9.0,<10", "5.0"),
        ("0.10.2", "13.x from 13.0", ">=9.12.0.46,<10", "7.5"),
        ("0.10.2", "12.x from 12.1", ">=9.8,<10", "5.0"),
    ],
)
def test_the_builds_of_jax(version: str, cuda: str, cudnn: str, oldest: str) -> None:
    found = {build.label: build for build in builds_of("jax", version, LINUX).builds}
    assert (found[cuda].cudnn, str(found[cuda].oldest)) == (cudnn, oldest)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("14.2.0", {"13.x from 13.0": "7.5", "12.x from 12.0": "5.0"}),
        ("13.6.0", {"13.x from 13.0": "7.5", "12.x from 12.0": "5.0", "11.x from 11.2": "3.5"}),
        ("11.4.0", {"11.x from 11.2": "3.5"}),
    ],
)
def test_the_builds_of_cupy(version: str, found: dict[str, str]) -> None:
    builds = builds_of("cupy", version, LINUX).builds
    assert {build.label: str(build.oldest) for build in builds} == found


@pytest.mark.parametrize(
    ("version", "oldest"),
    [("2.21.0", "6.0"), ("2.17.0", "6.0"), ("2.16.1", "5.0"), ("2.15.0", "5.0"),
     ("2.14.0", "3.5"), ("2.3.0", "3.5"), ("2.2.0", "3.5"), ("1.9.0", None)],
)  # fmt: skip
def test_the_oldest_gpu_of_tensorflow(version: str, oldest: str | None) -> None:
    builds = builds_of("tensorflow", version, LINUX)
    found = builds.builds[0].oldest
    assert (str(found) if found else None) == oldest
    assert any("is not known" in note.text for note in builds.notes) == (oldest is None)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("torch", "torch"), ("PyTorch", "torch"), ("pytorch-gpu", "torch"), ("tf", "tensorflow"),
     ("TensorFlow", "tensorflow"), ("tensorflow_gpu", "tensorflow"), ("JAX", "jax"),
     (" jaxlib ", "jax"), ("cupy-cuda12x", "cupy")],
)  # fmt: skip
def test_frameworks_go_by_several_names(typed: str, name: str) -> None:
    assert framework_name(typed) == name


@pytest.mark.parametrize(
    ("name", "typed", "found"),
    [
        ("torch", "2.5.1", "2.5.1"),
        ("torch", "2.5", "2.5.1"),
        ("torch", "1.10", "1.10.2"),
        ("torch", "1", "1.13.1"),
        ("tensorflow", "2.16.2", "2.16.2"),
        ("tensorflow", "2.10", "2.10.0"),
        ("tensorflow", "1", "1.15.0"),
        ("jax", "0.4", "0.4.38"),
        ("jax", "0.9.0", "0.9.0"),
    ],
)
def test_a_release_is_found_by_its_beginning(name: str, typed: str, found: str) -> None:
    assert find_release(name, typed) == found


@pytest.mark.parametrize(
    ("name", "typed", "near"),
    [
        ("torch", "2.5.9", ["2.5.0", "2.5.1", "2.6.0", "2.7.0"]),
        ("torch", "99", ["2.13.0", "2.14.0", "2.14.1", "2.15.0"]),
        ("torch", "0.1", ["0.4.1", "1.0.0", "1.0.1", "1.1.0"]),
        ("torch", "new", ["2.13.0", "2.14.0", "2.14.1", "2.15.0"]),
        ("tensorflow", "2.99.0", ["2.18.0", "2.19.0", "2.20.0", "2.21.0"]),
        ("jax", "0.4.32", ["0.4.30", "0.4.31", "0.4.33", "0.4.34"]),
    ],
)
def test_an_unknown_release_names_the_nearest(name: str, typed: str, near: list[str]) -> None:
    with pytest.raises(UnknownReleaseError) as caught:
        find_release(name, typed)
    assert caught.value.nearest == near  # type: ignore[attr-defined]
    assert caught.value.return_code == 1


def test_an_unknown_framework_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not a framework") as caught:
        framework_name("mxnet")
    assert "torch, tensorflow, jax, cupy" in caught.value.hints[0]


@given(st.text(max_size=40))
def test_whatever_is_typed_is_found_or_refused_in_words(text: str) -> None:
    for name in table("names"):
        try:
            assert find_release(name, text)
        except UnknownReleaseError as error:
            assert len(error.nearest) == 4  # type: ignore[attr-defined]
