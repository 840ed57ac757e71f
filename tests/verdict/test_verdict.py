"""What runs where, against the published tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.machine.gpu_names import is_data_centre
from conda_cuda_plugin.machine.machine import (
    ComputeCapability,
    DriverVersion,
    Gpu,
    HostCompiler,
    Machine,
)
from conda_cuda_plugin.machine.tables import architectures, driver_for
from conda_cuda_plugin.toolkit import releases
from conda_cuda_plugin.verdict.judge import best_release, judge
from conda_cuda_plugin.verdict.text import verdict_document, verdict_line
from conda_cuda_plugin.verdict.verdict import Level
from conda_cuda_plugin.versions import CudaVersion

from .verdict_cases import (
    A100,
    CASES,
    GTX_1080,
    H100,
    K40,
    K80,
    RTX_3090,
    RTX_4090,
    TITAN_V,
    V100,
    machine,
)

RELEASES = [row.version for row in releases()]

# Drivers with all three numbers: fewer stand for a whole branch.
drivers = st.builds(
    lambda *numbers: DriverVersion(numbers),
    st.sampled_from(sorted({d.branch for v in RELEASES if (d := driver_for(v))} | {387, 565, 650})),
    st.integers(0, 200),
    st.integers(0, 99),
)
gpus = st.builds(
    Gpu, st.sampled_from([None, "Tesla", "GeForce"]), st.sampled_from(list(architectures()))
)
machines = st.builds(Machine, driver=drivers, gpus=st.lists(gpus, max_size=3).map(tuple))
versions = st.sampled_from(RELEASES)


@pytest.mark.parametrize(
    ("driver", "cards", "release", "level", "reason"),
    CASES,
    ids=[f"{d or 'no driver'}-{g or 'no gpu'}-{r}" for d, g, r, *_ in CASES],
)
def test_the_published_tables(
    driver: str, cards: str, release: str, level: str, reason: str
) -> None:
    verdict = judge(CudaVersion.parse(release), machine(driver, cards))
    assert (verdict.level.value, next((r.id for r in verdict.reasons), "")) == (level, reason)


@given(machines, drivers, versions)
def test_a_newer_driver_never_makes_a_release_worse(
    here: Machine, other: DriverVersion, version: CudaVersion
) -> None:
    assert here.driver is not None
    older, newer = sorted([here.driver, other])
    before = judge(version, replace(here, driver=older))
    after = judge(version, replace(here, driver=newer))
    dropped = any(reason.id == "gpu-dropped" for reason in after.reasons)
    assert dropped or after.level.rank <= before.level.rank


@given(machines, gpus, versions)
def test_another_gpu_never_makes_a_release_better(
    here: Machine, more: Gpu, version: CudaVersion
) -> None:
    before = judge(version, here)
    after = judge(version, replace(here, gpus=(*here.gpus, more)))
    assert after.level.rank >= before.level.rank


@given(machines, versions)
def test_what_stands_in_the_way_has_a_reason_with_numbers_and_says_what_runs(
    here: Machine, version: CudaVersion
) -> None:
    verdict = judge(version, here)
    if verdict.level is Level.NATIVE:
        assert verdict.reasons == ()
        return
    assert any(character.isdigit() for character in verdict.reasons[0].text)
    assert all(reason.text.endswith(".") for reason in verdict.reasons)
    best = best_release(here, RELEASES)
    if verdict.level is Level.CANNOT and best and best[1].level.rank <= Level.MINOR.rank:
        assert "CUDA " in str(verdict.reasons[0].cure)


@given(machines, versions)
def test_nobody_is_sent_to_a_driver_without_their_card(here: Machine, version: CudaVersion) -> None:
    last = [
        row.last_branch
        for gpu in here.gpus
        if gpu.capability and (row := architectures()[gpu.capability]).last_branch
    ]
    for reason in judge(version, here).reasons:
        for word in str(reason.cure).replace(";", " ").replace(",", " ").split():
            if last and word[:3].isdigit() and len(word) >= 6 and "." in word:
                assert int(word[:3]) <= min(last), reason


@given(machines, versions)
def test_the_best_release_is_as_good_as_any(here: Machine, version: CudaVersion) -> None:
    level, best = judge(version, here).level, best_release(here, RELEASES)
    if best is None:
        assert level is Level.CANNOT
    else:
        assert best[1] == judge(best[0], here)
        assert best[1].level.rank <= level.rank
        assert best[1].level.rank < level.rank or best[0] >= version


@pytest.mark.parametrize(
    ("driver", "cards", "best", "level"),
    [
        ("580.95.05", V100, "12.9.2", "native"),
        ("580.95.05", RTX_4090, "13.0.3", "native"),
        ("550.54.15", RTX_4090, "12.4.1", "native"),
        ("525.60.13", A100, "12.0.0", "native"),
        ("470.256.02", K80, "11.4.4", "native"),
        ("470.256.02", K40, "11.4.4", "native"),
        ("620.70.06", H100, "13.5.0", "native"),
        ("615.10", H100, "13.4.3", "native"),
        ("580.95.05", f"{V100};{RTX_4090}", "12.9.2", "native"),
        ("470.256.02", RTX_3090, "11.4.4", "native"),
        ("450.51.06", "NVIDIA A40:8.6", "11.0.3", "minor"),
        ("", "7.0", "12.9.2", "unknown"),
        ("", "", "13.5.0", "unknown"),
        ("590.48.01", V100, None, None),
        ("340.108", "5.0", None, None),
    ],
)
def test_the_newest_release_with_the_best_verdict(
    driver: str, cards: str, best: str | None, level: str | None
) -> None:
    found = best_release(machine(driver, cards), RELEASES)
    assert (str(found[0]) if found else None) == best
    assert (found[1].level.value if found else None) == level


def test_a_volta_owner_is_not_sent_to_a_newer_driver() -> None:
    reason = judge(CudaVersion(13, 0), machine("580.95.05", TITAN_V)).reasons[0]
    assert reason.text == (
        "CUDA 13.0 makes code for compute capability 7.5 and newer; NVIDIA TITAN V has 7.0."
    )
    assert reason.cure == "CUDA 12.9 is the last release for Volta."


def test_a_kepler_owner_is_told_what_runs_with_the_last_driver() -> None:
    verdict = judge(CudaVersion(12, 4), machine("470.256.02", K80))
    assert [reason.id for reason in verdict.reasons] == ["gpu-too-old", "driver-too-old"]
    assert verdict.reasons[0].cure == "CUDA 11.8 is the last release for Kepler."
    assert verdict.reasons[1].cure is None
    limited = judge(CudaVersion(11, 8), machine("470.256.02", K80)).reasons[0]
    assert limited.cure == "Build for the GPU itself (nvcc -arch=native)."


def test_an_old_driver_of_an_old_card_may_be_updated_up_to_its_last_branch() -> None:
    reason = judge(CudaVersion(11, 4), machine("390.157", "NVIDIA GeForce GT 730:3.5")).reasons[0]
    assert reason.cure == (
        "Update the driver to 450.80.02 or newer, up to R470, the last branch for Kepler. "
        "The newest release that runs with this driver: CUDA 9.1."
    )


def test_a_gpu_that_is_served_beside_one_that_is_not_is_named() -> None:
    reason = judge(CudaVersion(13, 0), machine("580.95.05", f"{V100};{RTX_4090}")).reasons[0]
    assert reason.text.endswith(
        "Tesla V100-SXM2-16GB has 7.0, while NVIDIA GeForce RTX 4090 (8.9) is served."
    )
    assert "CUDA_VISIBLE_DEVICES" in str(reason.cure)


def test_a_stated_driver_from_before_the_gpu_runs_nothing() -> None:
    here = replace(machine("550", "12.0"), stated=True)
    verdict = judge(CudaVersion(12, 8), here)
    assert verdict.level is Level.CANNOT
    assert verdict.reasons[0].text == (
        "Driver R550 is from before the Blackwell GPU (12.0); the driver of CUDA 12.8, R570, is "
        "the first for it."
    )
    assert best_release(here, RELEASES) is None
    # A driver that shows a card knows it, whatever CONDA_OVERRIDE_CUDA says.
    assert judge(CudaVersion(12, 8), machine("cuda 12.4", "12.0")).level is Level.MINOR


def test_gpus_of_a_kind_are_told_once() -> None:
    verdict = judge(CudaVersion(13, 0), machine("580.95.05", f"{V100};{V100};{GTX_1080}"))
    assert len(verdict.reasons) == 2


@pytest.mark.parametrize(
    ("release", "compiler", "told"),
    [
        ("11.8", HostCompiler("gcc", (12, 2, 0), "/usr/bin/gcc"), "gcc up to 11"),
        ("12.4", HostCompiler("gcc", (13, 2, 0), "/usr/bin/gcc"), None),
        ("13.0", HostCompiler("gcc", (16,), "/usr/bin/gcc"), "gcc up to 15"),
        ("12.0", HostCompiler("clang", (15, 0, 7), "/usr/bin/clang"), "clang up to 14"),
        ("7.5", HostCompiler("clang", (15,), "/usr/bin/clang"), None),
        ("12.3", HostCompiler("msvc", (19, 40), "cl.exe"), "_MSC_VER 1910 to 1939"),
        ("12.4", HostCompiler("msvc", (19, 40), "cl.exe"), None),
        ("13.0", HostCompiler("msvc", (19, 16), "cl.exe"), "_MSC_VER 1920 to 1949"),
        ("14.0", HostCompiler("gcc", (30,), "/usr/bin/gcc"), None),
    ],
)
def test_a_host_compiler_that_nvcc_refuses_is_a_reason_and_no_level(
    release: str, compiler: HostCompiler, told: str | None
) -> None:
    here = replace(machine("615.10", ""), host_compiler=compiler)
    verdict = judge(CudaVersion.parse(release), here)
    assert verdict.level is judge(CudaVersion.parse(release), machine("615.10", "")).level
    texts = [reason.text for reason in verdict.reasons if reason.id == "host-compiler"]
    assert (told is None) == (not texts)
    assert told is None or told in texts[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA A100-SXM4-40GB", True),
        ("NVIDIA H100 80GB HBM3", True),
        ("NVIDIA GH200 480GB", True),
        ("NVIDIA B200", True),
        ("NVIDIA L40S", True),
        ("NVIDIA A10G", True),
        ("Tesla T4", True),
        ("Tesla K40c", True),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", True),
        ("NVIDIA GeForce RTX 4090", False),
        ("NVIDIA RTX A6000", False),
        ("Quadro P400", False),
        ("NVIDIA T400 4GB", False),
        ("NVIDIA TITAN V", False),
        ("Orin (nvgpu)", False),
        ("Tesla S2050", True),
        ("NVIDIA GeForce RTX 9090", False),
        ("NVIDIA RTX PRO 6000 Blackwell", None),
        ("Graphics Device", None),
        (None, None),
    ],
)
def test_data_centre_gpus_by_name(name: str | None, expected: bool | None) -> None:
    assert is_data_centre(Gpu(name)) is expected


@pytest.mark.parametrize(
    ("capability", "expected"), [("9.0", True), ("8.9", None), ("8.7", False), ("10.7", None)]
)
def test_a_capability_that_only_one_kind_has_says_the_kind(
    capability: str, expected: bool | None
) -> None:
    assert is_data_centre(Gpu(None, ComputeCapability.parse(capability))) is expected


def test_a_line_for_people_and_a_document_for_machines() -> None:
    here = machine("550.54.15", RTX_4090)
    verdict = judge(CudaVersion(12, 4, 1), here)
    assert verdict_line(verdict, here) == (
        "native (driver 550.54.15, 550.54.15 needed; compute capability 8.9, 5.0 to 9.0 supported)"
    )
    worse = judge(CudaVersion(13, 0), machine("550.54.15", RTX_3090))
    assert verdict_line(worse, here).startswith("cannot: CUDA 13.0 needs driver R580 or newer;")
    document = verdict_document(worse)
    assert document["level"] == "cannot"
    assert document["driver_minimum"] == "580"
    assert document["reasons"][0]["id"] == "driver-too-old"
    assert document["compute_capabilities"] == ["7.5", "12.1"]
