"""conda that has been imported once: each command is a fork of it, and so begins where imports end.

The command itself is a process of its own with the files, variables, folder and umask that it was
given, and runs the program that a user runs. What imports do is tested where conda is started from
nothing: by shells, by the pages of the documentation, wherever system calls or modules are counted.
The plugin is not imported before the fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MODULES = (
    "conda.cli.main",
    "conda.cli.conda_argparse",
    "conda.exception_handler",
    "conda.plugins.manager",
    "conda.cli.install",
    "conda.cli.main_env_create",
    "conda.core.solve",
    "archspec.cpu",
    "distro",
    "multiprocessing.synchronize",
    "requests",
    "ruamel.yaml",
    "tqdm",
)
"""What most commands import; with all that these import."""
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "TZ")
"""Variables that Python or the loader reads before a command begins."""
LARGEST = 100_000
"""Bytes that a socket takes at once."""


def _read_at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environ.items() if name.startswith(READ_AT_START)}


def _umask() -> int:
    [row] = [row for row in Path("/proc/self/status").read_text().splitlines() if "Umask" in row]
    return int(row.split()[1], 8)


def _is_python(program: Path) -> bool:
    with open(program, "rb") as file:
        return file.read(2) == b"#!" and b"python" in file.readline()


class WarmConda:
    """One conda from which commands are forked, one after the other.

    Args:
        exe: conda's program.
        environ: what it is started with; a command must have the same of READ_AT_START.
    """

    def __init__(self, exe: Path, environ: Mapping[str, str]) -> None:
        self._exe, self._environ, self._user = exe, environ, os.geteuid()
        self._channel: socket.socket | None = None
        self._works = sys.platform == "linux" and _is_python(exe)
        self._busy = threading.Lock()

    def run(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        timeout: float,
        screen: int | None = None,
    ) -> subprocess.CompletedProcess[str] | None:
        """As `subprocess.run`, with no input and both outputs captured, or both on a terminal.

        None where only a start from nothing would do the same, and while another command runs.
        """
        same = _read_at_start(environ) == _read_at_start(self._environ)
        if not (self._works and same and os.geteuid() == self._user):
            return None
        if not self._busy.acquire(blocking=False):
            return None
        try:
            self._channel = self._channel or self._start()
            return self._ask(self._channel, words, environ, cwd, timeout, screen)
        finally:
            self._busy.release()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            line = [self._exe.parent / "python", __file__, self._exe, str(theirs.fileno())]
            self._process = subprocess.Popen(
                line, env=self._environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )  # fmt: skip
        return ours

    def _ask(
        self,
        channel: socket.socket,
        words: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        timeout: float,
        screen: int | None,
    ) -> subprocess.CompletedProcess[str] | None:
        line = [str(self._exe), *words]
        asked = json.dumps([line, dict(environ), str(cwd), _umask()]).encode()
        if len(asked) > LARGEST:
            return None
        with open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as out, \
                tempfile.TemporaryFile("w+") as err:  # fmt: skip
            outputs = [screen, screen] if screen else [out.fileno(), err.fileno()]
            socket.send_fds(channel, [asked], [nothing.fileno(), *outputs])
            child = int(channel.recv(99))
            channel.settimeout(timeout)
            try:
                code = int(channel.recv(99))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                channel.settimeout(None)
                channel.recv(99)
                raise subprocess.TimeoutExpired(line, timeout) from None
            channel.settimeout(None)
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(line, code, out.read(), err.read())


def _become(asked: Any, files: Sequence[int], set_by_imports: Mapping[str, str]) -> None:
    """Make this process the one that was asked for."""
    sys.argv, environ, folder, umask = asked
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update({**set_by_imports, **environ})
    os.chdir(folder)
    os.umask(umask)


def _next_command(channel: socket.socket) -> bool:
    """Wait for commands; True in the process that is to be the command, False when no more come."""
    before = set(os.environ)
    for module in MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    set_by_imports = {name: text for name, text in os.environ.items() if name not in before}
    gc.collect()
    gc.freeze()
    while True:
        data, files, _, _ = socket.recv_fds(channel, LARGEST, 3)
        if not data:
            return False
        child = os.fork()
        if child == 0:
            channel.close()
            _become(json.loads(data), files, set_by_imports)
            return True
        for file in files:
            os.close(file)
        channel.send(str(child).encode())
        channel.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


if __name__ == "__main__":
    program, descriptor = sys.argv[1:]
    # As Python has it for the program.
    sys.path[0] = os.path.dirname(program)
    if _next_command(socket.socket(fileno=int(descriptor))):
        runpy.run_path(program, run_name="__main__")
