"""Which of conda's compilers goes together with nvcc of a release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.data import read_data
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.machine.host_compiler import seen_by_toolkit
from conda_cuda_plugin.machine.machine import HostCompiler, Machine
from conda_cuda_plugin.machine.tables import newest_gcc, toolkit_row
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.sources.base import Offer, Package, ToolkitRequest
from conda_cuda_plugin.sources.host_compiler import (
    check_request,
    compiler_specs,
    version_in,
    with_compiler,
)
from conda_cuda_plugin.toolkit import Flavor, Origin, releases
from conda_cuda_plugin.verdict.judge import judge_compiler
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

RELEASES = sorted({(row.version.major, row.version.minor) for row in releases()})


@pytest.mark.parametrize(
    ("release", "newest"),
    [("8.0", 5), ("11.8", 11), ("12.4", 13), ("12.9", 14), ("13.0", 15), ("13.5", 16)],
)
def test_the_bound_is_that_of_nvccs_own_header(release: str, newest: int) -> None:
    assert newest_gcc(CudaVersion.parse(release)) == newest


def test_a_release_that_is_in_no_table_takes_what_the_newest_known_one_does() -> None:
    known = [CudaVersion.parse(text) for text in read_data("compatibility.json")["toolkits"]]
    newest = max(known)
    later = CudaVersion(newest.major + 1, 0)
    assert toolkit_row(later.release) is None
    assert newest_gcc(later) == newest_gcc(newest)
    assert newest_gcc(CudaVersion(5, 0)) is None


@settings(deadline=None)
@given(
    release=st.sampled_from(RELEASES),
    major=st.integers(3, 30),
    subdir=st.sampled_from(["linux-64", "linux-aarch64"]),
)
def test_what_is_asked_for_is_just_what_nvcc_accepts(
    release: tuple[int, int], major: int, subdir: str
) -> None:
    """For all compilers: the spec lets one in if and only if the rule about it says nothing."""
    from conda.models.match_spec import MatchSpec

    version = CudaVersion(*release)
    newest = newest_gcc(version)
    assert newest is not None
    (text,) = compiler_specs(PLATFORMS[subdir], newest)
    spec = MatchSpec(text)
    assert spec.name == f"gxx_{subdir}"
    compiler = {"name": spec.name, "version": f"{major}.4.0", "build": "0", "build_number": 0}
    machine = Machine(host_compiler=HostCompiler("gcc", (major, 4, 0), "/usr/bin/gcc"))
    if toolkit_row(version.release) is not None:
        assert spec.match(compiler) is (judge_compiler(version, machine) is None)


def _offer(**values: Any) -> Offer:
    usual: dict[str, Any] = {
        "origin": Origin.PYPI,
        "version": CudaVersion(13, 0, 2),
        "flavor": Flavor.DEVEL,
        "components": (),
        "packages": (Package("nvidia-cuda-nvcc", "13.0.88", 1),),
        "detail": "PyPI",
    }
    return Offer(**{**usual, **values})


def _request(subdir: str = "linux-64", version: str = "13.0") -> ToolkitRequest:
    return ToolkitRequest(VersionRequest.parse(version), PLATFORMS[subdir], host_compiler=True)


def test_what_brings_a_compiler_that_fits_stays_as_it_is(tmp_path: Path) -> None:
    offer = _offer(packages=(Package("gxx_impl_linux-64", "13.4.0", 1),))
    found = with_compiler(offer, _request(), Environment(tmp_path))
    assert found == replace(offer, compiler_asked=True)
    assert version_in(offer.packages) == "13.4.0"


@pytest.mark.parametrize("origin", [Origin.SYSTEM, Origin.ENVIRONMENT])
def test_nothing_is_installed_into_what_is_adopted(origin: Origin, tmp_path: Path) -> None:
    offer = _offer(origin=origin, packages=())
    with pytest.raises(CudaError) as caught:
        with_compiler(offer, _request(), Environment(tmp_path))
    assert "into which conda cuda installs nothing" in caught.value.message
    assert any("-ccbin g++-15" in hint for hint in caught.value.hints)


def test_an_offer_without_nvcc_is_refused(tmp_path: Path) -> None:
    offer = _offer(flavor=Flavor.BASE, packages=(Package("nvidia-cuda-runtime", "13.0.96", 1),))
    with pytest.raises(CudaError, match="would be here without nvcc"):
        with_compiler(offer, _request(), Environment(tmp_path))


def test_windows_has_no_compiler_of_condas() -> None:
    with pytest.raises(CudaError, match="On Windows nvcc calls Visual C"):
        check_request(_request("win-64"), None, compiles=True)


HERE = Machine(
    host_compiler=HostCompiler("gcc", (99, 1), "/usr/bin/gcc"),
    evidence=(("host_compiler", "PATH"),),
)
OWN = Path("/envs/x/cuda-13.0/bin/x86_64-conda-linux-gnu-c++")


def test_the_toolkits_own_compiler_is_the_one_that_counts() -> None:
    seen = seen_by_toolkit(HERE, "13.4.0", OWN)
    assert seen.host_compiler == HostCompiler("gcc", (13, 4, 0), str(OWN))
    assert judge_compiler(CudaVersion(13, 0), HERE) is not None
    assert judge_compiler(CudaVersion(13, 0), seen) is None
    # On a machine without any compiler too.
    assert seen_by_toolkit(Machine(), "13.4.0", OWN).host_compiler == seen.host_compiler


@pytest.mark.parametrize("variable", ["NVCC_CCBIN", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"])
def test_what_a_variable_names_goes_before_it(variable: str) -> None:
    named = Machine(host_compiler=HERE.host_compiler, evidence=(("host_compiler", variable),))
    seen = seen_by_toolkit(named, "13.4.0", OWN)
    assert seen == named
    reason = judge_compiler(CudaVersion(13, 0), seen)
    assert reason is not None and reason.cure == (
        f"{variable} names it: name an older one there (g++-15), or none, then: "
        "conda cuda use 13.0 --host-compiler"
    )


@pytest.mark.parametrize(("version", "path"), [(None, OWN), ("13.4.0", None), ("what", OWN)])
def test_a_toolkit_without_one_changes_nothing(version: str | None, path: Path | None) -> None:
    assert seen_by_toolkit(HERE, version, path) == HERE


def test_the_cure_names_both_ways() -> None:
    reason = judge_compiler(CudaVersion(12, 4), HERE)
    assert reason is not None
    assert reason.text == "nvcc of CUDA 12.4 accepts gcc up to 13; /usr/bin/gcc is 99.1."
    assert reason.cure == (
        "conda cuda use 12.4 --host-compiler installs one that fits; or: nvcc -ccbin g++-13 calls "
        "an older one of this machine."
    )
    other = judge_compiler(CudaVersion(12, 4), HERE, "")
    assert other is not None
    assert other.cure == "nvcc -ccbin g++-13 calls an older one of this machine."
