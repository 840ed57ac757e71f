"""Verbs, options and sources that people type, and that there are not: the one that is meant."""

from __future__ import annotations

import shlex

import pytest

from conda_cuda_plugin.cli import VERBS

from ..conftest import Conda, Result
from .in_words import assert_in_words, assert_json

MEANT = {
    "install 12.4 -n x": "use 12.4 -n x",
    "install": "use 12.4",
    "isntall 12.4": "use 12.4",
    "switch 12.4": "use 12.4",
    "activate 12.4": "use 12.4",
    "12.4": "use 12.4",
    "v12.4": "use v12.4",
    "uninstall 12.4": "remove 12.4",
    "rm 12.4": "remove 12.4",
    "ls": "list",
    "--list": "list",
    "search": "list --available",
    "envs": "list --envs",
    "status": "info",
    "--status": "info",
    "current": "info",
    "deactivate": "off",
    "check": "doctor",
    "exec 12.4 -- nvcc": "run 12.4 -- nvcc",
    "lst": "list",
    "--json list": "list --json",
    "-n x list --envs": "list -n x --envs",
}


@pytest.mark.parametrize("typed", MEANT)
def test_the_verb_that_is_meant(typed: str, conda: Conda) -> None:
    words = shlex.split(typed)
    meant = MEANT[typed]
    verb = meant.split()[0]
    assert verb in VERBS
    result = conda("cuda", *words, check=False, COLUMNS="60")
    if "--json" in words:
        assert (result.code, result.json["hints"]) == (2, [f"conda cuda {meant}"])
        return
    dashed = words[0].startswith("-")
    what = f"{'option' if dashed else 'verb'} {words[0]!r}; {verb} is meant"
    sentence = f"conda cuda has no {what}."
    if dashed and verb in words:
        sentence = f"{words[0]} stands behind the verb."
    assert result.code == 2
    assert " ".join(result.err.split()) == f"UsageError: {sentence} conda cuda {meant}"
    # The command to copy is whole.
    assert f"  conda cuda {meant}" in result.err.splitlines()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("use 12.4 --flavour devel", "conda cuda use has no option --flavour; --flavor is meant."),
        ("use 12.4 --flavour=devel", "conda cuda use has no option --flavour; --flavor is meant."),
        ("use 12.4 --env x", "conda cuda use has no option --env; --name is meant."),
        ("use 12.4 --source pypi", "conda cuda use has no option --source; --from is meant."),
        ("list --availble", "conda cuda list has no option --availble; --available is meant."),
        ("list --frobnicate", "conda cuda list has no option --frobnicate."),
        ("use 12.4 13.0", "conda cuda use takes no '13.0' here."),
        ("mirror 12.4", "conda cuda mirror: the following arguments are required: --to."),
        ("list -n", "conda cuda list: argument -n/--name: expected one argument."),
        (
            "use 12.4 --flavor develop",
            "conda cuda use: --flavor takes base or runtime or devel, not 'develop'.",
        ),
        ("frobnicate", "conda cuda has no verb 'frobnicate'."),
    ],
)
def test_what_is_not_understood_is_said_in_a_sentence(
    typed: str, sentence: str, conda: Conda
) -> None:
    words = shlex.split(typed)
    assert_in_words(conda("cuda", *words, check=False), 2, sentence)
    assert_json(conda("cuda", *words, "--json", check=False), 2, sentence)


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_hands_its_words_to_conda(verb: str, conda: Conda) -> None:
    result = conda("cuda", verb, "--no-such-option", check=False)
    assert_in_words(result, 2, said(verb, result))
    assert "usage:" not in result.err


def said(verb: str, result: Result) -> str:
    """Words that are missing are named before those that are too many."""
    if "required" in result.err:
        return f"conda cuda {verb}: {result.err.partition(f'{verb}: ')[2].splitlines()[0]}"
    return f"conda cuda {verb} has no option --no-such-option."


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("pip", "pypi"), ("PyPI", "pypi"), ("conda-forge", "channel -c conda-forge"),
        ("chanel", "channel"), ("local", "system"), ("nowhere", None),
    ],
)  # fmt: skip
def test_a_source_that_is_meant(source: str, meant: str | None, conda: Conda) -> None:
    environment = conda.create(conda.envs / "one")
    result = conda.cuda("use", environment, "12.4", "--from", source, check=False)
    assert_in_words(result, 2, f"{source!r} is not a source of toolkits.")
    assert ("Did you mean" in result.err) == (meant is not None)
    assert meant is None or f"  Did you mean --from {meant}?\n" in result.err
