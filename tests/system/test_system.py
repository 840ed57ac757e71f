"""What depends on the operating system, on this one: Linux."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conda_cuda_plugin.system import operating_system


def in_child(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code with the module in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(operating_system.__file__).parent)}
        | variables,
        capture_output=True,
        text=True,
    )


def test_the_constants_are_those_of_linux() -> None:
    assert not operating_system.WINDOWS
    assert operating_system.HAS_MODES
    assert not operating_system.IGNORES_CASE
    assert operating_system.LOCKED_FILES_ARE_OPEN


def test_a_lock_is_refused_to_a_second_one_and_ends_when_closed(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert operating_system.try_lock(first)
    assert not operating_system.try_lock(second)
    os.close(first)
    assert operating_system.try_lock(second)
    os.close(second)
    with pytest.raises(OSError, match="Bad file descriptor"):
        operating_system.try_lock(second)


def test_there_are_no_junctions(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        operating_system.swap_link(tmp_path / "link", "folder", tmp_path / "temporary")


def test_what_a_link_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "dangling").symlink_to("nowhere")
    found = {
        name: operating_system.is_link(tmp_path / name)
        for name in ("folder", "link", "dangling", "no")
    }
    assert found == {"folder": False, "link": True, "dangling": True, "no": False}


def test_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert operating_system.rename_exchange(tmp_path / "one", tmp_path / "two")
    assert os.listdir(tmp_path / "one") == ["two"]
    assert not operating_system.rename_exchange(tmp_path / "one", tmp_path / "three")
    assert os.listdir(tmp_path / "one") == ["two"]


def test_a_signal_waits() -> None:
    done = in_child(
        "import os, signal, operating_system as system\n"
        "with system.uninterrupted():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('whole', flush=True)\n"
        "print('never')\n"
    )
    assert (done.stdout, done.returncode) == ("whole\n", -signal.SIGTERM)


def test_signals_that_another_thread_gets_are_held_back_too() -> None:
    done = in_child(
        "import os, signal, threading, time, operating_system as system\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "def stop(number, frame): raise SystemExit(7)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "with system.uninterrupted():\n"
        "    for number in (signal.SIGTERM, signal.SIGINT):\n"
        "        os.kill(os.getpid(), number)\n"
        "    print('whole', flush=True)\n"
        "print('never')\n"
    )
    assert (done.stdout, done.returncode) == ("whole\n", 7)


def test_what_is_ignored_is_ignored_by_programs_that_begin_meanwhile() -> None:
    done = in_child(
        "import signal, subprocess, operating_system as system\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with system.uninterrupted():\n"
        "    subprocess.run(['sh', '-c', 'kill -HUP $$; echo goes on'])\n"
    )
    assert (done.stdout, done.returncode) == ("goes on\n", 0)


def test_a_program_takes_the_place_of_this_process() -> None:
    done = in_child(
        "import os, operating_system as system; print(os.getpid(), flush=True)\n"
        "system.replace_process('/bin/sh', ['name', '-c', 'echo $$ $0 $ONE; exit 7'], {'ONE': '1'})"
    )
    before, inside = done.stdout.splitlines()
    assert (inside, done.returncode) == (f"{before} name 1", 7)


def test_a_program_gets_the_signals_that_python_ignores() -> None:
    done = in_child(
        "import operating_system as system\n"
        "system.replace_process('/bin/sh', ['sh', '-c', 'kill -PIPE $$; echo ignored'], {})"
    )
    assert (done.stdout, done.returncode) == ("", -signal.SIGPIPE)


def test_a_program_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        operating_system.replace_process("/nonexistent/program", ["program"], {})


def test_a_child_gets_the_variables_and_no_others() -> None:
    variables = {"ONE": "1"}
    assert operating_system.for_child(variables) == variables
    assert operating_system.for_child(variables) is not variables


def test_the_description_names_the_system() -> None:
    assert operating_system.description() == f"{os.uname().sysname} {os.uname().release}"


def test_importing_it_loads_nothing_but_the_standard_library() -> None:
    done = in_child(
        "import sys; before = set(sys.modules); import operating_system as system, json\n"
        "print(json.dumps([n for n in sys.modules if n not in before"
        " and n.partition('.')[0] not in sys.stdlib_module_names]))"
    )
    assert json.loads(done.stdout) == ["operating_system"]
