"""Writing, checking and removing the hooks of an environment."""

from __future__ import annotations

import contextlib
import hashlib
import re
from enum import Enum
from functools import cache
from pathlib import Path

from ..errors import ForeignFileError, PrefixCharacterError
from ..system.files import Inside
from ..system.reading import read_bytes
from .shells import SHELLS, STEM, Direction, Shell, hook_path, shells_for

FORMAT_VERSION = 1
"""Raised when the state that the hooks keep in the environment changes its meaning."""

_HEADER = re.compile(rb"(?:# |@REM )conda-cuda hook (\d+) sha256:([0-9a-f]{64})\r?\n")


def template_path(shell: Shell, direction: Direction) -> Path:
    """The template of one hook: inside the installed package, or at the repository's root.

    Raises:
        FileNotFoundError: The installation lacks its templates.
    """
    package = Path(__file__).parent.parent
    for root in (package, package.parent):
        path = root / direction.value / shell.filename
        if path.is_file():
            return path
    raise FileNotFoundError(f"hook template {direction.value}/{shell.filename}")


@cache
def render(shell: Shell, direction: Direction) -> bytes:
    """The hook as it is written today: a header line, then the template's body.

    The header replaces the template's first line. It carries the format version and the hash of
    all that follows, so that a later version can tell an older hook from an edited one.
    """
    text = template_path(shell, direction).read_text(encoding="utf-8")
    _, _, body = text.replace("\r\n", "\n").partition("\n")
    data = body.replace("\n", shell.newline).encode()
    digest = hashlib.sha256(data).hexdigest()
    header = f"{shell.comment}conda-cuda hook {FORMAT_VERSION} sha256:{digest}{shell.newline}"
    return header.encode() + data


def is_ours(data: bytes) -> bool:
    """Whether a file's content begins with a header of ours."""
    return _HEADER.match(data) is not None


def is_unedited(data: bytes) -> bool:
    """Whether a hook of ours, of whatever version, still has the body it was written with."""
    header = _HEADER.match(data)
    if header is None:
        return False
    return hashlib.sha256(data[header.end() :]).hexdigest().encode() == header.group(2)


class HookStatus(Enum):
    """What stands at the place of a hook."""

    OK = "ok"
    MISSING = "missing"
    STALE = "stale"
    """Ours and untouched, but not today's text."""
    EDITED = "edited"
    """Ours by its header, which does not match the body."""
    FOREIGN = "foreign"
    """No header of ours, no regular file, or one that cannot be read."""


def status(path: Path, shell: Shell, direction: Direction) -> HookStatus:
    """The status of one hook.

    A symbolic link counts as foreign even if it leads to today's text: the shells would follow
    it to a file that belongs to somebody else. What cannot be read is not known to be ours.
    """
    try:
        data = read_bytes(path, 2**20, links=False)
    except (FileNotFoundError, NotADirectoryError):
        return HookStatus.MISSING
    except OSError:
        return HookStatus.FOREIGN
    if data == render(shell, direction):
        return HookStatus.OK
    if not is_ours(data):
        return HookStatus.FOREIGN
    return HookStatus.STALE if is_unedited(data) else HookStatus.EDITED


def verify(prefix: str | Path, *, windows: bool) -> dict[Path, HookStatus]:
    """The status of every hook that the environment should have.

    Args:
        prefix: The environment.
        windows: Whether it is a Windows environment.
    """
    return {
        path: status(path, shell, direction)
        for direction in Direction
        for shell in shells_for(windows=windows)
        for path in [hook_path(prefix, shell, direction)]
    }


def write(prefix: str | Path, *, windows: bool, kept: list[Path] | None = None) -> list[Path]:
    """Writes the hooks that the environment lacks or has in another version.

    Each file is replaced in one step; one that is already right is not touched. The deactivate
    hooks come first: an environment must never have a hook whose doing nothing can undo.

    Args:
        prefix: The environment; no other process changes its hooks at this moment.
        windows: Whether it is a Windows environment.
        kept: Gets the new names of hooks that somebody has edited, which make room.

    Returns:
        The files written, in the order of writing.

    Raises:
        ForeignFileError: A file that is not ours has the name of a hook; nothing was written.
        OSError: A file cannot be written.
    """
    todo: list[tuple[Path, bytes, bool]] = []
    for direction in (Direction.DEACTIVATE, Direction.ACTIVATE):
        for shell in shells_for(windows=windows):
            path = hook_path(prefix, shell, direction)
            found = status(path, shell, direction)
            if found is HookStatus.FOREIGN:
                raise ForeignFileError(path)
            if found is not HookStatus.OK:
                todo.append((path, render(shell, direction), found is HookStatus.EDITED))
    files = Inside(Path(prefix))
    for path, data, edited in todo:
        files.remove_leftovers(path.parent, STEM)
        if edited:
            _put_aside(files, path, kept)
        files.write(path, data)
    return [path for path, _, _ in todo]


def _put_aside(files: Inside, path: Path, kept: list[Path] | None) -> None:
    new = files.put_aside(path)
    if kept is not None:
        kept.append(new)


def remove(
    prefix: str | Path, *, tombstone: bool = True, kept: list[Path] | None = None
) -> list[Path]:
    """Takes our hooks away, of every shell and version, and leaves foreign files alone.

    The deactivate hooks stay by default: a shell that has the environment active still needs
    them to take back what the activate hooks set, and without that they do nothing.

    Args:
        prefix: The environment; no other process changes its hooks at this moment.
        tombstone: Whether the deactivate hooks stay.
        kept: Gets the new names of hooks that somebody has edited, which stay under those.

    Returns:
        The files removed.

    Raises:
        OSError: A file cannot be removed.
    """
    removed: list[Path] = []
    files = Inside(Path(prefix))
    for direction in (Direction.ACTIVATE,) if tombstone else Direction:
        for shell in SHELLS:
            path = hook_path(prefix, shell, direction)
            found = status(path, shell, direction)
            if found in (HookStatus.MISSING, HookStatus.FOREIGN):
                continue
            # Behind a link it is somebody else's.
            with contextlib.suppress(ForeignFileError):
                if found is HookStatus.EDITED:
                    _put_aside(files, path, kept)
                else:
                    files.remove(path)
                removed.append(path)
        files.remove_leftovers(Path("etc", "conda", direction.value), STEM)
    return removed


# The loader splits LD_LIBRARY_PATH at : and ; and expands $. conda pastes the prefix between
# quotes, so that a quote, a backquote or a line end breaks its activation in most shells. `!`
# breaks conda in tcsh alone and is allowed: the hooks hold in every other shell.
_UNIX = frozenset(":;$'\"`\n\r")
# cmd expands % and doubles ^ in CALL; the colon is the drive's.
_WINDOWS = frozenset(";$'\"`\n\r%^")


def check_prefix(prefix: str | Path, *, windows: bool) -> None:
    """Refuses an environment whose path the hooks or the loader cannot carry.

    Args:
        prefix: The environment.
        windows: Whether it is a Windows environment.

    Raises:
        PrefixCharacterError: For the first such character.
    """
    refused = _WINDOWS if windows else _UNIX
    for char in str(prefix):
        if char in refused:
            raise PrefixCharacterError(prefix, char)
