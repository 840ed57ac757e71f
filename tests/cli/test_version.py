"""`conda cuda --version`."""

from __future__ import annotations

import pytest

import conda_cuda_plugin

from ..conftest import Conda


# conda's own --version is the same plain line with --json.
@pytest.mark.parametrize("words", [[], ["--json"]], ids=["text", "json"])
def test_it_says_its_version(words: list[str], conda: Conda) -> None:
    result = conda("cuda", "--version", *words)
    assert (result.out, result.err) == (f"conda-cuda {conda_cuda_plugin.__version__}\n", "")


def test_it_is_in_the_document_for_bug_reports(conda: Conda) -> None:
    document = conda("cuda", "info", "-p", conda.create(conda.envs / "v"), "--json").json
    assert document["conda_cuda"] == conda_cuda_plugin.__version__
