"""What the command says of itself, and its exit codes."""

from __future__ import annotations

import pytest

from conda_cuda_plugin.cli import VERBS, verb_parser

from ..conftest import Conda


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_says_what_it_does(verb: str, conda: Conda) -> None:
    lines = conda("cuda", verb, "--help", COLUMNS="80").out.splitlines()
    assert lines[0].startswith(f"usage: conda cuda {verb} ")
    assert VERBS[verb] in lines
    examples = lines[lines.index("examples:") + 1 :]
    assert len(examples) >= 2
    assert all(f"conda cuda {verb}" in line for line in examples)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_what_all_verbs_take(verb: str) -> None:
    options = {word for action in verb_parser(verb)._actions for word in action.option_strings}
    assert {"-n", "--name", "-p", "--prefix", "-y", "--yes", "--json", "-q", "-v"} <= options


def test_the_help_lists_each_verb_in_a_line(conda: Conda) -> None:
    result = conda("cuda", "--help", COLUMNS="80")
    assert result.err == ""
    listed = [line.split(maxsplit=1) for line in result.out.splitlines() if line.startswith("    ")]
    assert [(row[0], row[-1]) for row in listed] == list(VERBS.items())


def test_conda_knows_the_command(conda: Conda) -> None:
    assert "Give an environment its own CUDA toolkit." in conda("--help").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["cuda"], 0, id="alone"),
        pytest.param(["cuda", "list", "--envs"], 0, id="done"),
        pytest.param(["cuda", "info"], 1, id="error"),
        pytest.param(["cuda", "frobnicate"], 2, id="no-such-verb"),
        pytest.param(["cuda", "list", "--frobnicate"], 2, id="no-such-option"),
        pytest.param(["cuda", "list", "--envs", "--available"], 2, id="options-that-exclude"),
        pytest.param(["cuda", "use", "12.4", "--flavor", "huge"], 2, id="no-such-flavor"),
        pytest.param(["cuda", "use", "12.4", "--fla", "base"], 2, id="abbreviated-option"),
    ],
)
def test_exit_codes(words: list[str], code: int, conda: Conda) -> None:
    result = conda(*words, check=False)
    assert (result.code, "Traceback" in result.err) == (code, False)
