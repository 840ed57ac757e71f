"""The published tables as they are shipped: complete, in order, and of one mind."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from conda_cuda_plugin.data import DATA
from conda_cuda_plugin.machine.machine import ComputeCapability, DriverVersion
from conda_cuda_plugin.machine.tables import (
    architectures,
    cuda_of_driver,
    driver_for,
    minimum_driver,
    toolkit_row,
)
from conda_cuda_plugin.sources.runfile.installers import installer_for, published_sha256
from conda_cuda_plugin.toolkit import releases
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

TABLES: dict[str, Any] = json.loads((DATA / "compatibility.json").read_text())
RELEASES = sorted(row.version for row in releases())
SHORT = sorted({(version.major, version.minor) for version in RELEASES})


def test_every_release_has_a_driver_and_no_driver_is_without_a_release() -> None:
    assert {str(version) for version in RELEASES} == set(TABLES["drivers"])


def test_every_release_has_a_toolkit_row() -> None:
    assert {f"{major}.{minor}" for major, minor in SHORT} <= set(TABLES["toolkits"])


def test_every_block_names_its_source() -> None:
    assert set(TABLES["sources"]) == set(TABLES) - {"sources"}
    assert all(len(text) > 20 for text in TABLES["sources"].values())


@pytest.mark.parametrize("column", ["linux", "windows"])
def test_a_newer_release_never_asks_for_an_older_driver(column: str) -> None:
    windows = column == "windows"
    for major in {version.major for version in RELEASES}:
        rows = [driver_for(v, windows=windows) for v in RELEASES if v.major == major]
        assert all(row is not None for row in rows)
        for older, newer in pairwise(rows):
            assert older is not None
            assert newer is not None
            assert newer.branch >= older.branch
            if len(newer.numbers) > 1:
                assert newer >= older


def test_the_exact_linux_driver_is_of_the_branch_beside_it() -> None:
    for row in TABLES["drivers"].values():
        if "linux" in row:
            assert row["linux"].startswith(f"{row['branch']}.")


def test_each_branch_supports_the_release_that_came_with_it() -> None:
    for text, row in TABLES["drivers"].items():
        version = CudaVersion.parse(text)
        supported = cuda_of_driver(DriverVersion.parse(row["branch"]))
        assert supported is not None
        assert supported.release == version.release


def test_newer_branches_support_newer_cuda() -> None:
    pairs = sorted((int(b), CudaVersion.parse(c)) for b, c in TABLES["branch_cuda"].items())
    assert all(one[1] <= other[1] for one, other in pairwise(pairs))


@pytest.mark.parametrize("windows", [False, True], ids=["linux", "windows"])
def test_the_ranges_of_minor_version_compatibility_do_not_overlap(windows: bool) -> None:
    least = [minimum_driver(CudaVersion(major, 0), windows=windows) for major in (11, 12, 13)]
    assert all(one is not None for one in least)
    assert sorted(least) == least  # type: ignore[type-var]
    for version in RELEASES:
        full = driver_for(version, windows=windows)
        minimum = minimum_driver(version, windows=windows)
        assert full is not None
        assert minimum is not None
        # 11.0 came with drivers older than the minimum of 11.x.
        assert full.branch >= minimum.branch or version.release == "11.0"
        if version.major < 11:
            assert full == minimum


@pytest.mark.parametrize("release", [f"{major}.{minor}" for major, minor in SHORT])
def test_toolkits_and_architectures_agree(release: str) -> None:
    version, row = CudaVersion.parse(release), toolkit_row(release)
    assert row is not None
    served = [one.capability for one in architectures().values() if one.served_by(version)]
    assert (row.minimum, row.maximum) == (min(served), max(served))
    listed = TABLES["toolkits"][release].get("cc")
    if listed is not None:
        assert [ComputeCapability.parse(text) for text in listed] == served


def test_compilers_only_get_newer() -> None:
    rows = [toolkit_row(f"{major}.{minor}") for major, minor in SHORT]
    for older, newer in pairwise(rows):
        assert older is not None
        assert newer is not None
        assert (older.gcc or 0) <= (newer.gcc or 0)
        assert older.minimum <= newer.minimum
        assert older.maximum <= newer.maximum
        assert (older.clang or 0) <= (newer.clang or 0)


def test_the_last_driver_of_a_gpu_runs_its_last_toolkit() -> None:
    names = {one.name for one in architectures().values()}
    assert set(TABLES["last_branch"]) <= names
    for one in architectures().values():
        if one.last is not None and one.last_branch is not None:
            needed = minimum_driver(one.last)
            assert needed is not None
            assert needed.branch <= one.last_branch
            assert one.first <= one.last


@pytest.mark.parametrize(
    ("driver", "cuda"),
    [
        ("620.70.06", "13.5"),
        ("615.12", "13.4"),
        ("580.95.05", "13.0"),
        ("572.61", "12.8"),
        ("550.54.14", "12.4"),
        ("535.129.03", "12.2"),
        ("516.94", "11.7"),
        ("472.50", "11.4"),
        ("470.256.02", "11.4"),
        ("430.64", "10.1"),
        ("390.157", "9.1"),
        ("999", "13.5"),
        ("340.108", None),
    ],
)
def test_the_cuda_of_a_driver(driver: str, cuda: str | None) -> None:
    found = cuda_of_driver(DriverVersion.parse(driver))
    assert (found.release if found else None) == cuda


@pytest.mark.parametrize(
    ("release", "windows", "driver"),
    [
        ("12.4", False, "550.54.14"),
        ("12.4.1", False, "550.54.15"),
        ("12.4.1", True, "551.78"),
        ("12.4.127", False, "550.54.15"),
        ("12.3.2", False, "545.23.08"),
        ("13.0.3", False, "580.95.05"),
        ("13.0.0", True, "580"),
        ("13.1.1", False, "590.48.01"),
        ("13.2", False, "595.45.04"),
        ("13.2.0", False, "595.45.04"),
        ("13.2.1", False, "595.58.03"),
        ("13.2.2", False, "595.71.05"),
        ("13.3", False, "610"),
        ("13.5.0", False, "620"),
        ("12.7", False, None),
        ("14.0", False, None),
    ],
)
def test_the_driver_of_a_release(release: str, windows: bool, driver: str | None) -> None:
    found = driver_for(CudaVersion.parse(release), windows=windows)
    assert (str(found) if found else None) == driver


def test_what_is_known_of_single_releases() -> None:
    rows = {str(row.version): row for row in releases()}
    assert (rows["13.5.0"].pypi, rows["13.5.0"].cudart) == (True, "13.5.37")
    installer = installer_for(VersionRequest.parse("12.5.0"), "ppc64le")
    assert installer == "cuda_12.5.0_555.42.02_linux_ppc64le.run"
    assert published_sha256(installer) == (
        "33f39ad7bc624d5c8e59938990358cec80b9966431e34d1ab2d6115d78a3f264"
    )
