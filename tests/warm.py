"""conda that has been imported once: each command is a fork of it, and so begins where imports end.

The command itself is a process of its own with the files, variables, folder and umask that it was
given, and runs the program that a user runs. The plugin is imported before the fork, too, and the
interpreter is not taken down at the end: together they take longer than most commands. What imports
do is tested where conda is started from nothing: by the pages of the documentation, in dash,
wherever system calls or modules are counted.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

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
PLUGIN = "conda_cuda_plugin"
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
    """One conda from which commands are forked.

    Args:
        exe: conda's program.
        environ: what it is started with; a command must have the same of READ_AT_START.
        more: variables that it is started with, too, and no command gets.
    """

    def __init__(
        self, exe: Path, environ: Mapping[str, str], more: Mapping[str, str] | None = None
    ) -> None:
        self._exe, self._environ, self._user = exe, environ, os.geteuid()
        self._more = more or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._address = b""
        self._works = sys.platform == "linux" and _is_python(exe)
        self._starting = threading.Lock()

    @property
    def address(self) -> bytes:
        """The abstract socket that takes commands."""
        with self._starting:
            if self._process is None:
                with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                    # The kernel finds a name that nobody has.
                    listener.bind("")
                    self._address = listener.getsockname()
                    listener.listen(99)
                    # It ends when nobody holds the other end of its input.
                    self._process = subprocess.Popen(
                        [self._exe.parent / "python", __file__, self._exe, str(listener.fileno())],
                        env={**self._environ, **self._more}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                        pass_fds=[listener.fileno()],
                    )  # fmt: skip
        return self._address

    def run(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        cwd: Path,
        timeout: float,
        screen: int | None = None,
    ) -> subprocess.CompletedProcess[str] | None:
        """As `subprocess.run`, with no input and both outputs captured, or both on a terminal.

        None where only a start from nothing would do the same.
        """
        same = _read_at_start(environ) == _read_at_start(self._environ)
        if not (self._works and same and os.geteuid() == self._user):
            return None
        line = [str(self._exe), *words]
        variables = [f"{name}={value}" for name, value in environ.items()]
        asked = os.fsencode("\0".join([str(cwd), str(_umask()), str(len(line)), *line, *variables]))
        if len(asked) > LARGEST:
            return None
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel, \
                open(os.devnull) as nothing, tempfile.TemporaryFile("w+") as out, \
                tempfile.TemporaryFile("w+") as err:  # fmt: skip
            channel.connect(self.address)
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
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(line, code, out.read(), err.read())


def _become(asked: bytes, files: Sequence[int], set_by_imports: Mapping[str, str]) -> None:
    """Make this process the one that was asked for."""
    folder, umask, count, *texts = os.fsdecode(asked).split("\0")
    sys.argv, variables = texts[: int(count)], texts[int(count) :]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(set_by_imports)
    os.environ.update(text.split("=", 1) for text in variables)
    os.chdir(folder)
    os.umask(int(umask))


def _modules() -> Iterator[str]:
    yield from MODULES
    with contextlib.suppress(ImportError):
        plugin = importlib.import_module(PLUGIN)
        for module in pkgutil.walk_packages(plugin.__path__, f"{PLUGIN}."):
            yield module.name


def _next_command(listener: socket.socket) -> bool:
    """Wait for commands; True in a process that is to be a command, False when no more come."""
    before = set(os.environ)
    for module in _modules():
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    set_by_imports = {name: text for name, text in os.environ.items() if name not in before}
    gc.collect()
    gc.freeze()
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        ready, _, _ = select.select([listener, sys.stdin, *running], [], [])
        for ended in running.keys() & set(ready):
            child, channel = running.pop(ended)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            # Who asked may have ended meanwhile.
            with contextlib.suppress(OSError):
                channel.send(str(code).encode())
            channel.close()
            os.close(ended)
        if sys.stdin in ready:
            return False
        if listener not in ready:
            continue
        channel, _ = listener.accept()
        data, files, _, _ = socket.recv_fds(channel, LARGEST, 3)
        if not data:
            channel.close()
            continue
        child = os.fork()
        if child == 0:
            for _, other in running.values():
                other.close()
            for number in running:
                os.close(number)
            channel.close()
            listener.close()
            _become(data, files, set_by_imports)
            return True
        for file in files:
            os.close(file)
        channel.send(str(child).encode())
        running[os.pidfd_open(child)] = child, channel


def _run(program: str) -> int:
    """Run the program as Python would; its exit code."""
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


if __name__ == "__main__":
    program, descriptor = sys.argv[1:]
    # As Python has it for the program.
    sys.path[0] = os.path.dirname(program)
    if _next_command(socket.socket(fileno=int(descriptor))):
        code = _run(program)
        # What Python does at its end, but for taking its objects apart.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code & 0xFF)
