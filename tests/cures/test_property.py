"""A printed cure, run, changes the answer; where none is printed, the answer says why."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ..cli.which_bench import NO_FILE
from .world import SOURCES, World, active, cures, pip_wheel

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux toolkits")

TOOLKITS = (
    ("12.4", "--from=pypi", "--flavor=base"),
    ("12.4", "--from=pypi"),
    ("13.0", "--from=pypi", "--flavor=devel"),
    ("13.0", "--from=pypi", "--components=nvcc"),
    ("11.8", "--from=pypi"),
    ("13.0", "--from=channel"),
    ("12.4", "--from=channel", "--flavor=devel"),
)
_LIBRARIES = (
    "libcudart.so.11.0 libcudart.so.12 libcudart.so.13 libcudart.so.12.0 libcudart.so.12.4.127 "
    "libcublas.so.12 libcublas.so.13 libcublas.so.10 libcufft.so.11 libcufile.so.0 "
    "libcusparse.so.12 libnvJitLink.so.12 libnvvm.so.4 libcudnn.so.9 libcudnn.so.8 libnccl.so.2"
)
_TOOLS = (
    "nvcc ptxas fatbinary cuobjdump nvdisasm nvprune nvprof cuda-gdb compute-sanitizer cicc nsys"
)
_LINKED = "cuda cudart cublas cudart_static cublas_static nvidia-ml cufft"
LIBRARIES, TOOLS, LINKED = _LIBRARIES.split(), _TOOLS.split(), _LINKED.split()
QUESTIONS = (
    *LIBRARIES,
    *(f"ImportError: {name}: {NO_FILE}" for name in LIBRARIES),
    *TOOLS,
    *(f"bash: {name}: command not found" for name in TOOLS),
    *(f"/usr/bin/ld: cannot find -l{name}" for name in LINKED),
)
WHEELS = (
    ("nvidia-cudnn-cu12", "9.1.0.70", "nvidia/cudnn/lib/libcudnn.so.9"),
    ("nvidia-cuda-runtime-cu12", "12.9.79", "nvidia/cuda_runtime/lib/libcudart.so.12"),
    ("nvidia-nvjitlink-cu12", "12.4.127", "nvidia/nvjitlink/lib/libnvJitLink.so.12"),
)
# Each example takes a second: a failing one is small enough as it is.
CHEAP = settings(phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@st.composite
def situations(draw: Any) -> dict[str, Any]:
    return {
        "toolkits": tuple(
            draw(st.lists(st.sampled_from(TOOLKITS), max_size=2, unique_by=lambda one: one[0]))
        ),
        "sources": draw(st.sampled_from(sorted(SOURCES))),
        "wheels": draw(st.lists(st.sampled_from(WHEELS), max_size=1)),
        "fault": draw(st.sampled_from(["", "", *FAULTS])),
        "active": draw(st.booleans()),
        "variables": draw(st.sampled_from([{}, {"CUDA_HOME": "/opt/cuda-9.0"}])),
    }


def gone(prefix: Path) -> None:
    """The current toolkit's folder is removed."""
    shutil.rmtree((prefix / "cuda").resolve())


def incomplete(prefix: Path) -> None:
    """The current toolkit was not installed to its end."""
    (prefix / "cuda" / "toolkit.yaml").unlink()


def numba(prefix: Path) -> None:
    """A framework that compiles for the GPU with libdevice is installed."""
    info = prefix / "lib" / "python3.12" / "site-packages" / "numba-0.60.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numba\nVersion: 0.60.0\n")


FAULTS = {"gone": gone, "incomplete": incomplete, "numba": numba}


def prepare(world: World, situation: dict[str, Any]) -> dict[str, str | None]:
    """Make the environment of a situation; the variables of its shell."""
    prefix = world.environment(situation["toolkits"])
    for wheel in situation["wheels"]:
        pip_wheel(prefix, world.compiler, *wheel)
    if situation["fault"] and (prefix / "cuda").is_dir():
        FAULTS[situation["fault"]](prefix)
    shell = active(prefix) if situation["active"] else {"PATH": "/usr/bin:/bin"}
    shell["CONDARC"] = world.condarc(situation["sources"])
    return {**shell, **situation["variables"]}


def carry_out(world: World, command: str, shell: dict[str, str | None]) -> dict[str, str | None]:
    """Do what a cure says; the variables of the shell afterwards."""
    words = shlex.split(command)
    if words[:2] == ["conda", "activate"]:
        return {**active(world.conda.envs / "mine"), "CONDARC": shell["CONDARC"]}
    assert words[:3] == ["conda", "cuda", "use"], command
    prefix = [] if "-n" in words or "-p" in words else ["-p", str(world.conda.envs / "mine")]
    world.conda(*words[1:], *prefix, "--yes", **shell)
    return shell


def answer_of(world: World, question: str, shell: dict[str, str | None]) -> dict[str, Any]:
    answer: dict[str, Any] = world.ask("which", question, **shell)["answers"][0]
    return answer


def is_content(answer: dict[str, Any]) -> bool:
    """Whether nothing has to be done any more."""
    return answer["found"] or str(answer["advice"]).startswith("Linkers find it")


@settings(CHEAP, max_examples=30)
@given(situations(), st.sampled_from(QUESTIONS))
def test_a_printed_cure_changes_the_answer(
    world: World, situation: dict[str, Any], question: str
) -> None:
    shell = prepare(world, situation)
    answer = answer_of(world, question, shell)
    for _ in range(3):
        command = answer["command"]
        if command is None:
            assert is_content(answer) or answer["advice"], answer
            return
        shell = carry_out(world, command, shell)
        after = answer_of(world, question, shell)
        said = f"{situation}\n{question}\n{answer['advice']}\n{command}\n{after['advice']}"
        assert (after["found"], after["advice"]) != (answer["found"], answer["advice"]), said
        answer = after
    assert is_content(answer), said


@settings(CHEAP, max_examples=20)
@given(situations())
def test_a_printed_cure_ends_the_finding(world: World, situation: dict[str, Any]) -> None:
    shell = prepare(world, situation)
    for rule, command in cures(world.ask("doctor", **shell)):
        prepare(world, situation)
        carry_out(world, command, shell)
        left = world.ask("doctor", **shell)["findings"]
        said = f"{situation}\n{command}\n{left}"
        assert rule not in [one["rule"] for one in left], said
