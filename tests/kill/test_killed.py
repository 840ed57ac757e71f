"""Killed right before any change of the file system: the old state or the new one, never a third.

A dozen moments of each command here, spread evenly; all of them with `make fuzz`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conda_cuda_plugin.actions.change import LOCK
from conda_cuda_plugin.convert.unpacked import is_as_unpacked
from conda_cuda_plugin.environment import Environment

from ..conftest import Conda
from ..listing import leftovers, listing
from ..sources.index.server import Index, serve_index
from ..sources.wheelhouse import only_index, write_releases
from .killing import Killer

MOMENTS = int(os.environ.get("KILL_MOMENTS") or 12)
"""How many moments of each command; 0 for all."""


@dataclass(frozen=True)
class Case:
    """A command to be killed.

    Args:
        words: the command.
        again: what a user types next.
        states: the names of the current root that are allowed at any moment.
        served: whether its wheels come from an index, and are large enough to be unpacked meanwhile.
    """

    name: str
    words: tuple[str, ...]
    again: tuple[str, ...]
    states: tuple[str | None, ...]
    served: bool = False


PYPI = ("--from=pypi", "--yes")
CASES = (
    Case(
        "install",
        ("use", "11.8", "--flavor=base", *PYPI),
        ("use", "11.8", "--flavor=base", *PYPI),
        ("cuda-12.4", "cuda-11.8"),
    ),
    Case(
        "several wheels",
        ("use", "13.0", "--components=nvcc", *PYPI),
        ("use", "13.0", "--components=nvcc", *PYPI),
        ("cuda-12.4", "cuda-13.0"),
    ),
    Case(
        "wheels that come",
        ("use", "13.0", "--components=nvcc", *PYPI),
        ("use", "13.0", "--components=nvcc", *PYPI),
        ("cuda-12.4", "cuda-13.0"),
        served=True,
    ),
    Case(
        "add",
        ("use", "12.4", "--components=cublas", *PYPI),
        ("use", "12.4", "--components=cublas", *PYPI),
        ("cuda-12.4",),
    ),
    Case("switch", ("use", "13.0"), ("use", "13.0"), ("cuda-12.4", "cuda-13.0")),
    Case("off", ("off",), ("off",), ("cuda-12.4", None)),
    Case("remove", ("remove", "12.4", "--yes"), ("remove", "12.4", "--yes"), ("cuda-12.4", None)),
    Case(
        "remove all",
        ("remove", "--all", "--yes"),
        ("remove", "--all", "--yes"),
        ("cuda-12.4", None),
    ),
    Case(
        "apply",
        ("apply", "{file}", "--yes"),
        ("apply", "{file}", "--yes"),
        ("cuda-12.4", "cuda-11.8"),
    ),
)


def moments(calls: int, most: int = MOMENTS) -> Sequence[int]:
    """The numbers of the calls to kill at: all, or evenly spread ones with the first and last."""
    if not MOMENTS or calls <= most:
        return range(1, calls + 1)
    return sorted({1 + (calls - 1) * n // (most - 1) for n in range(most)})


def activated(prefix: Path) -> tuple[str, str]:
    """LD_LIBRARY_PATH in a shell that activates an environment; what the hooks have printed."""
    script = (
        'for f in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do [ -e "$f" ] && . "$f"; done; '
        'printf %s "${LD_LIBRARY_PATH-}"'
    )
    done = subprocess.run(
        ["sh", "-euc", script],
        env={"PATH": "/usr/bin:/bin", "CONDA_PREFIX": str(prefix), "CONDA_SHLVL": "1"},
        capture_output=True,
        text=True,
    )
    return done.stdout, done.stderr + ("" if done.returncode == 0 else f"exit {done.returncode}")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with wheels that are large enough to be unpacked while they come."""
    wheels = write_releases(tmp_path / "large wheels", "13.0.2", filler=1_200_000)
    with serve_index(Index(wheels)) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_at_any_change(
    case: Case,
    conda: Conda,
    template: Path,
    own_cache: Path,
    killer: Killer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if case.served:
        conda.variables |= only_index(request.getfixturevalue("index").address)
    if "cuda-13.0" in case.states and "--components=nvcc" in case.words:
        # It has to be installed, and not only made current.
        start = shutil.copytree(template, tmp_path / "start", symlinks=True)
        conda.cuda("remove", start, "13.0", "--yes")
        template = start
    start_cache, file = tmp_path / "cache", tmp_path / "cuda.yaml"
    shutil.copytree(own_cache, start_cache)
    prefix = conda.envs / "killed"
    if case.name == "apply":
        source = conda.create(conda.envs / "source")
        conda.cuda("use", source, "11.8", "--flavor=base", *PYPI)
        conda.cuda("export", source, "-f", file)

    def renew() -> None:
        for path, source in ((prefix, template), (own_cache, start_cache)):
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(source, path, symlinks=True)

    def words(some: Sequence[str]) -> list[str]:
        return [some[0], "-p", str(prefix), *(word.format(file=file) for word in some[1:])]

    renew()
    calls = killer.count(conda, words(case.words))
    conda("cuda", *words(case.again), check=False)
    wanted = listing_without_times(prefix)
    assert calls > 3
    for number in moments(calls):
        renew()
        where = f"killed at change {number} of {calls}"
        # The last calls may fall away: what is in the cache already differs a little.
        assert killer.kill(conda, words(case.words), number) or number > calls - 5, where
        environment = Environment(prefix)
        name = environment.current_name()
        assert name in case.states, where
        toolkits = [t for t in environment.toolkits() if t.complete]
        # What has its name in the cache is all there.
        assert all(map(is_as_unpacked, own_cache.glob("*-wheel_0"))), where
        path, complaint = activated(prefix)
        assert complaint == "", where
        if name is not None:
            assert name in [toolkit.name for toolkit in toolkits], where
            assert path in ("", f"{prefix}/cuda/lib64"), where
            assert list((prefix / "cuda" / "lib64").glob("libcudart.so*")), where
        else:
            assert path == "", where
        if leftovers(prefix):
            found = conda.cuda("doctor", prefix, "--json", check=False).json
            assert "interrupted-command" in [finding["rule"] for finding in found["findings"]], (
                where
            )
        again = conda("cuda", *words(case.again), check=False)
        done_already = "12.4 is not installed" in again.err
        assert again.code == 0 or done_already, f"{where}: {again.err}"
        if done_already or "No toolkit is installed" in again.out:
            # All but the tidying had been done, so there was nothing to do this time.
            conda.cuda("doctor", prefix, "--fix", "--yes", check=False)
        assert leftovers(prefix) == leftovers(own_cache) == [], where
        assert list(own_cache.glob("conda-cuda/downloads/*")) == [], where
        assert listing_without_times(prefix) == wanted, where


def test_a_mirror_at_any_change(
    conda: Conda, own_cache: Path, killer: Killer, tmp_path: Path
) -> None:
    """The channel's index is the old one or the new one, and every package in it is whole."""
    before, start_cache = tmp_path / "before", tmp_path / "cache"
    conda("cuda", "mirror", "11.8", "--flavor=base", *PYPI, "--to", before)
    shutil.copytree(own_cache, start_cache)
    folder = tmp_path / "mirror"

    def renew() -> None:
        for path, source in ((folder, before), (own_cache, start_cache)):
            shutil.rmtree(path, ignore_errors=True)
            shutil.copytree(source, path, symlinks=True)

    words = ["mirror", "12.4", "--flavor=base", *PYPI, "--to", folder]
    renew()
    calls = killer.count(conda, words)
    wanted, seen = listing(folder), set()
    old, new = names_in(before), names_in(folder)
    assert calls > 3 and old < new
    for number in moments(calls):
        renew()
        where = f"killed at change {number} of {calls}"
        assert killer.kill(conda, words, number) or number > calls - 5, where
        found = names_in(folder)
        assert found in (old, new), where
        seen.add(found == new)
        conda("cuda", *words)
        assert listing(folder) == wanted, where
        assert leftovers(own_cache) == [], where
    assert False in seen


def names_in(channel: Path) -> set[str]:
    """The packages that a channel's indexes name, every one of them checked."""
    names = set()
    for index in channel.glob("*/repodata.json"):
        content = json.loads(index.read_text())
        for name, row in {**content["packages"], **content["packages.conda"]}.items():
            data = (index.parent / name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["sha256"], name
            names.add(name)
    return names


def listing_without_times(prefix: Path) -> dict[str, str]:
    """The environment without what names the moment of its installation, or who held its lock."""
    return {
        path: "" if "/conda-meta/" in path or path == LOCK.as_posix() else text
        for path, text in listing(prefix).items()
        if not path.startswith("conda-meta")
    }
