"""The picture of the house: what it counts, for the working tree and for a commit."""

from __future__ import annotations

import subprocess
import sys

from maintenance.house import File, House, read

from ..conftest import PROJECT


def house(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "maintenance.house", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def test_figures() -> None:
    files = (File("", 10, 1), File("cli", 20, 0), File("cli", 30, 2), File("cli/verbs", 40, 0))
    assert House(files, 3).figures() == {
        "rooms": 1,
        "folders": 3,
        "floors": 3,
        "files": 4,
        "lines": 100,
        "mean file": 25,
        "longest file": 40,
        "most files in a folder": 2,
        "files at the top": 1,
        "imports inside functions": 3,
    }


def test_a_commit_is_read_like_the_working_tree() -> None:
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=PROJECT).returncode
    assert changed or read("HEAD") == read(None)
    done = house("HEAD")
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["HEAD", "working", "tree"]
    assert len([row for row in rows if row.startswith("lines ")]) == 1


def test_a_commit_that_is_not_there() -> None:
    done = house("no-such-commit")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
