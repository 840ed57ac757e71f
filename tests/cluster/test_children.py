"""Programs that ask: bounded in time and memory, and nothing goes on when they are over."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conda_cuda_plugin.cluster.children import listen, output_of
from conda_cuda_plugin.cluster.hearing import Hearing

NONCE = "0123456789abcdef"
SPEAK = f"echo 'conda-cuda {NONCE} 1 1 {{}}'"


def heard(
    *scripts: str, seconds: float = 20
) -> tuple[Hearing, list[tuple[int | None, str]], float]:
    """What scripts say, how they end, and how long it takes."""
    hearing = Hearing(NONCE, len(scripts), seconds)
    calls = [["sh", "-c", script] for script in scripts]
    begun = time.monotonic()
    ends = listen(calls, b"", hearing.mark, hearing.take, hearing.until, os.environ)
    return hearing, ends, time.monotonic() - begun


def is_running(mark: str) -> bool:
    """Whether a process has some text in its command line."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                return True
    return False


def test_those_that_are_silent_are_ended(tmp_path: Path) -> None:
    marks = [f"29{number}.{os.getpid()}" for number in range(3)]
    scripts = [SPEAK, *(f"sleep {mark} & sleep {mark}" for mark in marks)]
    hearing, ends, seconds = heard(*scripts)
    assert [code for code, _ in ends] == [0, None, None, None]
    assert len(hearing.speakers) == 1
    assert seconds < 5
    assert not any(is_running(mark) for mark in marks)


def test_one_that_will_not_end_is_killed() -> None:
    mark = f"28.{os.getpid()}"
    _, ends, seconds = heard(f"trap '' TERM; sleep {mark}; sleep {mark}", seconds=0.5)
    assert ends[0][0] is None
    assert seconds < 9
    assert not is_running(mark)


def test_the_limit_holds_where_nobody_speaks() -> None:
    _, ends, seconds = heard("sleep 100", "sleep 100", seconds=1)
    assert [code for code, _ in ends] == [None, None]
    assert seconds < 4


def test_a_flood_is_dropped() -> None:
    """A program that prints without end costs no memory, and keeps nobody else from speaking."""
    flood = "import os\nwhile True: os.write(1, b'x' * 65536 + b'\\n'); os.write(2, b'y' * 65536)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    hearing = Hearing(NONCE, 3)
    calls = [[sys.executable, "-c", flood], ["sh", "-c", f"sleep 1; {SPEAK}"]]
    no_end = "import os\nwhile True: os.write(1, b'conda-cuda 0123456789abcdef 1 2 x\\n' * 1000)"
    calls.append([sys.executable, "-c", no_end])
    begun = time.monotonic()
    ends = listen(calls, b"", hearing.mark, hearing.take, hearing.until, os.environ)
    assert time.monotonic() - begun < 12
    assert hearing.speakers[(1, 0)].document == {}
    assert all(len(complaint) < 2000 for _, complaint in ends)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_what_is_fed_may_be_refused() -> None:
    done, _, _ = output_of(["sh", "-c", "exec 0<&-; echo well"], os.environ, 5, 1000)
    assert done == 0
    ends = listen(
        [["true"]], b"x" * 10**6, b"mark", lambda *_: None, lambda: time.monotonic() + 5, os.environ
    )
    assert ends == [(0, "")]


@pytest.mark.parametrize(
    ("script", "code", "printed"),
    [
        ("echo well; echo no >&2", 0, b"well\n"),
        ("exit 3", 3, b""),
        ("echo some; sleep 100", None, b"some\n"),
    ],
    ids=["well", "fails", "hangs"],
)
def test_what_a_program_prints(script: str, code: int | None, printed: bytes) -> None:
    found = output_of(["sh", "-c", script], os.environ, 1, 1000)
    assert found[:2] == (code, printed)


def test_too_much_is_not_kept() -> None:
    code, printed, _ = output_of(["sh", "-c", "while echo more; do :; done"], os.environ, 20, 1000)
    assert code is None
    assert len(printed) <= 1000


def test_a_complaint_cannot_steer_a_terminal() -> None:
    _, _, complaint = output_of(["sh", "-c", r"printf '\033[31mno\n' >&2"], os.environ, 5, 10)
    assert complaint == r"\x1b[31mno"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(number: int, conda_exe: Path) -> None:
    mark = f"27{number}.{os.getpid()}"
    code = (
        "import os, sys, time; from conda_cuda_plugin.cluster.children import listen, Interrupted\n"
        "print('begun', flush=True)\n"
        "try: listen([['sleep', sys.argv[1]]] * 4, b'', b'x', print, lambda: time.monotonic() + 60,"
        " os.environ)\n"
        "except Interrupted: print('stopped')"
    )
    words = [conda_exe.with_name("python"), "-c", code, mark]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    while not is_running(f"sleep\0{mark}"):
        time.sleep(0.05)
    child.send_signal(number)
    assert child.communicate(timeout=20)[0] == "stopped\n"
    assert not is_running(f"sleep\0{mark}")


def test_a_complaint_is_what_matters_of_many_lines() -> None:
    said = {
        "unknown option -- -\nusage: tool [-a]\n  [-b]\n  [-c]\n": "unknown option -- -; [-b]; [-c]",
        "E1130 07:45:53.068419 1 a.go:1] long\nThe connection was refused\n": "The connection was "
        "refused",
    }
    for text, expected in said.items():
        _, _, complaint = output_of(["sh", "-c", 'printf "$1" >&2', "sh", text], os.environ, 5, 10)
        assert complaint == expected
