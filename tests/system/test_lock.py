"""One process at a time, also where the last holder takes the lock's file away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.system.lock import LockedError, is_held, locked

from ..conftest import PROJECT

# Adds one to a number in a file, in steps that another process could get in between.
_COUNT = """
import contextlib, sys, time
sys.path.insert(0, {project!r}); sys.path += {path!r}
from pathlib import Path
from conda_cuda_plugin.errors import ForeignFileError
from conda_cuda_plugin.system.lock import locked
lock, number = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(60):
    with locked(lock, "a test"):
        before = int(number.read_text())
        time.sleep(0.0005)
        number.write_text(str(before + 1))
        lock.unlink()
        with contextlib.suppress(OSError):
            lock.parent.rmdir()  # another one may have put its file there already
"""


def test_no_process_gets_in_between_when_the_file_goes_away(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    code = _COUNT.format(project=str(PROJECT), path=sys.path)
    words = [sys.executable, "-c", code, tmp_path / "state" / "lock", number]
    running = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(8)]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    assert number.read_text() == "480"
    assert not (tmp_path / "state").exists()


def test_whoever_waits_too_long_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    with locked(path, "a test"):
        assert is_held(path)
        with pytest.raises(LockedError, match=r"process \d+"), locked(path, "a test", patience=0.2):
            pass
    assert not is_held(path)


@pytest.mark.parametrize("in_the_way", ["file", "dangling folder", "dangling file"])
def test_what_stands_in_the_way_is_an_error_and_no_endless_loop(
    tmp_path: Path, in_the_way: str
) -> None:
    path = tmp_path / "state" / "lock"
    if in_the_way == "file":
        path.parent.write_text("a file")
    elif in_the_way == "dangling folder":
        path.parent.symlink_to(tmp_path / "gone")
    else:
        path.parent.mkdir()
        path.symlink_to(tmp_path / "gone" / "lock")
    with pytest.raises((OSError, ForeignFileError)), locked(path, "a test", below=tmp_path):
        pass
