"""What is told of odd places says what is there, and what to do that helps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conda_cuda_plugin.convert.package import Member, check_members, refusing
from conda_cuda_plugin.convert.wheel import WheelError
from conda_cuda_plugin.network.addresses import shown_address
from conda_cuda_plugin.network.connections import AnswerError, endless, not_followed
from conda_cuda_plugin.network.download import in_words as fetching
from conda_cuda_plugin.sources.redist.place import Place

from ..conftest import Conda
from ..sources.redist_server import small_release, write_release
from ..sources.wheelhouse import only_index
from .conftest import in_words
from .site import sends_on, site

LOOK_ALIKE = "https://dоwnload.example/cuda"
"""Its second letter is a Cyrillic one."""


def test_a_pipe_for_an_exported_file(conda: Conda, environment: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cuda.yaml")
    told = in_words(conda.cuda("apply", environment, tmp_path / "cuda.yaml", check=False)).err
    assert "cannot be read: it is not a regular file" in told
    assert "Name a file that conda cuda export has written." in told and "owner" not in told


def test_a_pipe_for_a_manifest(conda: Conda, environment: Path, tmp_path: Path) -> None:
    write_release(tmp_path / "redist", "12.4.1", small_release())
    manifest = tmp_path / "redist" / "redistrib_12.4.1.json"
    manifest.unlink()
    os.mkfifo(manifest)
    words = ("12.4", "--from", tmp_path / "redist", "--dry-run")
    told = in_words(conda.cuda("use", environment, *words, check=False)).err
    assert f"{manifest} cannot be read: it is not a regular file" in told
    assert "Copy the file again from where it comes from." in told


@pytest.mark.parametrize("source", ["pypi", "manifest", "channel"])
def test_a_circle_is_no_matter_of_passwords(
    source: str, conda: Conda, own_cache: Path, environment: Path
) -> None:
    conda.variables.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    with site() as served:
        served.answers["/"] = sends_on("/")
        where = {
            "pypi": ["--from", "pypi"],
            "manifest": ["--from", f"{served.address}/redistrib_12.4.1.json"],
            "channel": ["--from", "channel", "-c", f"{served.address}/channel"],
        }[source]
        index = only_index(f"{served.address}/simple")
        done = conda.cuda("use", environment, "12.4", "--dry-run", *where, check=False, **index)
    told = " ".join(in_words(done).err.split())
    assert "sends on without end" in told and "password" not in told
    assert told.partition("without end.")[2]


def test_a_name_of_a_member_is_cut() -> None:
    for name in ("../" + "x" * 3000, "a/" * 5 + "x" * 3000 + "\\"):
        with pytest.raises(WheelError) as caught, refusing("x.whl", WheelError):
            check_members([Member(name, 0, None)])
        assert len(str(caught.value)) < 300 and "..." in str(caught.value)


def places() -> Iterator[str]:
    """What is told in each of the places that name an address."""
    yield Place(f"{LOOK_ALIKE}/").text
    yield str(not_followed(LOOK_ALIKE, LOOK_ALIKE))
    yield str(endless(LOOK_ALIKE))
    with pytest.raises(AnswerError) as unusable, fetching(LOOK_ALIKE):
        raise ValueError
    yield str(unusable.value)
    yield shown_address(LOOK_ALIKE)


def test_a_host_that_looks_like_another_is_told_from_it() -> None:
    for told in places():
        assert told.isascii() and "example/cuda" in told and "https://d" in told


def test_so_is_the_rest_of_an_address(conda: Conda, environment: Path) -> None:
    conda.variables.update(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    with site() as served:
        place = f"{served.address}/о/redistrib_12.4.1.json"
        done = conda.cuda("use", environment, "12.4", "--dry-run", "--from", place, check=False)
    told = in_words(done).err
    assert "/%D0%BE/redistrib_12.4.1.json does not exist" in told and told.isascii()
