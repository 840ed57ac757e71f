"""Asked to stop right before any change of the file system, in whatever thread: all is tidied up.

Eight moments of each command here, spread evenly; all of them with `make fuzz`.
"""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import Conda
from ..listing import leftovers
from ..sources.index.server import Index, serve_index
from ..sources.wheelhouse import only_folder, only_index, write_releases
from .killing import Killer
from .test_killed import PYPI, listing_without_times, moments

MOMENTS = 8
THREADS = {"KILL_THREADS": "yes"}
OLD, NEW = "cuda-12.4", "cuda-13.0"


@dataclass(frozen=True)
class Case:
    """How a command is asked to stop.

    Args:
        times: how often.
        which: variables that say which changes count.
        served: whether its wheels come from an index, and are unpacked meanwhile.
    """

    name: str
    times: int
    which: dict[str, str]
    served: bool = False


CASES = (
    Case("anywhere", 1, {}),
    Case("in a thread, twice", 2, THREADS),
    Case("in a thread, while they come", 1, THREADS, served=True),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_at_any_change(
    case: Case, conda: Conda, two: Path, own_cache: Path, killer: Killer, tmp_path: Path
) -> None:
    wheels = write_releases(tmp_path / "wheels", "13.0.2", filler=1_200_000 if case.served else 0)
    conda.cuda("remove", two, "13.0", "--yes")
    start, prefix = shutil.copytree(two, tmp_path / "start", symlinks=True), two
    words = ["use", "-p", prefix, "13.0", "--components=nvcc", *PYPI]

    def renew() -> None:
        shutil.rmtree(prefix)
        shutil.copytree(start, prefix, symlinks=True)
        shutil.rmtree(own_cache)
        conda.empty_cache(own_cache)

    with serve_index(Index(wheels)) as index:
        conda.variables |= only_index(index.address) if case.served else only_folder(wheels)
        renew()
        calls = killer.count(conda, words, **case.which)
        states = {OLD: of_ours(start), NEW: of_ours(prefix)}
        assert calls > 3
        for number in moments(calls, MOMENTS):
            renew()
            done = killer.stop(conda, words, number, case.times, **case.which)
            current = (prefix / "cuda").readlink().name
            where = f"stopped at change {number} of {calls}, {done.returncode}: {done.stderr}"
            # Before conda takes signals up it ends by them; what conda links it finishes.
            assert done.returncode in (-signal.SIGTERM, 0, 1), where
            assert done.returncode != 1 or "Nothing is half done" in done.stderr, where
            assert done.returncode or current == NEW, where
            assert leftovers(own_cache) == leftovers(prefix) == [], where
            assert of_ours(prefix) == states[current], where


def of_ours(prefix: Path) -> dict[str, str]:
    """What an environment holds, but for the files that conda itself leaves when it is stopped."""
    return {
        path: text
        for path, text in listing_without_times(prefix).items()
        if not path.rpartition("/")[2].startswith((".tmp.", "history.c~", "files.json"))
    }
