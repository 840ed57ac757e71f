"""`--for driver=550,cc=8.9`, `--for h100`: a machine in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.machine.gpu_names import gpus_named, known_gpus
from conda_cuda_plugin.machine.machine import HostCompiler, Machine
from conda_cuda_plugin.machine.spec import is_machine_text, state_machine
from conda_cuda_plugin.machine.tables import architectures

HERE = Machine(libc="glibc 2.36", host_compiler=HostCompiler("gcc", (12,), "/usr/bin/gcc"))


@pytest.mark.parametrize(
    ("text", "driver", "cuda", "capabilities"),
    [
        ("driver=550,cc=8.9", "550", "12.4", ["8.9"]),
        ("driver=550.54.15", "550.54.15", "12.4", []),
        ("driver=R535", "535", "12.2", []),
        ("cc=8.9+7.0", None, None, ["8.9", "7.0"]),
        ("cc=8.9,cc=7.0", None, None, ["8.9", "7.0"]),
        ("cuda=12.4", None, "12.4", []),
        ("cuda=12.6,driver=540.4.0,cc=8.7", "540.04.00", "12.6", ["8.7"]),
        (" Driver = 580 , CC = 12.0 ", "580", "13.0", ["12.0"]),
        ("h100", None, None, ["9.0"]),
        ("h100,driver=550", "550", "12.4", ["9.0"]),
        ("driver=550, RTX 4090", "550", "12.4", ["8.9"]),
        ("a100+h100", None, None, ["8.0", "9.0"]),
        ("a100,cc=7.0", None, None, ["8.0", "7.0"]),
        ("GPU=L4,driver=535", "535", "12.2", ["8.9"]),
    ],
)
def test_a_machine_in_words(
    text: str, driver: str | None, cuda: str | None, capabilities: list[str]
) -> None:
    assert is_machine_text(text)
    machine = state_machine(text, HERE)
    assert (str(machine.driver) if machine.driver else None) == driver
    assert (str(machine.driver_cuda) if machine.driver_cuda else None) == cuda
    assert [str(gpu.capability) for gpu in machine.gpus] == capabilities
    assert machine.stated
    assert (machine.libc, machine.host_compiler) == (HERE.libc, HERE.host_compiler)


def test_nothing_of_this_machines_driver_is_left() -> None:
    here = state_machine("driver=580,cc=9.0,cuda=13.0", HERE)
    there = state_machine("cc=7.0", here)
    assert (there.driver, there.driver_cuda) == (None, None)
    assert state_machine("driver=470", here).gpus == ()


@pytest.mark.parametrize(
    "text",
    [
        "driver=",
        "driver=abc",
        "driver=550,cc=",
        "driver=550,cc=8",
        "cc=8.9+",
        "cc=8.9;7.0",
        "driver=550,",
        "driver=550,vgpu=L4",
        "h100,,driver=550",
        ",",
        "driver=550 cc=8.9",
        "driver=550,driver=535",
        "cuda=12",
        "cuda=12.4,cuda=12.5",
        "driver=173",
        "driver=99999999999",
        "cc=8.9,torch==2.5.1",
        "driver=５５０",
    ],
)
def test_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        state_machine(text, HERE)
    assert caught.value.return_code == 2
    assert '--for "driver=550,cc=8.9"' in caught.value.hints[0]


@pytest.mark.parametrize(
    ("text", "name", "capability"),
    [
        ("A100-SXM4-80GB", "A100", "8.0"),
        ("a100sxm480gb", "A100", "8.0"),
        ("NVIDIA H100 80GB HBM3", "H100", "9.0"),
        ("H100 PCIe", "H100", "9.0"),
        ("h100-nvl", "H100", "9.0"),
        ("GH200 480GB", "GH200", "9.0"),
        ("gb200 NVL72", "GB200", "10.0"),
        ("B200", "B200", "10.0"),
        ("l40s", "L40S", "8.9"),
        ("L40", "L40", "8.9"),
        ("RTX A6000", "RTX A6000", "8.6"),
        ("a6000", "RTX A6000", "8.6"),
        ("RTX 6000 Ada Generation", "RTX 6000 Ada", "8.9"),
        ("quadro_rtx_6000", "Quadro RTX 6000", "7.5"),
        ("Tesla V100", "Tesla V100", "7.0"),
        ("V100-SXM2-32GB", "Tesla V100", "7.0"),
        ("T4", "Tesla T4", "7.5"),
        ("NVIDIA T400 4GB", "T400", "7.5"),
        ("rtx4090", "GeForce RTX 4090", "8.9"),
        ("GeForce RTX 3050 6GB Laptop GPU", "GeForce RTX 3050", "8.6"),
        ("GTX 1660 Ti with Max-Q Design", "GeForce GTX 1660 Ti", "7.5"),
        ("P4000", "Quadro P4000", "6.1"),
        ("Orin (nvgpu)", "Orin (nvgpu)", "8.7"),
        ("Jetson  Orin", "Jetson Orin", "8.7"),
        ("RTX PRO 6000", "RTX PRO 6000", "12.0"),
        ("4090", "4090", "8.9"),
    ],
)
def test_a_gpu_by_name(text: str, name: str, capability: str) -> None:
    assert is_machine_text(text)
    (gpu,) = state_machine(text, HERE).gpus
    assert (gpu.name, str(gpu.capability)) == (name, capability)


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("RTX 6000", ["Quadro RTX 6000", "RTX A6000", "RTX 6000 Ada"]),
        ("rtx4000", ["Quadro RTX 4000", "RTX 4000 Ada"]),
        ("titan", ["GeForce GTX TITAN", "TITAN Xp"]),
        ("TITAN X", ["GeForce GTX TITAN X", "TITAN X Pascal"]),
    ],
)
def test_a_name_of_several_gpus_is_answered_with_them(text: str, candidates: list[str]) -> None:
    assert is_machine_text(text)
    with pytest.raises(UsageError) as caught:
        state_machine(text, HERE)
    message = caught.value.message
    assert all(f"{one} (" in message for one in candidates), message
    assert caught.value.return_code == 2


def test_of_very_many_gpus_some_are_named() -> None:
    with pytest.raises(
        UsageError, match=r"can be Quadro RTX 3000 \(7\.5\), .* or \d+ more\."
    ) as caught:
        state_machine("rtx", HERE)
    assert len(caught.value.message) < 250


@pytest.mark.parametrize(
    ("text", "near"),
    [("rtx 5091", "GeForce RTX 5090"), ("h1000", "H100"), ("geforce gtx 1080ti2", "GTX 1080 Ti")],
)
def test_a_name_that_is_misspelled(text: str, near: str) -> None:
    with pytest.raises(UsageError, match="No GPU is known by the name") as caught:
        state_machine(text, HERE)
    assert "Did you mean" in caught.value.hints[0]
    assert near in caught.value.hints[0]


blanks = st.sampled_from(["", " ", "  ", "-", "_"])
makers = st.sampled_from(["", "NVIDIA ", "nvidia-", "GeForce ", "Tesla ", "NVIDIA GeForce "])
forms = st.sampled_from(
    ["", " PCIe", "-SXM4-80GB", " SXM5", " 24GB", " 80GB HBM3", "-PCIE-16GB", " Laptop GPU", " gpu"]
)


@given(st.sampled_from(known_gpus()), st.data())
def test_any_spelling_of_a_name_is_that_gpu(gpu, data) -> None:  # type: ignore[no-untyped-def]
    name = gpu.name.replace(" ", data.draw(blanks))
    case = data.draw(st.sampled_from([str.upper, str.lower, str.title, str]))
    text = case(f"{data.draw(makers)}{name}{data.draw(forms)}")
    assert gpus_named(text) == (gpu,), text
    assert state_machine(f"driver=580,{text}", HERE).gpus[0].capability == gpu.capability


def test_each_name_is_of_an_architecture_that_is_known_and_of_one_gpu() -> None:
    assert {gpu.capability for gpu in known_gpus()} <= set(architectures())
    assert len({gpu.key for gpu in known_gpus()}) == len(known_gpus())
    # Only the capabilities that no product has yet are without a name.
    unnamed = {str(one) for one in set(architectures()) - {gpu.capability for gpu in known_gpus()}}
    assert unnamed == {"8.8", "10.1", "10.7"}


@pytest.mark.parametrize(
    "text", ["torch==2.5.1", "torch", "jax=0.4", "", "12.4", "cc==8.9", "470", "auto", "cupy"]
)
def test_other_words_describe_no_machine(text: str) -> None:
    assert not is_machine_text(text)


@given(
    st.text(max_size=40)
    | st.from_regex(r"(driver|cc|cuda)=[0-9.+,a-z=]{0,20}", fullmatch=True)
    | st.from_regex(r"(rtx|a|h|gtx|quadro|titan|jetson)[ a-z0-9+,-]{0,20}", fullmatch=True)
)
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        assert state_machine(text, HERE).stated
    except UsageError as error:
        assert "\n" not in error.message
        assert error.message.endswith(".")
        assert error.hints
