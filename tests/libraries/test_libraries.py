"""A library's name says which releases provide it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.data import DATA, tools
from conda_cuda_plugin.libraries.names import Kind, all_releases, releases_of, span
from conda_cuda_plugin.toolkit import components, releases

TABLE = json.loads((DATA / "libraries.json").read_text())

PROVIDED = {
    "libcudart.so.11.0": "11.0 to 11.8",
    "libcudart.so.10.2": "10.2",
    "libcudart.so.12": "12.0 to 12.9",
    "libcudart.so": "7.5 to 13.5",
    "libcudart": "7.5 to 13.5",
    "cudart": "7.5 to 13.5",
    "libcudart.so.12.4.127": "12.4",
    "libcudart.so.11.8.89": "11.8",
    "libcudart-80664282.so.10.2": "10.2",
    "libcudart-e409450e.so.11.0": "11.0 to 11.8",
    "libcurand.so.10": "10.1 to 13.5",
    "libcufft.so.10": "10.1 to 11.8",
    "libcufft.so.10.9.0.58": "10.1 to 11.8",
    "libcufftw.so.11": "12.0 to 12.9",
    "libcublas.so.12.4.5.8": "12.0 to 12.9",
    "libcusparse.so.12": "12.0 to 13.5",
    "libcusolver.so.10": "10.1 to 11.0",
    "libnvrtc.so.11.2": "11.2 to 11.8",
    "libnvrtc.so.11.7.99": "11.7",
    "libnvrtc-builtins.so.11.7": "11.7",
    "libnvJitLink.so.12": "12.0 to 12.9",
    "libnvjitlink.so.12": "12.0 to 12.9",
    "libnppial.so.12": "12.0 to 12.9",
    "libnvToolsExt.so.1": "7.5 to 12.8",
    "cudart64_110.dll": "11.0 to 11.8",
    "CUDART64_110.DLL": "11.0 to 11.8",
    "cublas64_12.dll": "12.0 to 12.9",
    "nvrtc-builtins64_118.dll": "11.8",
    "cupti64_2024.1.1.dll": "12.4",
    "cupti64_2026.1.2.dll": "13.2",
    "cupti64_13.dll": "13.5",
    "nvvm64_40_0.dll": "11.2 to 13.5",
    "libcudart.so.14": "",
    "cudart64_99.dll": "",
}


@pytest.mark.parametrize("name", PROVIDED)
def test_the_releases_that_provide_it(name: str) -> None:
    facts = releases_of(name)
    assert (facts.kind, span(facts.releases)) == (Kind.TOOLKIT, PROVIDED[name])
    assert facts.component in components()


@pytest.mark.parametrize(
    "name",
    [
        *TABLE["driver"],
        "libcuda.so.550.54.15",
        "libnvidia-glcore.so.550.54.15",
        "libnvidia-ml.so",
        "NVCUDA.DLL",
        "cuda",
    ],
)
def test_the_drivers_own_belong_to_no_release(name: str) -> None:
    facts = releases_of(name)
    assert (facts.kind, facts.releases) == (Kind.DRIVER, ())


@pytest.mark.parametrize(
    ("name", "kind", "major"),
    [
        ("libcudnn.so.8", Kind.CUDNN, "8"),
        ("libcudnn.so", Kind.CUDNN, None),
        ("libcudnn_ops_infer.so.8", Kind.CUDNN, "8"),
        ("libcudnn_ops.so.9.1.0", Kind.CUDNN, "9"),
        ("libcudnn.so.77", Kind.CUDNN, None),
        ("cudnn64_7.dll", Kind.CUDNN, "7"),
        ("cudnn_ops_infer64_8.dll", Kind.CUDNN, "8"),
        ("libnccl.so.2", Kind.NCCL, "2"),
        ("libstdc++.so.6", Kind.FOREIGN, None),
        ("libfoo.so", Kind.FOREIGN, None),
        ("msvcp140.dll", Kind.SEPARATE, None),
        ("shm.dll", Kind.SEPARATE, None),
        ("libnvinfer.so.8", Kind.SEPARATE, None),
        ("nvcc", Kind.FOREIGN, None),
    ],
)
def test_what_no_toolkit_has(name: str, kind: Kind, major: str | None) -> None:
    facts = releases_of(name)
    assert (facts.kind, facts.major, facts.releases) == (kind, major, ())


def test_a_name_without_version_knows_the_names_with_one() -> None:
    facts = releases_of("libcusparse.so")
    assert facts.variants[-3:] == ("libcusparse.so.10", "libcusparse.so.11", "libcusparse.so.12")
    assert not releases_of("libcusparse.so.12").variants


def test_a_wheels_copy_is_told_apart() -> None:
    assert releases_of("libcudart-80664282.so.10.2").bundled
    assert not releases_of("libnvrtc-builtins.so.11.7").bundled


@pytest.mark.parametrize("section", ["libraries", "dlls"])
def test_every_row_answers_with_itself(section: str) -> None:
    for name, row in TABLE[section].items():
        facts = releases_of(name)
        assert (facts.name, list(facts.releases)) == (name, row["cuda"])
        assert facts.component in components(), name


def test_the_table_is_sound() -> None:
    known = {row.version.release for row in releases()} | {"7.5", "8.0", "9.0", "9.1", "9.2"}
    for section in ("libraries", "dlls"):
        for name, row in TABLE[section].items():
            assert row["cuda"], name
            assert set(row["cuda"]) <= known | set(all_releases())
            every = [r for r in all_releases() if r in row["cuda"]]
            assert row["cuda"] == every, f"{name}: in order, each once"
            assert re.fullmatch(r"lib[\w-]+\.so\.[\d.]+|[\w.-]+\.dll", name)
    # The names of one library never overlap: a release has exactly one libcudart.
    families: dict[str, list[str]] = {}
    for name, row in TABLE["libraries"].items():
        families.setdefault(name.partition(".so")[0], []).extend(row["cuda"])
    for family, provided in families.items():
        assert len(provided) == len(set(provided)), family
    assert set(TABLE["alike"].values()) <= set(families)
    for name, row in tools().items():
        assert row.get("component") is None or row["component"] in components(), name
        assert row.get("last") is None or row["last"] in all_releases(), name
    assert set(TABLE["sources"]) >= set(TABLE) - {"sources"}


def test_releases_in_words() -> None:
    assert span(["12.6", "12.8"]) == "12.6, 12.8"
    assert span(["12.4", "12.5", "12.6", "12.8", "11.8"]) == "11.8, 12.4 to 12.8"
    assert span([]) == ""


@given(st.text(max_size=200))
def test_any_text_is_a_name(text: str) -> None:
    assert releases_of(text).kind in Kind
