"""What commands ask of the file system, for each environment and for each file."""

from __future__ import annotations

import _json
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ..channel.large import SUBDIR, write_large_channels
from ..conftest import Conda
from .calls import name, starts_a_process, traced

FEW, MANY = 4, 24
LIBRARY = "libcudart.so.12"


@pytest.fixture
def two(two: Path) -> Path:
    """The environment, with a library that can be loaded."""
    (library,) = (path for path in two.glob(f"cuda-12.4/**/{LIBRARY}") if not path.is_symlink())
    library.unlink()
    shutil.copy(_json.__file__, library)
    return two


def make_more(conda: Conda, two: Path, number: int) -> None:
    """Copies of an environment, so many in all."""
    for index in range(number):
        if not (conda.envs / f"more{index}").exists():
            subprocess.run(["cp", "-a", two, conda.envs / f"more{index}"], check=True)


def per_environment(conda: Conda, two: Path, folder: Path, *words: str | Path) -> float:
    """How many system calls about files a command makes for each further environment."""
    counts = []
    for number in (FEW, MANY):
        make_more(conda, two, number)
        line = [conda.exe, "cuda", *words]
        counts.append(len(traced(line, conda.environ(), "%file,getdents64", folder)))
    return (counts[1] - counts[0]) / (MANY - FEW)


def test_list_of_all_environments(conda: Conda, two: Path, tmp_path: Path) -> None:
    """Two toolkits in each: the folder, the link, and a file for each toolkit."""
    assert 0 < per_environment(conda, two, tmp_path, "list", "--envs") <= 30


def test_which_does_not_walk_the_trees(conda: Conda, two: Path, tmp_path: Path) -> None:
    count = per_environment(conda, two, tmp_path, "which", LIBRARY, "-p", two)
    files = sum(len(names) for _, _, names in os.walk(two))
    assert 0 < count <= 60
    # As many files again in each environment change nothing.
    for prefix in [two, *conda.envs.glob("more*")]:
        more = prefix / "cuda-12.4" / "include" / "deep"
        for number in range(files):
            (more / f"part{number % 9}").mkdir(parents=True, exist_ok=True)
            (more / f"part{number % 9}" / f"header{number}.h").touch()
    line = [conda.exe, "cuda", "which", LIBRARY, "-p", two]
    calls = traced(line, conda.environ(), "%file,getdents64", tmp_path)
    assert not [call for call in calls if "/include/deep" in call]


def test_which_of_a_library_starts_no_process_for_each_environment(
    conda: Conda, two: Path, tmp_path: Path
) -> None:
    counts = []
    for number in (1, 6):
        make_more(conda, two, number)
        line = [conda.exe, "cuda", "which", LIBRARY, "-p", two]
        calls = traced(line, conda.environ(), "process", tmp_path)
        counts.append(sum(map(starts_a_process, calls)))
    assert counts[0] == counts[1]


def test_a_second_environment_takes_few_calls_for_each_file(conda: Conda, tmp_path: Path) -> None:
    """A hard link, a look at what was linked, and no walk through it all afterwards."""
    counts = []
    cache = tmp_path / "large-pkgs"
    cache.mkdir()
    (cache / "urls.txt").touch()
    for files in (100, 500):
        root = write_large_channels(tmp_path / f"channels{files}", files, library=1000)
        variables = conda.environ(
            CONDA_CHANNEL_ALIAS=root.as_uri(),
            CONDA_SUBDIR=SUBDIR,
            CONDA_PKGS_DIRS=str(cache / str(files)),
        )
        (cache / str(files)).mkdir()
        (cache / str(files) / "urls.txt").touch()
        words = ("cuda", "use", "12.4", "--from=channel", "--flavor=devel", "-yq", "-p")
        first, second = (conda.create(conda.envs / f"{which}{files}") for which in "ab")
        subprocess.run([conda.exe, *words, first], env=variables, check=True)
        calls = traced([conda.exe, *words, second], variables, "%file,link", tmp_path)
        links = [call for call in calls if name(call) in ("link", "linkat")]
        assert len(links) >= files
        counts.append(len(calls))
        record = next((second / "cuda-12.4" / "conda-meta").glob("cuda-cccl-*.json"))
        assert len(json.loads(record.read_text())["files"]) == files
    # A folder for every fifty files comes on top.
    assert (counts[1] - counts[0]) / 400 <= 3.5
