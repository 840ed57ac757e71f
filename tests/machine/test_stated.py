"""`--for driver=550,cc=8.9`: a machine in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.errors import UsageError
from conda_cuda_plugin.machine.machine import HostCompiler, Machine
from conda_cuda_plugin.machine.spec import is_machine_text, state_machine

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
        "driver=550,gpu=L4",
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


@pytest.mark.parametrize("text", ["torch==2.5.1", "torch", "jax=0.4", "", "12.4", "cc==8.9"])
def test_other_words_describe_no_machine(text: str) -> None:
    assert not is_machine_text(text)


@given(st.text(max_size=40) | st.from_regex(r"(driver|cc|cuda)=[0-9.+,a-z=]{0,20}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert state_machine(text, HERE).stated
    except UsageError:
        return
