"""A server of a test, a conda that asks it without a proxy, and commands that must fail in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Conda
from .conftest import in_words
from .site import Site, site


@pytest.fixture
def served() -> Iterator[Site]:
    with site() as one:
        yield one


@pytest.fixture
def conda(conda: Conda, own_cache: Path) -> Conda:
    conda.variables.update(NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")
    return conda


def refused(conda: Conda, prefix: Path, *words: str, **variables: str) -> str:
    """A `use` that must fail in words; they."""
    done = conda.cuda("use", prefix, *words, "--yes", check=False, timeout=60, **variables)
    assert in_words(done).code == 1, done.out
    assert not (prefix / "cuda").exists()
    return " ".join(done.err.split())
