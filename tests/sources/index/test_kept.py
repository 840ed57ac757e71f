"""What an index has said is kept as long as it says, and asked for again by its validators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...conftest import Conda
from ..wheelhouse import only_index, write_releases, write_wheel
from .asking import ask
from .server import Index, serve_index

RUNTIME = "nvidia-cuda-runtime-cu12==12.4.127.*"
PAGE = "/simple/nvidia-cuda-runtime-cu12/"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with serve_index(Index(write_releases(tmp_path / "wheels", "12.4.1"))) as running:
        yield running


@pytest.fixture
def conda(conda: Conda, tmp_path: Path) -> Conda:
    """Its package cache is its own."""
    conda.empty_cache(tmp_path / "pkgs")
    return conda


def asked(conda: Conda, index: Index) -> Any:
    """What is asked of the index to find the runtime, and the version that is found."""
    before = len(index.asked)
    (found,) = ask(conda, RUNTIME, **only_index(index.address))
    return [row.removeprefix(f"{PAGE} ") for row in index.asked[before:]], found["version"]


def kept(conda: Conda) -> list[Path]:
    return sorted(conda.pkgs.glob("cache/conda-cuda/*"))


def test_a_page_that_is_fresh_is_not_asked_for(conda: Conda, index: Index) -> None:
    index.headers = {"Cache-Control": "max-age=600, public"}
    assert asked(conda, index) == (["200"], "12.4.127")
    assert asked(conda, index) == ([], "12.4.127")


@pytest.mark.parametrize(
    "control", ["max-age=600, no-cache", "max-age=0", "public", "max-age=x", "x-max-age=600"]
)
def test_a_page_that_may_have_changed_is_asked_for_by_its_validator(
    control: str, conda: Conda, index: Index
) -> None:
    index.headers, index.etag = {"Cache-Control": control}, True
    assert asked(conda, index) == (["200"], "12.4.127")
    assert asked(conda, index) == (["304"], "12.4.127")
    write_wheel(index.wheels, "nvidia-cuda-runtime-cu12", "12.4.127.1")
    assert asked(conda, index) == (["200"], "12.4.127.1")
    assert len(kept(conda)) == 1


def test_a_page_that_was_old_when_it_came_is_asked_for(conda: Conda, index: Index) -> None:
    index.headers, index.etag = {"Cache-Control": "max-age=600", "Age": "600"}, True
    asked(conda, index)
    assert asked(conda, index) == (["304"], "12.4.127")


def test_a_page_that_did_not_change_is_fresh_again(conda: Conda, index: Index) -> None:
    index.headers, index.etag = {"Cache-Control": "max-age=600", "Age": "600"}, True
    asked(conda, index)
    index.headers = {"Cache-Control": "max-age=600"}
    assert asked(conda, index)[0] == ["304"]
    assert asked(conda, index)[0] == []


@pytest.mark.parametrize("control", ["no-store", "private, max-age=600", "max-age=600, No-Store"])
def test_a_page_that_must_not_be_kept_is_not(control: str, conda: Conda, index: Index) -> None:
    index.headers, index.etag = {"Cache-Control": control}, True
    assert asked(conda, index)[0] == ["200"]
    assert asked(conda, index)[0] == ["200"]
    assert kept(conda) == []


def test_a_page_behind_a_password_is_not_kept(conda: Conda, index: Index) -> None:
    index.headers, index.etag, index.login = {"Cache-Control": "max-age=600"}, True, "Basic dTpw"
    words = only_index(index.address.replace("//", "//u:p@"))
    for _ in range(2):
        assert isinstance(ask(conda, RUNTIME, **words), list)
    assert [row for row in index.asked if row.endswith("200")] == [f"{PAGE} 200"] * 2
    assert kept(conda) == []


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"url": "x", "kind": "text/html", "body": "", "etag": "", "modified": ""}',
        b'{"url": 5}',
        b"[" * 100_000,
    ],
)
def test_what_was_kept_and_is_damaged_is_asked_for(
    damage: bytes, conda: Conda, index: Index
) -> None:
    index.headers = {"Cache-Control": "max-age=600"}
    asked(conda, index)
    (path,) = kept(conda)
    path.write_bytes(damage)
    assert asked(conda, index) == (["200"], "12.4.127")
    assert asked(conda, index) == ([], "12.4.127")


def test_a_clock_that_was_wrong_does_no_harm(conda: Conda, index: Index) -> None:
    index.headers = {"Cache-Control": "max-age=600"}
    asked(conda, index)
    (path,) = kept(conda)
    path.write_text(json.dumps({**json.loads(path.read_text()), "asked": 2**40}))
    assert asked(conda, index)[0] == ["200"]


def test_a_cache_that_cannot_be_written_is_done_without(conda: Conda, index: Index) -> None:
    index.headers = {"Cache-Control": "max-age=600"}
    (conda.pkgs / "cache").write_text("a file in the way")
    assert asked(conda, index) == (["200"], "12.4.127")
    assert asked(conda, index) == (["200"], "12.4.127")


def test_conda_takes_it_away_with_its_own(conda: Conda, index: Index) -> None:
    index.headers = {"Cache-Control": "max-age=600"}
    asked(conda, index)
    conda("clean", "--index-cache", "--yes")
    assert kept(conda) == []
    assert asked(conda, index)[0] == ["200"]


def test_a_second_plan_asks_nobody(conda: Conda, index: Index, environment: Path) -> None:
    index.headers = {"Cache-Control": "max-age=600"}
    words = ("12.4", "--from=pypi", "--flavor=base", "--dry-run", "--json")
    plans = []
    for _ in range(2):
        plans.append(conda.cuda("use", environment, *words, **only_index(index.address)).json)
    assert plans[0] == plans[1]
    # Metadata and pages, but no wheel is asked for, nor for its size.
    assert sorted(index.asked) == [
        "/files/cuda_toolkit-12.4.1-py3-none-any.whl.metadata 200",
        "/simple/cuda-toolkit/ 200",
        f"{PAGE} 200",
    ]


def test_a_second_environment_is_told_that_nothing_has_changed_and_downloads_nothing(
    conda: Conda, index: Index, environment: Path
) -> None:
    index.headers, index.etag = {"Cache-Control": "no-cache"}, True
    words = ("12.4", "--from=pypi", "--flavor=base", "--yes")
    conda.cuda("use", environment, *words, **only_index(index.address))
    index.asked.clear()
    other = conda.create(conda.envs / "other")
    conda.cuda("use", other, *words, **only_index(index.address))
    assert (other / "cuda" / "lib64").is_dir()
    assert index.asked
    assert [row for row in index.asked if not row.endswith(" 304")] == []
