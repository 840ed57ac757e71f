"""What depends on the operating system that the command runs on.

What depends on the platform of an environment is in `platforms`: a command may plan for another
one than its own.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

if sys.platform == "win32":
    import _winapi
    import msvcrt
else:
    import fcntl

WINDOWS = sys.platform == "win32"

HAS_MODES = not WINDOWS
"""Whether the modes of files say who may write them."""

IGNORES_CASE = WINDOWS
"""Whether the file system ignores the case of names."""

LOCKED_FILES_ARE_OPEN = not WINDOWS
"""Whether others can read a file while one process holds its lock."""

NO_LINKS = frozenset({1, 50})
"""The errors of Windows where a file system has no links: ERROR_INVALID_FUNCTION and
ERROR_NOT_SUPPORTED."""


def try_lock(handle: int) -> bool:
    """Take the lock of an open file, which ends with the process; False when another one has it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # On Windows it is the only failure that there is for an open file.
        if WINDOWS or isinstance(error, (BlockingIOError, PermissionError)):
            return False
        raise
    return True


def swap_link(path: Path, target: str, temporary: Path) -> bool:
    """On Windows, where symbolic links need a privilege: make a junction, or a hard link to a file.

    A junction holds an absolute path and cannot be replaced in one step. A moved environment gets
    new ones with the next `use`.

    Args:
        path: the link; an existing one is replaced.
        target: the folder or file, relative to the link's own folder.
        temporary: a path beside it for the new link.

    Returns:
        Whether anything changed.

    Raises:
        OSError: the file system has no junctions; the old link is still there.
        NotImplementedError: this is not Windows.
    """
    if not WINDOWS:
        raise NotImplementedError("symbolic links do this here")
    absolute = os.path.normpath(os.path.join(path.parent, target))
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.isfile(absolute):
        return _swap_hard_link(path, absolute, temporary)
    return _swap_junction(path, absolute, temporary)


def _swap_hard_link(path: Path, target: str, temporary: Path) -> bool:
    if path.is_file() and path.samefile(target):
        return False
    temporary.unlink(missing_ok=True)
    try:
        os.link(target, temporary)
    except OSError:
        # Another drive.
        shutil.copy2(target, temporary)
    os.replace(temporary, path)
    return True


def _swap_junction(path: Path, target: str, temporary: Path) -> bool:
    if is_link(path) and os.readlink(path).removeprefix("\\\\?\\") == target:
        return False
    with contextlib.suppress(OSError):
        os.rmdir(temporary)
    try:
        if sys.platform == "win32":
            _winapi.CreateJunction(target, str(temporary))
        if is_link(path):
            os.rmdir(path)
        os.rename(temporary, path)
    except OSError:
        # A folder stays where making it a junction has failed.
        with contextlib.suppress(OSError):
            os.rmdir(temporary)
        raise
    return True


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link or a junction, which `Path.is_symlink` leaves out."""
    try:
        return bool(os.readlink(path))
    except OSError:
        return False


def rename_exchange(first: Path, second: Path) -> bool:
    """Swap two files or folders in one step; whether that could be done.

    Source: renameat2(2), RENAME_EXCHANGE; Linux only, and not on every file system.
    """
    if sys.platform == "win32":
        return False
    import ctypes  # takes 2 ms

    at_fdcwd, exchange = -100, 2
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    result: int = renameat2(at_fdcwd, os.fsencode(first), at_fdcwd, os.fsencode(second), exchange)
    return result == 0


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back signals that ask to stop, for some milliseconds; not on Windows.

    A blocked signal would go to another thread, and Python would act on it in this one.
    """
    # Python acts on signals in its main thread alone.
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def deliver() -> None:
        for number in came:
            signal.raise_signal(number)

    with contextlib.ExitStack() as stack:
        stack.callback(deliver)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
            handler = signal.getsignal(number)
            # None is one that is not Python's. What is ignored stays so for programs begun here.
            if handler not in (None, signal.SIG_IGN):
                stack.callback(signal.signal, number, handler)
                signal.signal(number, lambda number, frame: came.append(number))
        yield


def tidy(work: Callable[[], object]) -> None:
    """Do what must be done in the end; once more, where a signal has come in the middle of it."""
    try:
        work()
    except OSError:
        raise
    except BaseException:
        # A signal; whatever else it is, what is done twice is done.
        work()
        raise


def replace_process(  # noqa: RET503
    program: str, words: Sequence[str], variables: Mapping[str, str]
) -> int:
    """Run a program in place of this process, so that signals and the exit code are its own.

    The first of the words is the name that the program sees. Windows cannot do that: there this
    process waits, and returns the exit code.

    Raises:
        OSError: the program cannot be started.
    """
    if sys.platform == "win32":
        return subprocess.call([program, *words[1:]], env=dict(variables))
    # Python ignores these signals; the next program would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execve(program, list(words), dict(variables))


def for_child(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a child process, with the one that every program on Windows needs."""
    if sys.platform == "win32":
        return {"SYSTEMROOT": os.environ.get("SYSTEMROOT", r"C:\Windows"), **variables}
    return dict(variables)


def description() -> str:
    """The system and its release, as in `Linux 6.1.0-18-amd64` or `Windows 10.0.19045`."""
    if sys.platform == "win32":
        # `platform` asks WMI, which takes long and may not answer.
        version = sys.getwindowsversion()
        return f"Windows {version.major}.{version.minor}.{version.build}"
    return f"{platform.system()} {platform.release()}"
