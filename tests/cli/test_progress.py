"""Progress bars: on a terminal alone, and gone when the work is done."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ..conftest import Conda
from ..sources.wheelhouse import only_folder, write_releases
from .completing import terminal

TITLE = "(1/1) nvidia-cuda-runtime-cu11 11.8.89"
WORKING = """
import sys, time
from conda.base.context import context
from conda_cuda_plugin.progress import Progress
context.__init__(argparse_args=dict(json="--json" in sys.argv, quiet="--quiet" in sys.argv))
with Progress("file") as progress:
    for part in range(5):
        progress.update(part * 500_000, 2_000_000)
        time.sleep(0.15)
    progress.step("unpacking")
    progress.update(1_000_000, 2_000_000)
    time.sleep(2.5)
print("DONE")
"""
WAITING = """
import sys, time
from conda.base.context import context
from conda_cuda_plugin.progress import Waiting
context.__init__(argparse_args=dict(json="--json" in sys.argv, quiet="--quiet" in sys.argv))
with Waiting("Looking"), Waiting("Inside"):
    time.sleep(2.5)
print("DONE")
"""


@pytest.fixture
def fresh(conda: Conda, tmp_path: Path) -> Conda:
    """A conda whose package cache is empty, and wheels that take a moment."""
    wheels = write_releases(tmp_path / "wheels", "11.8.0", filler=3_000_000)
    (tmp_path / "pkgs").mkdir()
    (tmp_path / "pkgs/urls.txt").touch()
    conda.variables.update(only_folder(wheels), CONDA_PKGS_DIRS=str(tmp_path / "pkgs"))
    return conda


def use(conda: Conda, prefix: Path, *more: str, **variables: str) -> str:
    """What a person sees who installs 11.8 at a terminal."""
    line, at_terminal = use_line(conda, prefix, *more)
    with terminal(line, at_terminal | variables, prefix) as screen:
        return screen.read_until("END\r\n", 300)


def use_line(conda: Conda, prefix: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    """The command line that says END when it is done, and its variables."""
    words = ["cuda", "use", "11.8", "-p", str(prefix), "--from=pypi", "--flavor=base", "-y", *more]
    line = ["sh", "-c", '"$@"; echo "E""ND"', "sh", str(conda.exe), *words]
    return line, conda.environ(TERM="xterm")


def test_a_terminal_shows_a_bar_that_goes_away(fresh: Conda, environment: Path) -> None:
    shown = use(fresh, environment)
    assert f"\r{TITLE} " in shown
    assert ", unpacking" in shown
    assert "CUDA 11.8.0 is current in one." in shown


@pytest.mark.parametrize(
    "how", [{"words": ["--quiet"]}, {"words": ["--json"]}, {"TERM": "dumb"}], ids=str
)
def test_nobody_who_does_not_want_it(
    how: dict[str, object], fresh: Conda, environment: Path
) -> None:
    words = how.get("words", [])
    assert isinstance(words, list)
    shown = use(fresh, environment, *words, **{k: str(v) for k, v in how.items() if k != "words"})
    assert f"\r{TITLE} " not in shown
    assert "unpacking" not in shown


def test_a_pipe_gets_the_name_of_each_file(fresh: Conda, environment: Path) -> None:
    result = fresh.cuda("use", environment, "11.8", "--from=pypi", "--flavor=base", "-y")
    assert "(1/1) nvidia-cuda-runtime-cu11 11.8.89\n" in result.err
    assert not re.search(r"[\r█]|unpacking", result.err + result.out)


@pytest.mark.parametrize("option", ["", "--json", "--quiet"])
def test_a_bar_says_how_much_and_what(option: str, conda: Conda, tmp_path: Path) -> None:
    line = [str(conda.exe.parent / "python"), "-c", WORKING, *option.split()]
    with terminal(line, conda.environ(TERM="xterm"), tmp_path) as screen:
        shown = screen.read_until("DONE")
    if option:
        assert shown.splitlines() == ["DONE"]
        return
    assert re.search(r"file  [█▏▎▍▌▋▊▉# ]+ 1\.\d+M/2\.00M .*B/s", shown)
    assert re.search(r"file  .* 1\.00M/2\.00M, unpacking [12] s", shown)
    # Not wider than the screen, and blank when the work is done.
    lines = [line for line in shown.split("\r") if line.startswith("file")]
    assert max(map(len, lines)) <= 80
    assert shown.rpartition("DONE")[0].split("\r")[-2].strip() == ""


@pytest.mark.parametrize("option", ["", "--json", "--quiet"])
def test_waiting_is_told_after_a_second(option: str, conda: Conda, tmp_path: Path) -> None:
    line = [str(conda.exe.parent / "python"), "-c", WAITING, *option.split()]
    with terminal(line, conda.environ(TERM="xterm"), tmp_path) as screen:
        shown = screen.read_until("DONE")
    assert ("Looking ... 00:0" in shown) == (option == "")
    assert "Inside" not in shown
    done = subprocess.run(line, env=conda.environ(), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("DONE\n", "")


def test_waiting_for_another_command_names_its_process(fresh: Conda, environment: Path) -> None:
    """Another one that takes its time: a process that holds the lock until its input ends."""
    lock = environment / "etc/conda/cuda/lock"
    hold = (
        "import sys; from pathlib import Path; from conda_cuda_plugin.lock import locked\n"
        "with locked(Path(sys.argv[1]), 'a test'): print('held', flush=True); sys.stdin.read()"
    )
    python = fresh.exe.parent / "python"
    holder = subprocess.Popen(
        [python, "-c", hold, lock],
        env=fresh.environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        line, variables = use_line(fresh, environment)
        with terminal(line, variables, environment) as screen:
            told = screen.read_until(") ... 00:0", 60)
            holder.stdin.close()
            screen.read_until("END\r\n", 60)
    assert f"Waiting for another conda cuda in this environment (process {holder.pid})" in told
