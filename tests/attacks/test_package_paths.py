"""What a package or its record names is linked and unlinked below its folder, or refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conda_cuda_plugin.packages.paths import stays_below

from ..conftest import Conda
from .conftest import in_words

NVCC = ("13.0", "--from=pypi", "--components=nvcc", "-y")
MORE = ("13.0", "--from=pypi", "--flavor=devel", "-y")


@given(st.text(max_size=12) | st.text("./a\\:\0", max_size=8))
@example("a/../../b")
@example("")
@example("/")
@example("a//b")
def test_any_path_stays_below_or_is_refused(path: str) -> None:
    if stays_below(path):
        assert os.path.normpath(f"/base/{path}").startswith("/base/")
        assert os.path.join("/base", path) == f"/base/{path}"
    else:
        assert not path or {"", ".", ".."} & {*path.split("/")} or "\0" in path


def evil_record(meta: Path, path: str, fn: str = "evil-1-0.conda") -> None:
    """The record of a package that is linked and that nothing has asked for."""
    row = {"_path": path, "path_type": "hardlink"}
    content = {
        "name": "evil", "version": "1", "build": "0", "build_number": 0, "channel": "x",
        "subdir": "linux-64", "fn": fn, "url": f"file:///x/linux-64/{fn}", "depends": [],
        "files": [path], "paths_data": {"paths": [row], "paths_version": 1},
    }  # fmt: skip
    (meta / "evil-1-0.json").write_text(json.dumps(content))


@pytest.mark.parametrize("kind", ["up", "absolute", "name"])
def test_the_record_of_a_linked_package_deletes_nothing_else(
    kind: str, conda: Conda, two: Path, outside: Path
) -> None:
    meta = two / "cuda-13.0" / "conda-meta"
    precious = str(outside / "precious")
    up = "../" * 30 + precious[1:]
    path = {"up": up, "absolute": precious, "name": "lib/x"}[kind]
    evil_record(meta, path, *([f"{up}.conda"] if kind == "name" else []))
    done = in_words(conda.cuda("use", two, *MORE, check=False))
    assert done.code == 1, done.err
    assert f"The record of evil 1 in {meta} names '" in done.err
    assert "move its record away" in done.err
    for verb, *words in (("list",), ("doctor", "--fix", "-y"), ("off",)):
        done = in_words(conda.cuda(verb, two, *words, check=False))
        assert done.code == 0 or verb == "doctor", done.err
    (meta / "evil-1-0.json").rename(two / "evil.json")
    conda.cuda("use", two, *MORE)


def cached(cache: Path) -> Path:
    """The extracted package of nvcc."""
    return next(path.parent.parent for path in cache.glob("nvidia-cuda-nvcc*/info/paths.json"))


@pytest.mark.parametrize("kind", ["up", "absolute", "list", "folder", "file", "no list"])
def test_a_cached_package_is_linked_below_the_toolkit_or_not_at_all(
    kind: str, conda: Conda, own_cache: Path, environment: Path, outside: Path
) -> None:
    conda.cuda("use", environment, *NVCC)
    package = cached(own_cache)
    listing = package / "info" / "paths.json"
    content = json.loads(listing.read_text())
    row = dict(next(row for row in content["paths"] if row["path_type"] == "hardlink"))
    planted = {
        "up": "../" * 30 + str(outside / "planted")[1:],
        "absolute": str(outside / "planted"),
        "folder": "away/precious",
        "file": "precious",
    }.get(kind, row["_path"])
    if kind == "folder":
        (package / "away").symlink_to(outside)
    elif kind == "file":
        (package / "precious").symlink_to(outside / "precious")
    if kind == "list":
        listing.unlink()
        (package / "info" / "files").write_text(f"{outside}/planted\n")
    elif kind == "no list":
        listing.write_text("{")
    else:
        content["paths"].append({**row, "_path": planted, "no_link": True})
        listing.write_text(json.dumps(content))
    other = conda.create(conda.envs / "other")
    done = in_words(conda.cuda("use", other, *NVCC, check=False))
    assert done.code == 1, done.err
    assert "is not linked: " in done.err
    assert not list(other.glob("cuda*"))


def put(kind: str, path: Path) -> None:
    """Put something without an end in the place of a file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    else:
        os.mknod(path, 0o020666, os.makedev(1, 5))


@pytest.mark.parametrize("kind", ["link", "pipe", "device"])
def test_what_has_no_end_is_not_copied_with_a_root(kind: str, conda: Conda, two: Path) -> None:
    meta = two / "cuda-13.0" / "conda-meta"
    try:
        put(kind, meta / "zero")
    except PermissionError:
        pytest.skip("only root makes devices")
    done = in_words(conda.cuda("use", two, *MORE, check=False, timeout=60))
    if kind == "link":
        assert done.code == 0
        assert os.readlink(meta / "zero") == "/dev/zero"
    else:
        assert done.code == 1, done.err
        assert f"{meta / 'zero'} is in the way (it is not a file)" in done.err
    assert (meta / "zero").lstat().st_size < 100
