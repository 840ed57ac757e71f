"""What depends on the operating system that this runs on, in one place.

What depends on the platform that an environment is *for* stands in `platforms`: a command may plan
for another one than its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

WINDOWS = sys.platform == "win32"

HAS_MODES = not WINDOWS
"""Whether the modes of files say who may write them."""

IGNORES_CASE = WINDOWS
"""Whether the file system finds a file whatever the case of its name."""

LOCKED_FILES_ARE_OPEN = not WINDOWS
"""Whether others can read a file while one process holds its lock."""


NO_LINKS = frozenset({1, 50})
"""What Windows answers where it cannot make a link: ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED."""


def try_lock(handle: int) -> bool:
    """Take the lock of an open file, which ends with the process.

    Returns:
        Whether it is ours now; False when another process holds it.

    Raises:
        OSError: when the file system knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            # Whatever its number: the only failure that there is for an open file.
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def swap_link(path: Path, target: str, temporary: Path) -> bool:
    """On Windows, where symbolic links need a privilege: a junction to a folder, or a hard link.

    A junction holds an absolute path and cannot be replaced in one step; a moved environment gets
    its links anew with the next `use`.

    Args:
        path: the link; one that is there is replaced.
        target: the folder or file, relative to the link's own folder.
        temporary: a name beside it, where the new one is made first.

    Returns:
        Whether anything changed.

    Raises:
        OSError: when the file system has no junctions; the old one is still there then.
        NotImplementedError: elsewhere than on Windows.
    """
    if sys.platform == "win32":
        absolute = os.path.normpath(os.path.join(path.parent, target))
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.isfile(absolute):
            return _swap_hard_link(path, absolute, temporary)
        return _swap_junction(path, absolute, temporary)
    raise NotImplementedError("symbolic links do this here")


def _swap_hard_link(path: Path, target: str, temporary: Path) -> bool:
    if path.is_file() and path.samefile(target):
        return False
    temporary.unlink(missing_ok=True)
    try:
        os.link(target, temporary)
    except OSError:
        # Another drive.
        import shutil

        shutil.copy2(target, temporary)
    os.replace(temporary, path)
    return True


def _swap_junction(path: Path, target: str, temporary: Path) -> bool:
    if sys.platform == "win32":
        import _winapi

        if is_link(path) and os.readlink(path).removeprefix("\\\\?\\") == target:
            return False
        with contextlib.suppress(OSError):
            os.rmdir(temporary)
        try:
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
    """Whether a symbolic link or a junction has this name; Python calls only the former links."""
    try:
        return bool(os.readlink(path))
    except OSError:
        return False


def rename_exchange(first: Path, second: Path) -> bool:
    """Let two files or folders change places in one step; whether that could be done.

    Source: renameat2(2), RENAME_EXCHANGE; Linux only, and not on every file system.
    """
    if sys.platform == "win32":
        return False
    import ctypes

    at_fdcwd, exchange = -100, 2
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    result: int = renameat2(at_fdcwd, os.fsencode(first), at_fdcwd, os.fsencode(second), exchange)
    return result == 0


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let signals that ask to stop wait for some milliseconds; Windows has none to hold back."""
    if sys.platform == "win32":
        yield
        return
    stop = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def replace_process(  # noqa: RET503
    program: str, words: Sequence[str], variables: Mapping[str, str]
) -> int:
    """Run a program in place of this process, so that signals and the exit code are its own.

    Windows cannot do that: there it is waited for.

    Args:
        program: its path.
        words: the command line; the first is the name that the program sees.
        variables: its environment variables.

    Returns:
        Its exit code, where it is waited for.

    Raises:
        OSError: when it cannot be started.
    """
    if sys.platform == "win32":
        import subprocess

        return subprocess.call([program, *words[1:]], env=dict(variables))
    # Python ignores these; the next program would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execve(program, list(words), dict(variables))


def for_child(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a child process, with what no program of this system starts without."""
    if sys.platform == "win32":
        return {"SYSTEMROOT": os.environ.get("SYSTEMROOT", r"C:\Windows"), **variables}
    return dict(variables)


def description() -> str:
    """The system and its release, as in `Linux 6.1.0-18-amd64` or `Windows 10.0.19045`."""
    if sys.platform == "win32":
        # `platform` asks WMI, which takes long and may not answer.
        version = sys.getwindowsversion()
        return f"Windows {version.major}.{version.minor}.{version.build}"
    import platform

    return f"{platform.system()} {platform.release()}"
