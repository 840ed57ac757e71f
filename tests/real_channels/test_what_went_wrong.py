"""What was wrong on real channels once, each as a test of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .asking import Asking
from .indexes import rows, told

FORGE = ("conda-forge",)
LABEL = ("nvidia/label/cuda-11.8.0",)


def versions(plan: dict[str, Any], *names: str) -> list[str | None]:
    """The versions of some packages of a plan; None for one that is not in it."""
    assert "refusal" not in plan, plan
    return [plan["packages"].get(name, [None])[0] for name in names]


def test_every_release_is_listed_with_its_own_metapackage(linux: Asking) -> None:
    rows = linux(list=True, channels=FORGE)
    runtime = {version for version, flavor, *_ in rows if flavor == "runtime"}
    assert runtime >= {"12.0.0", "12.1.1", "12.4.0", "12.4.1", "12.6.3", "12.9.1", "13.2.1"}
    devel = {version for version, flavor, *_ in rows if flavor == "devel"}
    assert devel >= {"12.1.1", "12.4.0", "12.4.1", "12.5.1", "12.6.3", "13.2.0", "13.2.1"}


@pytest.mark.parametrize("channels", [("nvidia", "conda-forge"), ("conda-forge", "nvidia")])
def test_a_release_is_not_mixed_of_two(channels: tuple[str, ...], linux: Asking) -> None:
    plan = linux.plan("12.1", channels)
    assert plan["version"] == "12.1.1"
    names = ("cuda-version", "cuda-cudart", "libcublas", "cuda-libraries")
    assert versions(plan, *names) == ["12.1", "12.1.105", "12.1.3.1", "12.1.1"]


def test_what_a_channel_has_in_part_is_refused_by_name(linux: Asking) -> None:
    plan = linux.plan("12.1", ["nvidia"])
    assert plan["refusal"] == "channel has CUDA 12.1.0 on nvidia without libnvjpeg 12.1.0.39."
    assert plan["hints"] == ["conda cuda list --available -c nvidia shows what it has whole."]


def test_one_update_is_not_mixed_with_the_next(linux: Asking) -> None:
    plan = linux.plan("12.4.0", ["nvidia", "conda-forge"])
    names = ("cuda-cudart", "cuda-nvrtc", "libnvjitlink", "libcufile")
    assert versions(plan, *names) == ["12.4.99", "12.4.99", "12.4.99", "1.9.0.20"]


@pytest.mark.parametrize("flavor", ["base", "runtime", "devel"])
def test_the_update_that_differs_from_the_wheels(flavor: str, linux: Asking) -> None:
    plan = linux.plan("12.5.1", FORGE, flavor=flavor)
    assert (plan["version"], versions(plan, "cuda-cudart")) == ("12.5.1", ["12.5.82"])
    before = linux.plan("12.5.0", FORGE, flavor=flavor)
    assert (before["version"], versions(before, "cuda-cudart")) == ("12.5.0", ["12.5.39"])


@pytest.mark.parametrize(
    ("version", "components", "expected"),
    [
        ("13.2.0", "cublas,cufft", {"libcublas": "13.3.0.5", "libcufft": "12.2.0.37"}),
        ("12.9.1", "cublas", {"libcublas": "12.9.1.4"}),
        ("13.2.0", "nvcc", {"cuda-nvcc": "13.2.51"}),
        ("12.4.0", "nvcc", {"cuda-nvcc": "12.4.99"}),
        ("12.6.0", "nvcc", {"cuda-nvcc": "12.6.20"}),
    ],
)
def test_a_component_is_that_of_the_update(
    version: str, components: str, expected: dict[str, str], linux: Asking
) -> None:
    plan = linux.plan(version, FORGE, components=components.split(","))
    assert plan["version"] == version
    assert versions(plan, *expected) == list(expected.values())


def test_a_label_has_every_flavor(linux: Asking) -> None:
    rows = linux(list=True, channels=LABEL)
    assert [(version, flavor, nvcc) for version, flavor, _, _, nvcc in rows] == [
        ("11.8.0", "base", False),
        ("11.8.0", "runtime", False),
        ("11.8.0", "devel", True),
    ]
    for flavor in ("base", "runtime", "devel"):
        plan = linux.plan("11.8", LABEL, flavor=flavor)
        assert plan["version"] == "11.8.0"
        wanted = told(LABEL[0], "linux-64", "11.8.0")
        assert all(
            version == wanted.get(name, version) for name, (version, _) in plan["packages"].items()
        )
    assert set(linux.plan("11.8", LABEL, flavor="base")["packages"]) == {"cuda-cudart"}


def test_components_of_a_label_are_not_all_of_it(linux: Asking) -> None:
    plan = linux.plan("11.8", LABEL, components=["nvcc"])
    assert set(plan["packages"]) == {"cuda-nvcc", "cuda-cudart", "cuda-cudart-dev", "cuda-cccl"}


def test_parts_with_new_names_get_into_lib64(tmp_path: Path) -> None:
    """libcuobjclient came with 13.2, and nothing but the metapackage says that it is CUDA's."""
    from conda_cuda_plugin.install.view import make_package_view
    from conda_cuda_plugin.platforms import platform_of
    from conda_cuda_plugin.versions import CudaVersion

    names = ("cuda-cudart", "libcuobjclient", "libstdcxx", "rdma-core", "libcufile")
    there = {row["name"]: row for row in rows("conda-forge", "linux-64") if row["name"] in names}
    for row in rows("conda-forge", "linux-64"):
        if (row["name"], row["version"]) == ("cuda-libraries", "13.2.1"):
            there["cuda-libraries"] = row
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "lib").mkdir()
    for name, row in there.items():
        file = f"lib/{name}.so.1"
        (tmp_path / file).touch()
        record = tmp_path / "conda-meta" / f"{name}-{row['version']}-{row['build']}.json"
        record.write_text(json.dumps({**row, "files": [file]}))
    make_package_view(tmp_path, CudaVersion(13, 2, 1), platform_of("linux-64"))
    found = {path.name for path in (tmp_path / "lib64").iterdir()}
    assert found == {"libcuobjclient.so.1", "libcufile.so.1"}
