"""What the command says of itself, and its exit codes."""

from __future__ import annotations

import pytest

from conda_cuda_plugin.cli import VERBS

from ..conftest import Conda


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_has_examples(verb: str, conda: Conda) -> None:
    lines = conda("cuda", verb, "--help", COLUMNS="80").out.splitlines()
    assert lines[0].startswith(f"usage: conda cuda {verb} ")
    assert VERBS[verb] in lines
    examples = lines[lines.index("examples:") + 1 :]
    assert examples
    assert all(f"conda cuda {verb}" in line for line in examples)


@pytest.mark.parametrize("verb", ["use", "list", "info", "off", "remove", "run"])
def test_the_help_of_a_verb_fits_the_screen(verb: str, conda: Conda) -> None:
    lines = conda("cuda", verb, "--help", COLUMNS="80").out.splitlines()
    # conda's own options may be longer.
    ours = [line for line in lines if "conda cuda" in line or not line.startswith(" ")]
    assert [line for line in ours if len(line) > 80] == []


def test_alone_it_shows_what_there_is(conda: Conda) -> None:
    result = conda("cuda", COLUMNS="80")
    assert result.out == conda("cuda", "--help", COLUMNS="80").out
    assert result.err == ""
    listed = [line.split()[0] for line in result.out.splitlines() if line.startswith("    ")]
    assert set(VERBS) <= set(listed)
    assert "  conda cuda use 12.4 " in result.out
    assert max(map(len, result.out.splitlines())) <= 80


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
