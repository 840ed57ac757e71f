"""Watches a process: what it writes, starts and connects to, and how long it takes."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LONGEST = 2.0
"""Seconds that one input may take."""
_WRITES = {
    "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "shutil.rmtree", "shutil.move", "shutil.copyfile",
}  # fmt: skip
_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"}
_EXECUTES = {"socket.connect", "ctypes.dlopen"}

_allowed: tuple[str, ...] | None = None
_seen: list[str] = []


def _hook(event: str, words: tuple[object, ...]) -> None:
    if _allowed is None:
        return
    if event == "open":
        path, _, flags = words
        writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writing and isinstance(path, (str, bytes)) and not _inside(path):
            _seen.append(f"{event} {path!r}")
    elif event in _WRITES:
        if not all(_inside(word) for word in words[:2] if isinstance(word, (str, bytes))):
            _seen.append(f"{event} {words!r}")
    elif event in _STARTS or event in _EXECUTES:
        _seen.append(f"{event} {words!r}")


sys.addaudithook(_hook)


def _inside(path: str | bytes) -> bool:
    assert _allowed is not None
    absolute = os.path.abspath(os.fsdecode(path))
    return absolute == os.devnull or absolute.startswith(_allowed)


@contextlib.contextmanager
def watched(*folders: Path) -> Iterator[None]:
    """Fail when what runs inside writes elsewhere than below some folders, starts a process,
    connects to anything, or takes longer than it may.

    An audit hook cannot be taken out again, so there is one, which looks at what is allowed now.
    """
    global _allowed
    _seen.clear()
    _allowed = tuple(f"{folder}{os.sep}" for folder in folders) or ("\0",)
    begin = time.monotonic()
    try:
        yield
    finally:
        took, _allowed = time.monotonic() - begin, None
    assert not _seen, _seen
    assert took < LONGEST, f"took {took:.1f} s"
