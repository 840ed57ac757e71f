"""What conda writes when it fills a package cache lies in that cache, whatever is there already."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ..channel.package import CondaPackage, write_channel
from ..channel.test_answers import SUBDIR
from ..conftest import Conda
from .served import conda, refused, served
from .site import Site, says

__all__ = ["conda", "served"]

CUDART = "cuda-cudart-12.4.127-0"


@pytest.fixture
def words(served: Site, tmp_path: Path) -> tuple[str, ...]:
    """What a toolkit is taken with from a channel on the web, which lies in a folder here."""
    tie = CondaPackage("cuda-version", "12.4", noarch=True)
    cudart = CondaPackage(
        "cuda-cudart", "12.4.127", ("cuda-version >=12.4,<12.5.0a0",),
        files={"lib/libcudart.so.12": b"cudart"},
    )  # fmt: skip
    write_channel(tmp_path / "there", SUBDIR, [tie, cudart])
    serve(served, tmp_path / "there")
    return ("12.4", "--flavor=base", "--from=channel", "-c", f"{served.address}/there")


def serve(served: Site, folder: Path) -> None:
    """Let the files of a channel's folder be had."""
    for path in folder.rglob("*.*"):
        answer = says(200, path.read_bytes(), "application/octet-stream")
        served.answers[f"/{path.relative_to(folder.parent)}"] = answer
        served.answers[f"/{path.relative_to(folder.parent)}."] = says(404)


def test_the_channel_gives_a_toolkit(
    conda: Conda, environment: Path, words: tuple[str, ...]
) -> None:
    conda.cuda("use", environment, *words, "--yes")
    assert (environment / "cuda" / "lib64" / "libcudart.so.12").read_bytes() == b"cudart"


def test_a_file_name_in_an_index_leads_out_of_no_cache(
    conda: Conda, environment: Path, words: tuple[str, ...], served: Site, tmp_path: Path
) -> None:
    index = tmp_path / "there" / SUBDIR / "repodata.json"
    index.write_text(index.read_text().replace(f'"{CUDART}.conda"', f'"../{CUDART}.conda"'))
    package = index.with_name(f"{CUDART}.conda")
    package.rename(tmp_path / "there" / package.name)
    serve(served, tmp_path / "there")
    before = sorted(path.name for path in tmp_path.iterdir())
    told = refused(conda, environment, *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == before, told


PLACES = [
    "urls.txt",
    "cache/x.json",
    f"{CUDART}.conda.partial",
    "x/info/repodata_record.json",
]
FOLDERS = ["cache", "x-1-0"]
PLANTED = [
    *((place, "link") for place in [*PLACES, *FOLDERS]),
    *((place, "hard link") for place in PLACES),
]


def plant(place: Path, kind: str, outside: Path) -> None:
    """Let something that conda writes lie elsewhere."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    target = outside if place.name in FOLDERS else outside / "precious"
    if place.name == "x-1-0":
        # Without its archive the link is no package.
        place.with_name("x-1-0.conda").touch()
    place.hardlink_to(target) if kind == "hard link" else place.symlink_to(target)
    if place.parent.name == "info":
        # A record that cannot be read is written anew from this.
        row = {"name": "x", "version": "1", "build": "0", "build_number": 0, "depends": []}
        place.with_name("index.json").write_text(json.dumps(row))


@pytest.mark.parametrize(("place", "kind"), PLANTED)
def test_what_conda_writes_leads_out_of_no_cache(
    place: str, kind: str, conda: Conda, own_cache: Path, environment: Path, outside: Path,
    words: tuple[str, ...], tmp_path: Path,
) -> None:  # fmt: skip
    """The fixture `outside` looks at the content; another cache is written, where there is one."""
    plant(own_cache / place, kind, outside)
    told = refused(conda, environment, *words)
    assert str(own_cache / place) in told
    conda.variables["CONDA_PKGS_DIRS"] = f"{own_cache},{tmp_path / 'other'}"
    conda.cuda("use", environment, *words, "--yes")
    assert (tmp_path / "other" / CUDART).is_dir()
