"""What messages mean, and which file they are about: the table, and what people see of it."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.answers.explain import Explanation, explain
from conda_cuda_plugin.cli import VERBS, verb_parser
from conda_cuda_plugin.libraries.grammar import LIMIT, SLOTS
from conda_cuda_plugin.libraries.messages import Complaint, Message, read_message
from conda_cuda_plugin.machine.machine import Machine
from conda_cuda_plugin.platforms import PLATFORMS

from ..conftest import PROJECT, Conda
from ..fuzz.watching import watched
from .said import ROWS, SENTENCES, VALUES, filled, logs

DRIVER = "RuntimeError: CUDA driver version is insufficient for CUDA runtime version"


def explained(text: str, platform: str = "linux-64") -> list[Explanation]:
    where = PLATFORMS[platform]
    message = read_message(text, windows=where.windows)
    return [explain(one, None, Machine, where) for one in message.meanings]


def says(message: Message, number: int) -> bool:
    """Whether a message is understood as one of a row."""
    row = ROWS[number]
    if "means" in row:
        return row["means"] in [one.means for one in message.meanings]
    complaint = Complaint(row["complaint"])
    # A file may be asked for in two ways at once: a symbol at linking, a library by its loader.
    return complaint in [one.complaint for one in message.mentions]


def test_each_slot_has_an_example() -> None:
    assert set(VALUES) == set(SLOTS)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs())
def test_a_sentence_is_understood_wherever_it_stands(drawn: tuple[int, str, str]) -> None:
    """With other names, versions and folders, other things around it, wrapped or in capitals."""
    number, message, text = drawn
    found = read_message(text)
    assert says(found, number), (message, found)
    line = (found.mentions or found.meanings)[0].line
    assert line <= len(text.split("\n")) and text.split("\n")[line - 1].strip()


@pytest.mark.parametrize(("number", "sentence"), SENTENCES, ids=lambda one: str(one)[:50])
@settings(max_examples=3, deadline=None)
@given(st.data())
def test_each_sentence(number: int, sentence: str, data: st.DataObject) -> None:
    assert says(read_message(data.draw(filled(sentence))), number)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(), st.sampled_from(sorted(PLATFORMS)))
def test_what_is_advised_can_be_typed(drawn: tuple[int, str, str], platform: str) -> None:
    """Every command parses, NAME and MODULE being what a person fills in."""
    for one in explained(drawn[2], platform):
        assert "{" not in one.means and one.means.endswith((".", ")"))
        for command, why in one.commands:
            first, *words = shlex.split(command)
            assert why and first in ("conda", "nvidia-smi", "systemctl")
            if words and words[0] == "cuda":
                assert words[1] in VERBS
                found = verb_parser(words[1]).parse_args(words[2:])
                assert isinstance(found, argparse.Namespace)


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_of_a_message_gets_into_a_command(first: str, second: str) -> None:
    """But for versions: what stands in a message may have been written by anybody."""
    text = f"The detected CUDA version ({first}) mismatches the version that was used to compile "
    for one in explained(f"{text}PyTorch (11.8{second}). xFormers was built for: PyTorch {first}"):
        for command, _ in one.commands:
            assert re.fullmatch(r"conda [a-z]+ [\w.= -]+", command, re.ASCII), command


@given(st.text(max_size=200), st.text(max_size=200))
def test_what_stands_around_it_stays_outside(before: str, after: str) -> None:
    (known,) = explained(DRIVER)
    found = {(one.message, one.means) for one in explained(f"{before}\n{DRIVER}\n{after}")}
    assert (known.message, known.means) in found


@pytest.mark.parametrize("path", ["D:\\my env\\lib\\cufft64_11.dll", "/opt/my env/libcufft.so.11"])
def test_a_folder_with_a_blank(path: str) -> None:
    for text in (f'Error loading "{path}"', f"Could not load library '{path}'"):
        (found,) = read_message(text).mentions
        assert found.path == path


def test_versions_in_words() -> None:
    for text, words in (
        ("Found cuDNN version 8600, but JAX was built against version 90100", "cuDNN 9.1 and finds 8.6"),
        ("cuDNN version incompatibility: PyTorch was compiled against (8, 9, 2) but found runtime "
         "version (8, 5, 0)", "cuDNN 8.9 and finds 8.5"),
        ("Unsupported gpu architecture 'compute_121a'", "12.1"),
        ("Unsupported .version 8.5; current version is '8.1'", "by CUDA 12.5 or newer"),
        ("Outdated CUDA installation found. Version JAX was built against: 12040 Minimum "
         "supported: 12010 Installed version: 11080", "for CUDA 12.4 and finds 11.8"),
    ):  # fmt: skip
        (found,) = explained(text)
        assert words in found.means


LINUX_ONLY = ("executable stack", "system not yet initialized", "GLIBCXX")
UNIX_WORDS = ("g++", "LD_LIBRARY_PATH", "lib*.so", ".so.", "systemctl", "export ", "patchelf")


def test_answers_for_windows_name_nothing_of_linux() -> None:
    for row in ROWS:
        if "means" in row and not any(word in str(row["says"]) for word in LINUX_ONLY):
            shown = {**row, **row.get("windows", {})}
            text = shown["means"] + str(shown["commands"])
            assert [word for word in UNIX_WORDS if word in text] == [], row["says"]


def test_a_gpu_of_the_future() -> None:
    (found,) = explained("nvcc fatal: Unsupported gpu architecture 'compute_199'")
    assert "19.9" in found.means and "not known yet" in found.means


def test_the_first_cause_is_answered() -> None:
    lines = ["GPU will not be used.", "nvcc fatal : Unsupported gpu architecture 'compute_120'",
             "ninja: build stopped", DRIVER, "ModuleNotFoundError: No module named 'x'"]  # fmt: skip
    (found,) = explained("\n".join(lines))
    assert found.line == 2 and "12.0" in found.means
    (found,) = explained("\n".join([*lines[3:], *lines[:3]]))
    assert found.line == 1 and found.message in DRIVER


def test_of_a_long_text_the_end_is_read_and_its_lines_counted() -> None:
    assert not read_message("detected CUDA version (" * 400_000).meanings
    assert not read_message(DRIVER + " x" * LIMIT).meanings
    noise = "make[1]: Entering directory\n" * 100_000
    assert [one.line for one in explained(f"{noise}{DRIVER}\n")] == [100_001]


@pytest.mark.parametrize("filler", [" ", "\n", " \n", "1", "1.", "(", "a/", "'"])
@pytest.mark.parametrize("start", range(0, len(SENTENCES), 60))
def test_no_text_keeps_a_pattern_busy(start: int, filler: str) -> None:
    """Sentences but for their last character, their words far apart."""
    part = [text[:-1].split() for _, text in SENTENCES[start : start + 60]]
    room = LIMIT // 4 // sum(map(len, part)) // len(filler)
    text = "\n".join((filler * room).join(words) for words in part)
    with watched():
        read_message(text + "\n" * 9 + "x")


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
    result = conda("cuda", "which", DRIVER)
    assert result.out.splitlines()[:2] == [
        "CUDA driver version is insufficient for CUDA runtime version",
        "  means       The NVIDIA driver is older than the CUDA of the program needs. In",
    ]
    document = conda("cuda", "which", DRIVER, "--json").json
    assert (document["answers"], document["environment"]) == ([], None)
    assert [sorted(one) for one in document["meanings"]] == [
        ["commands", "line", "means", "message"]
    ]
    out = conda("cuda", "which", "OSError: CUDA_HOME environment variable is not set.").out
    assert max(map(len, out.splitlines())) <= 80


def test_both_a_library_and_a_meaning(conda: Conda, environment: Path) -> None:
    text = f"{DRIVER} (libcudart.so.77: cannot open shared object file)"
    result = conda.cuda("which", environment, text, check=False)
    first, _, second = result.out.partition("\n\n")
    assert first.startswith("libcudart.so.77\n")
    assert second.startswith("CUDA driver version is insufficient")
