"""Which release `use auto` takes: driver × GPUs × frameworks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.actions.auto import DoesNotRunError, NothingToGoByError, choose_release
from conda_cuda_plugin.errors import CudaError
from conda_cuda_plugin.frameworks.framework import Backend, Framework, exactly
from conda_cuda_plugin.frameworks.match import match
from conda_cuda_plugin.machine.machine import Machine
from conda_cuda_plugin.machine.spec import state_machine
from conda_cuda_plugin.platforms import PLATFORMS
from conda_cuda_plugin.verdict.verdict import Level
from conda_cuda_plugin.versions import CudaVersion, VersionRequest

LINUX = PLATFORMS["linux-64"]


def on(text: str | None) -> Machine:
    return state_machine(text, Machine()) if text else Machine()


def built_for(name: str, version: str, cuda: str) -> Framework:
    """A framework for one release, or for a range of them."""
    if cuda[0] == ">":
        return Framework(name, version, Backend.CUDA, None, VersionRequest.parse(cuda))
    release = CudaVersion.parse(cuda)
    return Framework(name, version, Backend.CUDA, release, exactly(release))


TORCH = built_for("torch", "2.5.1", "12.4")
TORCH_118 = built_for("torch", "2.5.1", "11.8")
TORCH_13 = built_for("torch", "2.11.0", "13.0.2")
TENSORFLOW = built_for("tensorflow", "2.18.0", "12.5.1")
TENSORFLOW_2_10 = built_for("tensorflow", "2.10.0", "11.2")
JAX = built_for("jax", "0.4.31", ">=12.1,<13")
CUPY = built_for("cupy", "14.2.0", ">=12.0,<13")
TORCH_CPU = Framework("torch", "2.5.1", Backend.CPU)


@pytest.mark.parametrize(
    ("machine", "frameworks", "request_text", "reason"),
    [
        # The framework's release, wherever the driver runs it.
        ("driver=550.54.15,cc=8.9", [TORCH], "12.4",
         "PyTorch 2.5.1 was built for it, driver 550.54.15, GPU 8.9 (native)"),
        ("driver=535.54.03,cc=8.9", [TORCH], "12.4",
         "PyTorch 2.5.1 was built for it, driver 535.54.03, GPU 8.9 (minor)"),
        ("driver=615,cc=9.0", [TORCH_118], "11.8",
         "PyTorch 2.5.1 was built for it, driver 615, GPU 9.0 (native)"),
        (None, [TORCH], "12.4", "PyTorch 2.5.1 was built for it; no driver is known here"),
        # Within its range the best for the driver.
        ("driver=535.54.03,cc=8.0", [JAX], "12.2",
         "JAX 0.4.31 runs with it, driver 535.54.03, GPU 8.0 (native)"),
        ("driver=615,cc=8.0", [CUPY], "12.9", "CuPy 14.2.0 runs with it, driver 615, GPU 8.0 (native)"),
        # Two that can agree, and two that differ within a major version: the newer serves both.
        ("driver=615,cc=8.0", [TORCH, JAX, CUPY], "12.4",
         "PyTorch 2.5.1 and JAX 0.4.31 and CuPy 14.2.0 run with it, driver 615, GPU 8.0 (native)"),
        ("driver=615,cc=8.0", [TORCH, TENSORFLOW], "12.5",
         "TensorFlow 2.18.0 was built for it, PyTorch 2.5.1 for 12.4, driver 615, GPU 8.0 (native)"),
        # Two majors: the first counts, and the other is named.
        ("driver=615,cc=8.0", [TORCH_118, JAX], "11.8",
         "PyTorch 2.5.1 was built for it, driver 615, GPU 8.0 (native); JAX 0.4.31 wants >=12.1,<13"),
        # CPU builds and other makers' do not count.
        ("driver=550.54.15,cc=8.9", [TORCH_CPU, JAX], "12.4",
         "JAX 0.4.31 runs with it, driver 550.54.15, GPU 8.9 (native)"),
        ("driver=550.54.15,cc=8.9", [TORCH_CPU], ">=11.8,<=12.4", None),
        # Without a framework: what the driver and the card have in full.
        ("driver=550.54.15,cc=8.9", [], ">=12.0,<=12.4",
         "the newest that fits this machine, driver 550.54.15, GPU 8.9 (native)"),
        ("driver=470.82.01,cc=3.7", [], ">=11.0,<=11.4",
         "the newest that fits this machine, driver 470.82.01, GPU 3.7 (native)"),
        ("driver=580.65.06,cc=7.0", [], ">=12.0,<=12.9",
         "the newest that fits this machine, driver 580.65.06, GPU 7.0 (native)"),
        ("driver=580.65.06,cc=7.5", [], "13.0",
         "the newest that fits this machine, driver 580.65.06, GPU 7.5 (native)"),
        ("driver=390.46,cc=2.1", [], "8.0",
         "the newest that fits this machine, driver 390.46, GPU 2.1 (native)"),
        ("cuda=12.4", [], ">=12.0,<=12.4",
         "the newest that fits this machine, driver for CUDA 12.4 (native)"),
        ("driver=470.82.01,cc=8.6", [TENSORFLOW_2_10], "11.2",
         "TensorFlow 2.10.0 was built for it, driver 470.82.01, GPU 8.6 (native)"),
    ],
)  # fmt: skip
def test_what_is_chosen(
    machine: str | None, frameworks: list[Framework], request_text: str, reason: str | None
) -> None:
    choice = choose_release(on(machine), frameworks)
    if reason is None:
        assert choice.request.text.endswith("<=12.4")
        assert choice.reason.endswith("; PyTorch 2.5.1 here is a CPU build")
        return
    assert (choice.request.text, choice.reason) == (request_text, reason)


def test_what_is_newer_than_the_tables() -> None:
    future = built_for("torch", "9.0.0", "15.2")
    assert choose_release(Machine(), [future]).request.text == "15.2"
    # A range nobody knows a release of says nothing: the machine decides then.
    unknown = built_for("jax", "9.0.0", ">=15.0,<16")
    assert choose_release(on("driver=580.65.06,cc=7.5"), [unknown]).request.text == "13.0"
    with pytest.raises(NothingToGoByError):
        choose_release(Machine(), [unknown])


def test_nothing_to_go_by_says_what_to_do() -> None:
    with pytest.raises(NothingToGoByError) as caught:
        choose_release(Machine(), [TORCH_CPU])
    assert any("--for torch==2.5.1" in hint for hint in caught.value.hints)
    assert any('--for "driver=550' in hint for hint in caught.value.hints)


@pytest.mark.parametrize(
    ("machine", "framework", "words"),
    [
        ("driver=580.65.06,cc=7.0", TORCH_13, "makes code for compute capability 7.5 and newer"),
        ("driver=384.81,cc=3.5", TORCH, "makes code for compute capability 5.0 and newer"),
        ("driver=575.57.08,cc=12.0", TORCH_118, "makes code for compute capability"),
    ],
)
def test_a_framework_that_cannot_run_here_is_told(
    machine: str, framework: Framework, words: str
) -> None:
    with pytest.raises(DoesNotRunError, match=words) as caught:
        choose_release(on(machine), [framework])
    assert any("conda cuda match torch" in hint for hint in caught.value.hints)


@pytest.mark.parametrize(
    ("text", "machine", "expected"),
    [
        ("torch==2.5.1", "driver=550.54.15,cc=8.9", "12.4"),
        ("torch==2.5.1", "driver=450.80.02,cc=8.0", "11.8"),
        ("torch==2.5.1+cu121", "driver=550.54.15,cc=8.9", "12.1"),
        ("torch==2.11.0", "driver=580.65.06,cc=7.0", "12.6"),
        ("torch==2.5.1", None, "12.4"),
        ("jax==0.9.2", "driver=550.54.15,cc=8.0", "12.4"),
        ("tf==2.10", "driver=615,cc=8.0", "11.2"),
    ],
)
def test_for_a_framework_that_is_not_installed_yet(
    text: str, machine: str | None, expected: str
) -> None:
    choice = choose_release(on(machine), [TENSORFLOW], match(text, on(machine), LINUX))
    assert choice.request.text == expected
    assert "has a build for it" in choice.reason


def test_for_a_framework_without_a_build_for_this_machine() -> None:
    machine = on("driver=575.57.08,cc=12.0")
    with pytest.raises(CudaError, match=r"No known build of PyTorch 2\.5\.1 runs here") as caught:
        choose_release(machine, [], match("torch==2.5.1", machine, LINUX))
    assert "conda cuda match torch" in caught.value.hints[0]
    assert "CPU only" in caught.value.hints[1]
    with pytest.raises(CudaError, match=r"No build of JAX 0\.9\.2 for CUDA is known"):
        choose_release(machine, [], match("jax==0.9.2", machine, PLATFORMS["win-64"]))


@given(
    st.sampled_from(["driver=390.46", "driver=470.82.01", "driver=550.54.15", "driver=615"]),
    st.sampled_from(["3.7", "5.2", "7.0", "8.9", "9.0", "12.0"]),
    st.lists(st.sampled_from([TORCH, TORCH_118, TORCH_13, JAX, CUPY, TENSORFLOW]), max_size=3),
)
def test_what_is_chosen_is_never_what_cannot_run(
    driver: str, capability: str, frameworks: list[Framework]
) -> None:
    machine = on(f"{driver},cc={capability}")
    try:
        choice = choose_release(machine, frameworks)
    except CudaError as error:
        assert error.hints
        return
    assert choice.verdict.level is not Level.CANNOT
    assert choice.request.matches(choice.verdict.version)
    assert "\n" not in choice.reason
