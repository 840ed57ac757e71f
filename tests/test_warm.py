"""Commands that are forks of one conda do what they do when conda is started from nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import Conda, warm_conda
from .warm import MODULES

SHOWN = "umask; pwd; env | sort; ulimit -a"


def both(conda: Conda, cwd: Path, *words: str, **extra: str) -> list[tuple[int, str, str]]:
    """Exit code and both outputs of a command: forked, and started from nothing."""
    environ = conda.environ(**extra)
    forked = warm_conda().run(words, environ, cwd, 300)
    started = subprocess.run(
        [conda.exe, *words], env=environ, cwd=cwd, stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )  # fmt: skip
    assert forked is not None
    return [(done.returncode, done.stdout, done.stderr) for done in (forked, started)]


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        (),
        ("nonsense",),
        ("config", "--show", "--json"),
        ("cuda", "list", "-p", "{prefix}"),
        ("cuda", "list", "-p", "nowhere"),
        ("cuda", "use", "no-version"),
        ("shell.posix", "activate", "{prefix}"),
        ("run", "-p", "{prefix}", "sh", "-c", SHOWN),
        ("run", "-p", "{prefix}", "sh", "-c", "exit 3"),
    ],
    ids=" ".join,
)
def test_it_is_the_same_command(
    words: tuple[str, ...], conda: Conda, environment: Path, tmp_path: Path
) -> None:
    line = [word.format(prefix=environment) for word in words]
    before = os.umask(0o027)
    try:
        forked, started = both(conda, tmp_path, *line, CONDA_ALWAYS_YES="1", SOME="a\nä\udcff")
    finally:
        os.umask(before)
    assert forked == started


def test_one_command_leaves_nothing_to_the_next(conda: Conda, tmp_path: Path) -> None:
    words = ("config", "--show", "--json")
    changed, _ = both(conda, tmp_path, *words, CONDA_CHANNELS="a,b", CONDA_VERBOSITY="2")
    forked, started = both(conda, tmp_path, *words)
    assert forked == started != changed


@pytest.mark.parametrize("name", ["PYTHONUTF8", "LC_ALL", "LD_PRELOAD", "TZ"])
def test_what_is_read_at_the_start_needs_a_start(name: str, conda: Conda, tmp_path: Path) -> None:
    assert warm_conda().run(["--version"], conda.environ(**{name: "0"}), tmp_path, 300) is None


def test_a_command_that_takes_too_long_is_killed(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    words = ["run", "-p", str(environment), "sleep", "5"]
    with pytest.raises(subprocess.TimeoutExpired):
        warm_conda().run(words, conda.environ(), tmp_path, 0.1)
    forked, started = both(conda, tmp_path, "--version")
    assert forked == started


def test_the_plugin_is_imported_by_the_command(conda: Conda) -> None:
    code = f"import sys\nfor name in {MODULES}: __import__(name)\n" + (
        "print([name for name in sys.modules if name.startswith('conda_cuda')])"
    )
    line = [conda.exe.parent / "python", "-I", "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
