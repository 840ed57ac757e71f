"""Packages that were made of wheels in conda's package cache: once on the disk, gone when nothing
uses them, and what conda cuda 0.1.0 has left there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from conda_cuda_plugin.convert.conda_file import pack

from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.test_pypi import create
from ..sources.wheelhouse import only_folder, write_releases

BASE = ("12.4", "--flavor=base", "--from=pypi", "--yes")
PACKAGE = "nvidia-cuda-runtime-cu12-12.4.127-wheel_0"
LIBRARY = Path("cuda", "lib", "libcudart.so.12")


@pytest.fixture
def filled(conda: Conda, environment: Path, own_cache: Path, tmp_path: Path) -> Path:
    """A package cache of its own, which an environment uses; the wheels are there for pip only."""
    conda.variables |= only_folder(write_releases(tmp_path / "wheels"))
    conda.cuda("use", environment, *BASE)
    return own_cache


def works(prefix: Path) -> bool:
    return (prefix / LIBRARY).read_bytes() == b"cudart 12.4"


def test_the_cache_holds_each_file_once(filled: Path, environment: Path) -> None:
    files = [path for path in filled.rglob("*") if path.is_file() and path.name == LIBRARY.name]
    assert [path.stat().st_ino for path in files] == [(environment / LIBRARY).stat().st_ino]
    found = [path for path in filled.rglob("*") if path.suffix in (".conda", ".whl", ".part")]
    assert found == leftovers(filled) == []


def test_clean_takes_what_no_environment_uses(
    conda: Conda, filled: Path, environment: Path
) -> None:
    conda("clean", "--all", "--yes")
    assert (filled / PACKAGE).is_dir()
    shutil.rmtree(environment)
    conda("clean", "--all", "--yes")
    assert not (filled / PACKAGE).exists()
    second = create(conda, "second")
    before = listing(second)
    result = conda.cuda("use", second, *BASE, "--offline", check=False, PIP_FIND_LINKS="")
    said = " ".join(result.err.split())
    assert (result.code, "nothing of CUDA 12.4 in the package cache, and --offline" in said) == (
        1,
        True,
    ), result.err
    assert listing(second) == before
    conda.cuda("use", second, *BASE)
    assert works(second)


def test_a_toolkit_is_added_to_when_the_cache_is_empty(
    conda: Conda, filled: Path, environment: Path
) -> None:
    shutil.rmtree(filled)
    filled.mkdir()
    (filled / "urls.txt").touch()
    conda.cuda("use", environment, "12.4", "--components=cublas", "--from=pypi", "--yes")
    assert works(environment)
    assert (environment / "cuda" / "lib" / "libcublas.so.12").is_file()


def as_before(cache: Path, *, extracted: bool) -> Path:
    """Make of a cache what conda cuda 0.1.0 would have made; the file of the package."""
    folder = cache / "conda-cuda" / "linux-64"
    file = pack(cache / PACKAGE, folder)
    data = file.read_bytes()
    sums = {name: hashlib.new(name, data).hexdigest() for name in ("md5", "sha256")}
    index = json.loads((folder / "repodata.json").read_text())
    index["packages.conda"][file.name] |= {**sums, "size": len(data)}
    (folder / "repodata.json").write_text(json.dumps(index))
    os.link(file, cache / file.name)
    (cache / "urls.txt").write_text(f"{file.as_uri()}\n")
    record = cache / PACKAGE / "info" / "repodata_record.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), **sums, "size": len(data)}))
    if not extracted:
        shutil.rmtree(cache / PACKAGE)
    return file


@pytest.mark.parametrize("extracted", [True, False])
def test_a_cache_of_the_first_release_is_used_and_then_tidied(
    extracted: bool, conda: Conda, filled: Path, environment: Path
) -> None:
    file = as_before(filled, extracted=extracted)
    second = create(conda, "second")
    nothing = {"PIP_FIND_LINKS": ""}
    conda.cuda("use", second, *BASE, "--offline", **nothing)
    assert works(second)
    conda.cuda("use", second, "12.4", "--components=cublas", "--from=pypi", "--yes")
    assert works(second)
    assert not file.exists() and not (filled / file.name).exists()
    third = create(conda, "third")
    conda.cuda("use", third, *BASE, "--offline", **nothing)
    assert works(third)
