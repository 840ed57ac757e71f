"""What somebody writes into the package cache takes nothing else away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conda_cuda_plugin.packages.extraction import repair

from ..conftest import Conda
from ..listing import listing
from .conftest import in_words

HALF = "half-1.0-0"


def make_cache(folder: Path) -> Path:
    """A cache with a whole package, a half one, a folder of the user's, and things beside it."""
    cache = folder / "pkgs"
    for name in ("whole-1.0-0", HALF, "notes", "not-a-package"):
        (cache / name / "lib").mkdir(parents=True)
        (cache / name / "lib" / "content").write_text("x")
    info = cache / "whole-1.0-0" / "info"
    info.mkdir()
    (info / "paths.json").write_text(
        '{"paths": [{"_path": "lib/content", "path_type": "hardlink", "size_in_bytes": 1}]}'
    )
    (info / "repodata_record.json").write_text("{}")
    (cache / f"{HALF}.conda").touch()
    (folder / "beside").mkdir()
    (folder / "beside" / "precious").touch()
    (cache / "linked-1.0-0").symlink_to(folder / "beside")
    (cache / "linked-1.0-0.conda").touch()
    (cache / "conda-cuda").mkdir()
    return cache


names = st.one_of(
    st.sampled_from(["..", ".", "", "a/", "/", "notes", HALF, f"{HALF}/", f"../pkgs/{HALF}"]),
    st.sampled_from(["linked-1.0-0", "not-a-package", "whole-1.0-0", "conda-cuda", "urls.txt"]),
    st.text(max_size=12),
    st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=2),
)


@settings(max_examples=80)
@given(st.one_of(st.lists(names, max_size=6), st.dictionaries(st.text(max_size=3), names), names))
def test_any_record_of_extraction_removes_what_is_half_extracted_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, noted: object
) -> None:
    folder = tmp_path_factory.mktemp("any")
    cache = make_cache(folder)
    before = listing(folder)
    (cache / "conda-cuda" / "extracting.json").write_text(json.dumps(noted))
    removed = repair(cache)
    assert removed == ([HALF] if isinstance(noted, list) and HALF in noted else [])
    after = {
        path: text for path, text in before.items() if f"/{HALF}/" not in f"/{path}/" or not removed
    }
    assert listing(folder) == after


@pytest.mark.parametrize("name", ["..", "", ".", "a/"])
def test_use_leaves_what_is_beside_the_cache(
    name: str, conda: Conda, own_cache: Path, environment: Path, outside: Path
) -> None:
    (own_cache / "a").mkdir()
    (own_cache / "a" / "mine").touch()
    (own_cache / "conda-cuda").mkdir()
    (own_cache / "conda-cuda" / "extracting.json").write_text(json.dumps([name]))
    conda.cuda("use", environment, "11.8", "--flavor=base", "--from=pypi", "-y")
    assert (own_cache / "a" / "mine").exists()
    assert (own_cache / "urls.txt").exists()
    assert (environment / "cuda" / "lib64").is_dir()


@pytest.mark.parametrize(
    "content", ["[", '{"packages.conda": {"x.conda": 5}}', "[" * 5000, "5", "\xff"]
)
@pytest.mark.parametrize("file", ["linux-64/repodata.json", "releases.json", "extracting.json"])
def test_broken_files_of_the_cache_are_found_out_anew(
    file: str, content: str, conda: Conda, own_cache: Path, environment: Path
) -> None:
    words = ("11.8", "--flavor=base", "--from=pypi", "-y")
    conda.cuda("use", environment, *words)
    (own_cache / "conda-cuda" / file).write_bytes(content.encode("latin-1"))
    found = in_words(conda.cuda("doctor", environment, "--json", check=False)).json
    broken = "cache-broken" in [finding["rule"] for finding in found["findings"]]
    assert broken == (file != "extracting.json")
    in_words(conda.cuda("doctor", environment, "--fix", "-y", check=False))
    found = conda.cuda("doctor", environment, "--json", check=False).json
    assert "cache-broken" not in [finding["rule"] for finding in found["findings"]]
    other = conda.create(conda.envs / "other")
    conda.cuda("use", other, *words)
    assert os.path.isdir(other / "cuda" / "lib64")


@pytest.mark.parametrize("file", ["linux-64/repodata.json", "releases.json", "extracting.json"])
def test_use_gets_along_with_broken_files_of_the_cache(
    file: str, conda: Conda, own_cache: Path, environment: Path
) -> None:
    path = own_cache / "conda-cuda" / file
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    conda.cuda("use", environment, "11.8", "--flavor=base", "--from=pypi", "-y", timeout=60)
