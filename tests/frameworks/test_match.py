"""Which builds exist, which run where, and what installs them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.cli.verbs.match import lines
from conda_cuda_plugin.errors import CudaError, UsageError
from conda_cuda_plugin.frameworks.match import Match, match, parse_framework, toolkit_for
from conda_cuda_plugin.frameworks.releases import known_releases, table
from conda_cuda_plugin.machine.machine import Machine
from conda_cuda_plugin.machine.spec import state_machine
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.verdict.verdict import Level

LINUX, ARM, WINDOWS = (PLATFORMS[name] for name in ("linux-64", "linux-aarch64", "win-64"))


def on(text: str | None) -> Machine:
    return state_machine(text, Machine()) if text else Machine()


def shown(found: Match) -> list[str]:
    """The builds as `source cuda level`."""
    return [f"{one.build.source} {one.build.label} {one.level.value}" for one in found.judged]


@pytest.mark.parametrize(
    ("framework", "machine", "expected"),
    [
        ("torch==2.5.1", "driver=550.54.15,cc=8.9", [
            "pip 12.4 native", "pip 12.1 native", "pip 11.8 native",
            "conda-forge 12.6 minor", "conda-forge 12.0 native", "conda-forge 11.8 native",
            "pytorch channel 12.4 native", "pytorch channel 12.1 native",
            "pytorch channel 11.8 native"]),
        # The last driver branch of Kepler runs 11.x at most.
        ("torch==1.12.1", "driver=470.82.01,cc=3.7", [
            "pip 10.2 native", "pip 11.6 minor", "pip 11.3 native",
            "conda-forge 11.2 native", "conda-forge 11.1 native", "conda-forge 11.0 native",
            "conda-forge 10.2 native", "pytorch channel 11.6 minor",
            "pytorch channel 11.3 native", "pytorch channel 10.2 native"]),
        # A wheel narrower than its toolkit: CUDA 12.8 makes code for Volta, this build has none.
        ("torch==2.11.0", "driver=580.65.06,cc=7.0", [
            "pip 13.0 cannot", "pip 12.9 cannot", "pip 12.8 cannot", "pip 12.6 native",
            "conda-forge 13.0 cannot", "conda-forge 12.9 native"]),
        ("torch==2.9.1", "driver=580.65.06,cc=6.1", [
            "pip 12.8 cannot", "pip 13.0 cannot", "pip 12.9 cannot", "pip 12.6 native",
            "conda-forge 12.9 native"]),
        # What a build has code for is not known, while it is of others of the release.
        ("torch==2.13.0", "driver=580.65.06,cc=8.6", [
            "pip 13.0 native", "pip 13.2 minor", "pip 12.9 unknown", "pip 12.6 native",
            "conda-forge 13.0 native", "conda-forge 12.9 native"]),
        ("torch==2.5.1", "driver=575.57.08,cc=12.0", [
            "pip 12.4 cannot", "pip 12.1 cannot", "pip 11.8 cannot",
            "conda-forge 12.6 cannot", "conda-forge 12.0 cannot", "conda-forge 11.8 cannot",
            "pytorch channel 12.4 cannot", "pytorch channel 12.1 cannot",
            "pytorch channel 11.8 cannot"]),
        ("torch==2.14.1", "driver=470.82.01,cc=8.6", [
            "pip 13.0 compat", "pip 13.2 compat", "pip 12.6 compat"]),
        ("torch==2.14.0", "driver=580.65.06,cc=12.1", [
            "pip 13.0 native", "pip 13.2 minor", "pip 12.6 cannot"]),
        ("torch==0.4.1", None, [
            "pip 9.2 unknown", "pip 9.0 unknown", "pip 8.0 unknown",
            "pytorch channel 9.2 unknown", "pytorch channel 9.0 unknown",
            "pytorch channel 8.0 unknown", "pytorch channel 7.5 unknown"]),
        ("tensorflow==2.10.0", "driver=460.32.03,cc=7.5", ["pip 11.2 native"]),
        ("tensorflow==2.18.1", "driver=535.54.03,cc=8.0", ["pip 12.5 minor"]),
        ("tensorflow==2.21.0", "driver=470.82.01,cc=3.7", ["pip 12.5 cannot"]),
        ("jax==0.4.25", "driver=470.82.01,cc=8.0", [
            "pip 12.x from 12.3 compat", "pip 11.x from 11.8 minor"]),
        ("jax==0.4.38", "driver=535.54.03,cc=5.0", ["pip 12.x from 12.1 minor"]),
        ("jax==0.4.20", "driver=535.54.03,cc=5.0", [
            "pip 12.x from 12.2 cannot", "pip 11.x from 11.8 cannot"]),
        ("tensorflow==2.17.0", "driver=545.23.08,cc=5.2", ["pip 12.3 cannot"]),
        ("tensorflow==2.16.1", "driver=545.23.08,cc=5.2", ["pip 12.3 native"]),
        ("cupy==13.6.0", "driver=545.23.08,cc=5.2", [
            "pip 13.x from 13.0 cannot", "pip 12.x from 12.0 native", "pip 11.x from 11.2 native"]),
        ("jax==0.9.2", "driver=580.65.06,cc=7.0", [
            "pip 13.x from 13.0 cannot", "pip 12.x from 12.1 native"]),
    ],
)  # fmt: skip
def test_which_builds_run(framework: str, machine: str | None, expected: list[str]) -> None:
    assert shown(match(framework, on(machine), LINUX)) == expected


@pytest.mark.parametrize(
    ("framework", "machine", "command", "toolkit"),
    [
        ("torch==2.5.1", "driver=550.54.15,cc=8.9", "pip install torch==2.5.1", "12.4"),
        ("torch==2.5.1", "driver=450.80.02,cc=8.0",
         "pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu118", "11.8"),
        ("torch==2.5.1+cu121", "driver=550.54.15",
         "pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu121", "12.1"),
        ("torch==2.11.0", "driver=580.65.06,cc=7.0",
         "pip install torch==2.11.0 --index-url https://download.pytorch.org/whl/cu126", "12.6"),
        ("torch==1.13.1", "driver=510.39.01,cc=8.0",
         "pip install torch==1.13.1+cu116 --extra-index-url https://download.pytorch.org/whl/cu116",
         "11.6"),
        ("torch==1.10.1", "driver=470.82.01,cc=8.6",
         "pip install torch==1.10.1+cu111 -f https://download.pytorch.org/whl/cu111/torch_stable.html",
         "11.1"),
        ("torch==1.8.1", "driver=470.82.01,cc=8.6",
         "pip install torch==1.8.1+cu111 -f https://download.pytorch.org/whl/torch_stable.html",
         "11.1"),
        ("torch==1.7.1", "driver=440.33,cc=7.5", "pip install torch==1.7.1", "10.2"),
        ("torch==1.0.1", "driver=410.48,cc=7.5",
         "pip install torch==1.0.1 -f https://download.pytorch.org/whl/cu100/torch_stable.html",
         "10.0"),
        ("tensorflow==2.18.0", "driver=555.42.06,cc=8.0",
         'pip install "tensorflow[and-cuda]==2.18.0"', "12.5"),
        ("tensorflow==1.15.0", "driver=410.48,cc=7.5",
         "pip install tensorflow-gpu==1.15.0 && conda cuda use 10.0", "10.0"),
        ("jax==0.9.2", "driver=550.54.15,cc=8.0", 'pip install "jax[cuda12]==0.9.2"', "12.4"),
        ("cupy==14.2.0", "driver=620,cc=8.0", 'pip install "cupy-cuda13x[ctk]==14.2.0"', "13.5"),
        # Its wheels take any toolkit of the major version, so one in full is chosen.
        ("cupy==13.6.0", "driver=550.54.15,cc=8.0", "pip install cupy-cuda12x==13.6.0", "12.4"),
        ("jax==0.4.20", "driver=470.82.01,cc=8.0",
         'pip install "jax[cuda11_pip]==0.4.20" '
         "-f https://storage.googleapis.com/jax-releases/jax_cuda_releases.html", "11.8"),
    ],
)  # fmt: skip
def test_the_build_to_take(framework: str, machine: str, command: str, toolkit: str) -> None:
    found = match(framework, on(machine), LINUX)
    assert found.best is not None
    assert " && ".join(found.best.build.command) == command
    assert toolkit_for(found.best, on(machine)).release == toolkit


@pytest.mark.parametrize(
    ("framework", "machine", "version", "skipped"),
    [
        ("torch", "driver=615,cc=9.0", "2.15.0", None),
        ("torch", "driver=550.54.15,cc=8.9", "2.14.1", "2.15.0"),
        # The last one with a build for 11.8, which R470 runs by minor-version compatibility.
        ("torch", "driver=470.82.01,cc=8.6", "2.7.1", "2.15.0"),
        ("tensorflow", "driver=470.82.01,cc=8.0", "2.14.0", "2.21.0"),
        ("jax", "driver=470.82.01,cc=8.0", "0.4.25", "0.12.0.1"),
        ("tf", None, "2.21.0", None),
    ],
)
def test_without_a_version_the_newest_that_runs(
    framework: str, machine: str | None, version: str, skipped: str | None
) -> None:
    found = match(framework, on(machine), LINUX)
    assert (found.builds.version, found.skipped) == (version, skipped)


def test_where_nothing_runs_the_newest_is_shown_with_its_reasons() -> None:
    found = match("jax", on("driver=390.46,cc=2.1"), LINUX)
    assert found.best is None
    assert found.builds.version == "0.12.0.1"
    text = "\n".join(lines(found, on("driver=390.46,cc=2.1")))
    assert "No build for CUDA runs here as things are." in text
    assert "pip install jax==0.12.0.1" in text


def test_on_windows_the_wheels_on_pypi_are_cpu_only() -> None:
    found = match("torch==2.5.1", on("driver=552.12,cc=8.9"), WINDOWS)
    assert [one.build.command[0] for one in found.judged if one.build.source == "pip"] == [
        f"pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/{cuda}"
        for cuda in ("cu124", "cu121", "cu118")
    ]
    assert found.cpu[0].command == ("pip install torch==2.5.1",)


def test_on_windows_tensorflow_and_jax_have_no_gpu_builds_any_more() -> None:
    machine = on("driver=552.12,cc=8.9")
    assert match("tensorflow==2.10.0", machine, WINDOWS).judged
    for text in ("tensorflow==2.11.0", "jax==0.9.2"):
        found = match(text, machine, WINDOWS)
        assert found.judged == ()
        assert any("On Windows itself" in note.text for note in found.builds.notes)


def test_on_arm_only_wheels_known_for_it_are_named() -> None:
    found = match("torch==2.11.0", on("driver=580.65.06,cc=9.0"), ARM)
    assert [one.build.label for one in found.judged if one.build.source == "pip"] == [
        "13.0", "12.9", "12.8", "12.6",
    ]  # fmt: skip
    older = match("torch==2.3.1", on("driver=580.65.06,cc=9.0"), ARM)
    assert {one.build.source for one in older.judged} == {"conda-forge"}


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("torch", ("torch", None, None)),
        ("torch==2.5.1", ("torch", "2.5.1", None)),
        ("pytorch=2.5.1", ("torch", "2.5.1", None)),
        ("PyTorch === v2.5.1", ("torch", "2.5.1", None)),
        ("torch==2.5.1+cu121", ("torch", "2.5.1", "cu121")),
        (" tf == 2.18.0 ", ("tensorflow", "2.18.0", None)),
    ],
)
def test_how_a_framework_may_be_written(
    typed: str, parts: tuple[str, str | None, str | None]
) -> None:
    assert parse_framework(typed) == parts


@pytest.mark.parametrize(
    "typed",
    ["", "==", "torch==", "torch>=2", "torch 2.5.1", "2.5.1", "torch==2.5.1==3", "\x00\x01",
     "torch==2.5;ls", "т" * 10, "torch==" + "9" * 5_000_000, "x" * 5_000_000],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_what_names_no_framework_is_refused_in_a_sentence(typed: str) -> None:
    with pytest.raises(UsageError) as caught:
        match(typed, Machine(), LINUX)
    assert len(str(caught.value)) < 300
    assert "\x00" not in str(caught.value)


releases = st.sampled_from(
    [f"{name}=={version}" for name in table("names") for version in known_releases(name)]
)
machines = st.sampled_from(
    [None, "cc=7.0", "driver=390.46", "driver=470.82.01,cc=3.7", "driver=535.54.03,cc=8.0+7.0",
     "driver=580.65.06,cc=7.0", "driver=615,cc=12.0", "cuda=12.4"]
)  # fmt: skip


@given(releases, machines, st.sampled_from([LINUX, ARM, WINDOWS]))
def test_every_release_is_shown_in_80_columns(framework, machine, platform) -> None:  # type: ignore[no-untyped-def]
    found = match(framework, on(machine), platform)
    text = lines(found, on(machine))
    wide = [line for line in text if len(line) > 80]
    # Only a command, which is never broken, is longer.
    commands = [command for one in found.judged for command in one.build.command]
    commands += [command for build in found.cpu for command in build.command]
    if found.best is not None:
        commands.append(f"conda cuda use {toolkit_for(found.best, on(machine)).release}")
    assert all(line.endswith(tuple(commands)) for line in wide), wide
    assert found.cpu or framework.startswith("cupy")
    assert all(
        one.build.cudnn is None or one.build.cudnn[0] in "<>=0123456789" for one in found.judged
    )
    if found.best is not None:
        assert found.best.level in (Level.NATIVE, Level.MINOR, Level.UNKNOWN)
        assert any(line.startswith("* CUDA") for line in text)


def test_what_no_source_says_of_a_build_is_said() -> None:
    def unknown(text: str) -> list[str]:
        notes = match(text, Machine(), LINUX).builds.notes
        return [note.text for note in notes if note.text.startswith("Not known")]

    assert unknown("torch==2.14.0") == []
    assert unknown("torch==2.13.0") == ["Not known of pip's builds: the oldest GPU of CUDA 12.9."]
    assert unknown("torch==2.14.1") == [
        "Not known of pip's builds: the cuDNN of CUDA 13.2 and 12.6."
    ]


def test_the_local_part_of_a_version_picks_a_build() -> None:
    machine = on("driver=550.54.15,cc=8.9")
    assert shown(match("torch==2.5.1+cu121", machine, LINUX)) == [
        "pip 12.1 native",
        "pytorch channel 12.1 native",
    ]
    only_cpu = match("torch==2.5.1+cpu", machine, LINUX)
    assert (only_cpu.judged, only_cpu.best, len(only_cpu.cpu)) == ((), None, 2)
    with pytest.raises(CudaError, match="is known for cu999"):
        match("torch==2.5.1+cu999", machine, LINUX)


def test_an_unknown_release_is_an_error_of_its_own() -> None:
    with pytest.raises(CudaError, match=r"No PyTorch 2\.5\.9 is known") as caught:
        match("torch==2.5.9", Machine(), LINUX)
    assert caught.value.return_code == 1
