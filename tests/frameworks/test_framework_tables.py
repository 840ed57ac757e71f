"""The published releases of the frameworks: consistent, and found under what users type."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.frameworks.releases import (
    UnknownReleaseError,
    find_release,
    framework_name,
    in_range,
    known_releases,
    rows_for,
    table,
)
from conda_cuda_plugin.machine.machine import ComputeCapability
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
    for block in ("conda_forge", "architectures", "pip_styles"):
        for row in TORCH[block]:
            assert any(rows_for(version, [row]) for version in TORCH["releases"]), row


def test_what_a_wheel_has_code_for_its_toolkit_can_make() -> None:
    from conda_cuda_plugin.machine.tables import architectures

    for row in TORCH["architectures"]:
        for text in {*row.get("x86_64", ()), *row.get("aarch64", ())}:
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


@pytest.mark.parametrize(
    ("typed", "name"),
    [("torch", "torch"), ("PyTorch", "torch"), ("pytorch-gpu", "torch"), ("tf", "tensorflow"),
     ("TensorFlow", "tensorflow"), ("tensorflow_gpu", "tensorflow"), ("JAX", "jax"),
     (" jaxlib ", "jax")],
)  # fmt: skip
def test_frameworks_go_by_several_names(typed: str, name: str) -> None:
    assert framework_name(typed) == name


@pytest.mark.parametrize(
    ("name", "typed", "found"),
    [
        ("torch", "2.5.1", "2.5.1"),
        ("torch", "2.5", "2.5.1"),
        ("torch", "1.10", "1.10.1"),
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
    assert "torch, tensorflow, jax" in caught.value.hints[0]


@given(st.text(max_size=40))
def test_whatever_is_typed_is_found_or_refused_in_words(text: str) -> None:
    for name in table("names"):
        try:
            assert find_release(name, text)
        except UnknownReleaseError as error:
            assert len(error.nearest) == 4  # type: ignore[attr-defined]
