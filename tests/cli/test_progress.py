"""One bar for all files: on a terminal alone, gone when the work is done; then the time."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Conda
from ..sources.index.server import Index, serve_index
from ..sources.wheelhouse import only_index, write_releases
from .completing import terminal

WORKING = """
import sys, time
from conda.base.context import context
from conda_cuda_plugin.system.progress import Fetched, Progress
from conda_cuda_plugin.system.progress_text import Part
context.__init__(argparse_args=dict(json="--json" in sys.argv, quiet="--quiet" in sys.argv))
one, two = parts = Part("one", 2_000_000), Part("two")
with Fetched(), Progress(parts):
    one.begin("fetching")
    for done in range(16):
        one.update(done * 125_000, 2_000_000)
        time.sleep(0.1)
    one.begin("unpacking")
    two.begin("fetching")
    time.sleep(2)
    two.update(500_000, 1_000_000)
    time.sleep(0.5)
    if "--fail" in sys.argv:
        sys.exit("It failed.")
    one.finish(), two.finish()
print("DONE")
"""
WORDS = ("--components=cudart,cublas",)
WAITING = """
import sys, time
from conda.base.context import context
from conda_cuda_plugin.system.progress import Waiting
context.__init__(argparse_args=dict(json="--json" in sys.argv, quiet="--quiet" in sys.argv))
with Waiting("Looking"), Waiting("Inside"):
    time.sleep(2.5)
print("DONE")
"""


LAST = r"Fetched and unpacked 2 packages, 5\.7 MB, in \d\.\d s\."
FETCHING = r"\[#*-*\]  \d\.\d MB/5\.7 MB  \d\.\d MB/s  00:0\d left  fetching nvidia-c.*"


@pytest.fixture
def fresh(conda: Conda, tmp_path: Path) -> Conda:
    """A conda whose package cache is empty."""
    conda.empty_cache(tmp_path / "pkgs")
    return conda


@pytest.fixture
def index(fresh: Conda, tmp_path: Path) -> Iterator[Index]:
    """An index from which a wheel takes two seconds to come."""
    wheels = write_releases(tmp_path / "wheels", "12.4.1", filler=3_000_000)
    with serve_index(Index(wheels, rate=1_500_000)) as running:
        fresh.variables.update(only_index(running.address))
        yield running


def use(conda: Conda, prefix: Path, *more: str, columns: int = 80, **variables: str) -> str:
    """What a person sees who installs 12.4 at a terminal."""
    line, at_terminal = use_line(conda, prefix, *more)
    with terminal(line, at_terminal | variables, prefix, columns) as screen:
        return screen.read_until("END\r\n", 300)


def use_line(conda: Conda, prefix: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    """The command line that says END when it is done, and its variables."""
    words = ["cuda", "use", "12.4", "-p", str(prefix), "--from=pypi", *WORDS, "-y", *more]
    # Of the terminal it controls, as in a window.
    line = ["setsid", "-cw", "sh", "-c", 'trap : INT; "$@"; echo "E""ND"', "sh", str(conda.exe)]
    return [*line, *words], conda.environ(TERM="xterm")


def frames(shown: str, columns: int = 80) -> tuple[list[str], str]:
    """What a bar has drawn, without blanks at the end, and what came after it was wiped out."""
    before, _, rest = shown.partition("\r[" if "\r[" in shown else "\r5.7 MB")
    assert "\x1b" not in before
    *drawn, after = re.split(r"\r {20,}\r", "[" + rest, maxsplit=1)
    assert len(drawn) == 1, shown
    assert "\n" not in drawn[0]
    found = re.split(r"\r+", drawn[0])
    # The last column stays free: some terminals go on to the next line behind it.
    assert max(map(len, found)) < columns
    return [frame.rstrip() for frame in found], after


def on_screen(shown: str) -> list[str]:
    """The lines of a screen after all that was written to it."""
    rows: list[list[str]] = [[]]
    column = 0
    for one in shown:
        if one == "\r":
            column = 0
        elif one == "\n":
            rows.append([])
        else:
            row = rows[-1]
            row[column : column + 1] = [one]
            column += 1
    return ["".join(row).rstrip() for row in rows]


def test_a_terminal_shows_one_bar_that_goes_away(
    fresh: Conda, index: Index, environment: Path, tmp_path: Path
) -> None:
    shown = use(fresh, environment)
    drawn, after = frames(shown)
    assert any(re.fullmatch(FETCHING, frame) for frame in drawn), drawn
    assert all(re.fullmatch(r"\[[^?]+|", frame) for frame in drawn), drawn
    assert re.match(LAST + "\r\n", after), after
    assert not re.search("fetch", after.partition("\n")[2], re.IGNORECASE)
    assert "CUDA 12.4.1 is current in one." in after
    # Another environment needs nothing of it.
    (tmp_path / "two/conda-meta").mkdir(parents=True)
    (tmp_path / "two/conda-meta/history").touch()
    again = use(fresh, tmp_path / "two")
    assert "CUDA 12.4.1 is current" in again
    assert not re.search("fetched|fetching|left", again, re.IGNORECASE)


def test_a_narrow_one_too(fresh: Conda, index: Index, environment: Path) -> None:
    shown = use(fresh, environment, columns=40)
    before, _, rest = shown.partition(" MB/5.7 MB")
    drawn, after = frames(f"\r[{before[-3:]} MB/5.7 MB{rest}", 40)
    assert any(re.fullmatch(r"\[?\d\.\d MB/5\.7 MB  .* left", frame) for frame in drawn), drawn
    assert re.match(LAST, after)


def test_it_follows_the_width_of_the_window(conda: Conda, tmp_path: Path) -> None:
    line = [str(conda.exe.parent / "python"), "-c", WORKING]
    with terminal(line, conda.environ(TERM="xterm"), tmp_path, 120) as screen:
        wide = screen.read_until("/s")
        screen.resize(30)
        # What is already on its way has the old width.
        wide += screen.read_until("\x1b[J")
        narrow = screen.read_until("DONE")
    drawn, _ = frames(wide + "\r" + " " * 20 + "\r", 120)
    assert max(map(len, drawn)) > 40
    bar = narrow.partition("\x1b[J")[2].partition("Fetched")[0]
    assert "\n" not in bar
    assert len(max(bar.split("\r"), key=len)) < 30
    assert "\x1b" not in bar


@pytest.mark.parametrize(
    "how", [{"words": ["--quiet"]}, {"words": ["--json"]}, {"TERM": "dumb"}], ids=str
)
def test_nobody_who_does_not_want_it(
    how: dict[str, object], fresh: Conda, index: Index, environment: Path
) -> None:
    index.rate = 0
    words = how.get("words", [])
    assert isinstance(words, list)
    shown = use(fresh, environment, *words, **{k: str(v) for k, v in how.items() if k != "words"})
    assert not re.search(r"\[#*-|left|fetching", shown)
    assert bool(re.search(LAST, shown)) == ("TERM" in how)


def test_a_pipe_gets_a_line_before_and_one_after(
    fresh: Conda, index: Index, environment: Path
) -> None:
    result = fresh.cuda("use", environment, "12.4", "--from=pypi", *WORDS, "-y")
    assert re.search(rf"^Fetching 2 packages, 5\.7 MB\n(.*\n)?{LAST}\n", result.err, re.MULTILINE)
    assert not re.search(r"[\r#]|left|unpacking|Downloading", result.err + result.out)
    assert "etch" not in result.out


@pytest.mark.parametrize("terminal_", [True, False])
def test_a_failure_leaves_no_bar(
    terminal_: bool, fresh: Conda, index: Index, environment: Path
) -> None:
    index.shares = [1, 0.5, 0.5, 0.5, 0.5, 0.5]
    index.ranges = False
    if terminal_:
        shown = use(fresh, environment)
        assert "fetching" in shown
        rows = on_screen(shown)
    else:
        result = fresh.cuda("use", environment, "12.4", "--from=pypi", *WORDS, "-y", check=False)
        rows = result.err.splitlines()
    assert any(re.match(r"AnswerError: (The connection broke|http)", row) for row in rows), rows
    assert not any(re.search(r"Fetched|\[#*-|left", row) for row in rows), rows


def test_an_interrupt_leaves_no_bar(fresh: Conda, index: Index, environment: Path) -> None:
    index.rate = 300_000
    line, variables = use_line(fresh, environment)
    with terminal(line, variables, environment) as screen:
        shown = screen.read_until("left")
        screen.write("\x03")
        shown += screen.read_until("END\r\n")
    assert "^C" in shown, "the terminal writes it into the bar"
    rows = on_screen(shown)
    assert any(row.startswith("Interrupted: ") for row in rows), rows
    assert not any(re.search(r"Fetched|\[#*-|left|\^C", row) for row in rows), rows


@pytest.mark.parametrize("option", ["", "--json", "--quiet", "--fail"])
def test_a_bar_says_how_much_and_what(option: str, conda: Conda, tmp_path: Path) -> None:
    line = [str(conda.exe.parent / "python"), "-c", WORKING, *option.split()]
    began = time.monotonic()
    with terminal(line, conda.environ(TERM="xterm"), tmp_path) as screen:
        shown = screen.read_until("It failed." if option == "--fail" else "DONE")
    took = time.monotonic() - began
    if option in ("--json", "--quiet"):
        assert shown.splitlines() == ["DONE"]
        return
    drawn, after = frames(shown)
    assert 10 < len(drawn) <= 10 * took
    text = "\n".join(drawn)
    assert re.search(r"^\[#+-+\]  \d+ KB/1\.9 MB  1\.\d MB/s  fetching one$", text, re.MULTILINE)
    assert re.search(r"\[#+-*\]  1\.9 MB  unpacking one 1 s, fetching two 1 s$", text, re.MULTILINE)
    assert re.search(r"  2\.4 MB/2\.9 MB  \d+ KB/s  00:0\d left  unpacking one 2 s", text)
    if option == "--fail":
        assert after.rstrip() == "It failed."
    else:
        assert re.fullmatch(
            r"Fetched and unpacked 2 packages, 2\.9 MB, in 4\.\d s\.\r\nDONE", after.rstrip()
        )


def test_a_bar_takes_next_to_no_time(conda: Conda, tmp_path: Path) -> None:
    """The processor's time, with as many files as the largest toolkit has."""
    script = """
import sys, time
from conda_cuda_plugin.system.progress import Progress
from conda_cuda_plugin.system.progress_text import Part
parts = [Part(f"nvidia-package-{number}", 10**9) for number in range(40)]
with Progress(parts):
    [part.begin("fetching") for part in parts]
    time.sleep(0.5)
    before = time.process_time()
    time.sleep(3)
    print("TIME", time.process_time() - before, "END")
"""
    line = [str(conda.exe.parent / "python"), "-c", script]
    with terminal(line, conda.environ(TERM="xterm"), tmp_path) as screen:
        shown = screen.read_until(" END")
    found = re.search(r"TIME ([\d.e-]+)", shown)
    assert found and float(found[1]) < 0.06, shown


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
        "import sys; from pathlib import Path; from conda_cuda_plugin.system.lock import locked\n"
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
