"""How long it took to fetch is said once, whoever fetched and packed: conda or conda cuda."""

from __future__ import annotations

import re
from pathlib import Path

from ...conftest import Conda
from ..cuda_files import export, with_empty_cache
from .commands import PYPI, mirror, use

TIME = r"in \d+\.\d s\."


def test_a_mirror_of_wheels_and_the_use_of_it(conda: Conda, folder: Path, tmp_path: Path) -> None:
    with_empty_cache(conda, tmp_path)
    told = mirror(conda, folder, "12.4", *PYPI).err
    assert re.fullmatch(
        r"Fetching 2 packages(, \d KB)?\n"
        rf"Fetched and unpacked 2 packages, \d KB, {TIME}\n"
        rf"Packing 2 packages\nPacked 2 packages, \d+ B, {TIME}\n",
        told,
    ), told
    assert mirror(conda, folder, "12.4", *PYPI).err == ""
    (tmp_path / "empty cache").rename(tmp_path / "first cache")
    with_empty_cache(conda, tmp_path)
    # It is conda that fetches these, and says nothing of it by itself.
    told = use(conda, folder, "12.4").err
    fetched = rf"Fetching 2 packages, \d KB\nFetched and unpacked 2 packages, \d KB, {TIME}\n"
    assert re.match(fetched, told), told
    assert "Downloading" not in told
    assert "Fetched" not in use(conda, folder, "12.4", name="two").err
    assert "Downloading" not in use(conda, folder, "12.4", name="three").err


def test_a_mirror_of_a_mirror(conda: Conda, folder: Path, tmp_path: Path) -> None:
    mirror(conda, folder, "12.4", *PYPI)
    told = mirror(conda, tmp_path / "copy", "12.4", "-c", folder.as_uri(), "--yes").err
    assert re.fullmatch(
        rf"Fetching 2 packages, \d KB\nFetched 2 packages, \d KB, {TIME}\n", told
    ), told


def test_an_exact_copy(conda: Conda, two: Path, tmp_path: Path) -> None:
    path = export(conda, two, "--all")
    with_empty_cache(conda, tmp_path)
    told = conda.cuda("apply", conda.create(conda.envs / "other"), path, "-y").err
    found = re.findall(r"^Fetch.*$", told, re.MULTILINE)
    assert re.fullmatch(rf"Fetched and unpacked \d packages, \d+ KB, {TIME}", found.pop()), told
    assert all(line.startswith("Fetching nvidia-") for line in found), told
