"""What a second environment with the same toolkit costs on the disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .builder import Channels
from .large import SUBDIR, write_large_channels


def blocks(folders: Iterable[Path]) -> int:
    """The blocks (of 512 bytes) that folders take, as `du` counts: each file once."""
    seen: dict[tuple[int, int], int] = {}
    for folder in folders:
        for parent, names, files in os.walk(folder):
            for path in (parent, *(os.path.join(parent, name) for name in (*names, *files))):
                found = os.lstat(path)
                seen[found.st_dev, found.st_ino] = found.st_blocks
    return sum(seen.values())


def share_added(conda: Any, *words: str, **variables: str) -> float:
    """What the second of two environments adds to the disk, as a share of the first."""
    prefixes = [conda.create(conda.envs / name) for name in ("first", "second")]
    conda.cuda("use", prefixes[0], *words, "-y", **variables)
    first, before = blocks(prefixes[:1]), blocks([conda.pkgs, *prefixes])
    conda.cuda("use", prefixes[1], *words, "-y", **variables)
    added = blocks([conda.pkgs, *prefixes]) - before
    print(f"{' '.join(words[:1])}: {first / 2048:.1f} MiB, the second adds {added / first:.2%}")
    return added / first


@pytest.mark.network
@pytest.mark.usefixtures("own_cache")
class TestSecondEnvironment:
    """Counted in blocks, hard links once."""

    def test_the_real_compiler_set_adds_under_two_percent(self, conda: Any) -> None:
        words = ("13.0", "--from=pypi", "--components=nvcc")
        assert 0 < share_added(conda, *words) < 0.02

    def test_a_toolkit_of_thousands_of_files_adds_under_two_percent(
        self, conda: Any, tmp_path: Path
    ) -> None:
        # A real one has 2 to 6 GB in as many files: the share is smaller then.
        root = write_large_channels(tmp_path / "large", 5000, library=150_000_000)
        words = ("12.4", "--from=channel", "--flavor=devel")
        variables = {"CONDA_CHANNEL_ALIAS": root.as_uri(), "CONDA_SUBDIR": SUBDIR}
        assert 0 < share_added(conda, *words, **variables) < 0.02
        files = sum(len(names) for _, _, names in os.walk(conda.envs / "second" / "cuda-12.4"))
        assert files > 5000

    def test_what_is_as_in_the_package_is_never_copied(
        self, conda: Any, channels: Channels
    ) -> None:
        """However small the toolkit: only files that had to be changed are its own."""
        share_added(conda, "12.4", "--flavor=devel", "-c", channels.forge)
        roots = [conda.envs / name / "cuda-12.4" for name in ("first", "second")]
        unchanged = _unchanged_files(roots[1])
        assert len(unchanged) > 40
        copied = {name for name in unchanged if not (roots[0] / name).samefile(roots[1] / name)}
        # The one small file that is written anew where nvcc is led to a compiler.
        assert copied <= {"bin/nvcc.profile"}


def _unchanged_files(root: Path) -> list[str]:
    """The regular files of a toolkit root that are byte by byte those of its packages."""
    found = []
    for record in root.glob("conda-meta/*.json"):
        for row in json.loads(record.read_text())["paths_data"]["paths"]:
            path = root / row["_path"]
            if path.is_file() and not path.is_symlink():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found += [row["_path"]] if digest == row["sha256"] else []
    return found
