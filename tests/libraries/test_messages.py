"""What messages mean that name no library: the table, and what people see of it."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conda_cuda_plugin.cli import VERBS, verb_parser
from conda_cuda_plugin.data import read_data
from conda_cuda_plugin.libraries.messages import _MEANING_LIMIT, meanings_of

from ..conftest import PROJECT, Conda
from ..fuzz.watching import watched

ROWS = read_data("messages.json")["messages"]
EXAMPLES = [
    "RuntimeError: CUDA driver version is insufficient for CUDA runtime version",
    "RuntimeError: CUDA error: no kernel image is available for execution on the device",
    "CUDA error: the provided PTX was compiled with an unsupported toolchain.",
    "RuntimeError: \nThe detected CUDA version (12.4) mismatches the version that was used to "
    "compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
    "crt/host_config.h:143:2: error: #error -- unsupported GNU version! gcc versions later than 13",
    "nvcc fatal   : Unsupported gpu architecture 'compute_120'",
    "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
    "AssertionError: Torch not compiled with CUDA enabled",
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    "Failed to initialize NVML: Driver/library version mismatch",
    "cudaErrorCompatNotSupportedOnDevice: forward compatibility was attempted on non supported HW",
    "libdevice not found at ./libdevice.10.bc",
    "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by ./a)",
    ">>> torch.cuda.is_available()\nFalse",
    "RuntimeError: cuDNN version incompatibility: PyTorch was compiled against (8, 9, 2)",
]
"""One for each row of the table, in its order."""


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_each_is_found_by_its_own_message_and_no_other(number: int) -> None:
    found = meanings_of(f"Traceback (most recent call last):\n{EXAMPLES[number]}\n")
    assert [one.means for one in found] == [ROWS[number]["means"]]
    assert found[0].message.lower() in " ".join(EXAMPLES[number].split()).lower()
    assert len(EXAMPLES) == len(ROWS)


def test_what_is_advised_can_be_typed() -> None:
    """Every command parses, VERSION and NAME being what a person fills in."""
    for example in EXAMPLES:
        for command, why in meanings_of(example)[0].commands:
            conda, *words = shlex.split(command.replace("VERSION", "12.4"))
            assert conda == "conda" and why
            if words[0] == "cuda":
                assert words[1] in VERBS
                found = verb_parser(words[1]).parse_args(words[2:])
                assert isinstance(found, argparse.Namespace)


def test_the_release_that_pytorch_was_built_with_is_asked_for() -> None:
    (found,) = meanings_of(EXAMPLES[3])
    assert found.commands[0][0] == "conda cuda use 11.8 --flavor devel"


@given(st.text(max_size=200), st.sampled_from(EXAMPLES), st.text(max_size=200))
def test_what_stands_around_it_stays_outside(before: str, example: str, after: str) -> None:
    """Whatever the message is surrounded by, nothing of it gets into what is shown."""
    (known,) = meanings_of(example)
    assert known in meanings_of(f"{before}\n{example}\n{after}")


@given(st.from_regex(r"detected CUDA version \(.{0,9}\) mismatches.*PyTorch \(.{0,9}\)"))
def test_only_numbers_get_into_a_command(text: str) -> None:
    for found in meanings_of(text):
        assert re.fullmatch(r"conda cuda use [0-9.]+ --flavor devel", found.commands[0][0])


def test_of_a_long_text_the_end_is_read() -> None:
    assert meanings_of("detected CUDA version (" * 400_000) == []
    assert meanings_of(EXAMPLES[0] + " " * _MEANING_LIMIT) == []


@pytest.mark.parametrize("filler", [" ", "\n", " \n", "1", "1.", "("])
@pytest.mark.parametrize("example", EXAMPLES)
def test_no_text_keeps_a_pattern_busy(example: str, filler: str) -> None:
    """A message but for its last character, its words far apart, takes less than two seconds."""
    words = example[:-1].split()
    long = filler * (_MEANING_LIMIT // 2 // len(words) // len(filler))
    with watched():
        meanings_of(long.join(words) + "\n" * 9 + "x")


@pytest.mark.parametrize("example", EXAMPLES)
def test_where_a_terminal_has_wrapped_it_does_not_matter(example: str) -> None:
    assert meanings_of("\n    ".join(example.split())) == meanings_of(example)


def test_every_message_of_the_documentation_is_understood(conda: Conda, environment: Path) -> None:
    """docs/messages.md says: paste it into `conda cuda which`."""
    page = (PROJECT / "docs" / "messages.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    messages = [line for block in blocks for line in block.splitlines()]
    assert len(messages) > 10
    for message in messages:
        result = conda.cuda("which", environment, message, check=False)
        assert result.code in (0, 1) and result.err == "", (message, result.err)


def test_no_environment_is_needed(conda: Conda) -> None:
    result = conda("cuda", "which", EXAMPLES[0])
    assert result.out.splitlines()[:2] == [
        "CUDA driver version is insufficient for CUDA runtime version",
        "  means       The NVIDIA driver is older than the CUDA of the program needs. In",
    ]
    document = conda("cuda", "which", EXAMPLES[0], "--json").json
    assert (document["answers"], document["environment"]) == ([], None)
    assert [sorted(one) for one in document["meanings"]] == [["commands", "means", "message"]]
    assert max(map(len, conda("cuda", "which", EXAMPLES[6]).out.splitlines())) <= 80


def test_both_a_library_and_a_meaning(conda: Conda, environment: Path) -> None:
    result = conda.cuda("which", environment, EXAMPLES[12], check=False)
    first, _, second = result.out.partition("\n\n")
    assert first.startswith("libstdc++.so.6\n")
    assert second.startswith("version `GLIBCXX_3.4.30' not found\n  means ")
