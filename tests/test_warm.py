"""Commands that are forks of one conda do what they do when conda is started from nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Conda, warm_conda
from .warm import WarmConda

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


def test_commands_at_the_same_time_do_not_wait_for_each_other(
    conda: Conda, environment: Path, tmp_path: Path
) -> None:
    def run(_: int) -> subprocess.CompletedProcess[str] | None:
        script = (
            f"mkdir {tmp_path}/$$; until [ $(ls {tmp_path} | grep -c '^[0-9]') = 2 ]; do :; done"
        )
        words = ["run", "-p", str(environment), "sh", "-c", script]
        return warm_conda().run(words, conda.environ(), tmp_path, 60)

    with ThreadPoolExecutor(2) as pool:
        assert [done and done.returncode for done in pool.map(run, range(2))] == [0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "import atexit; atexit.register(print, 'last'); print('first')",
        "import sys; sys.exit('a sentence')",
        "import sys; sys.exit(300)",
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ],
)
def test_it_ends_as_python_does(text: str, tmp_path: Path) -> None:
    """Objects are not taken apart, but all else that belongs to the end is done."""
    (tmp_path / "python").symlink_to(sys.executable)
    program = tmp_path / "program"
    program.write_text(f"#!{tmp_path}/python\n{text}\n")
    program.chmod(0o755)
    forked = WarmConda(program, os.environ).run([], os.environ, tmp_path, 60)
    started = subprocess.run([program], capture_output=True, text=True)
    assert forked is not None
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )
