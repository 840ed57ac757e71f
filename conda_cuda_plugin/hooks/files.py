"""Write, check and remove the hooks of an environment."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from ..errors import ForeignFileError, PrefixCharacterError
from ..system.files import Inside
from ..system.reading import read_bytes
from .shells import SHELLS, STEM, Direction, Shell, hooks_of, shells_for
from .template import HEADER, is_unedited, render

# The loader splits LD_LIBRARY_PATH at : and ; and expands $. conda pastes the prefix between
# quotes, so that a quote, a backquote or a line end breaks its activation in most shells. `!`
# breaks conda in tcsh alone and is allowed: the hooks work in every other shell.
_REFUSED = frozenset(":;$'\"`\n\r")
# cmd expands % and doubles ^ in CALL; the colon is the drive's.
_REFUSED_ON_WINDOWS = frozenset(";$'\"`\n\r%^")


class HookStatus(Enum):
    """What a path holds that a hook is written to."""

    OK = "ok"
    MISSING = "missing"
    STALE = "stale"
    """A hook of another version, as it was written."""
    EDITED = "edited"
    """A hook whose body does not match its header."""
    FOREIGN = "foreign"
    """No hook, no regular file, or a file that cannot be read."""


def status(path: Path, shell: Shell, direction: Direction) -> HookStatus:
    """The status of one hook."""
    return status_of(path, functools.partial(render, shell, direction), HEADER)


def status_of(path: Path, today: Callable[[], bytes], header: re.Pattern[bytes]) -> HookStatus:
    """The status of a file that begins with a hash of the rest of it.

    A symbolic link is foreign even if it leads to today's text: that file is not ours.

    Args:
        path: the file.
        today: gives what this version writes.
        header: how such a file begins, with the hash as the group `digest`.
    """
    try:
        data = read_bytes(path, 2**20, links=False)
    except (FileNotFoundError, NotADirectoryError):
        return HookStatus.MISSING
    except OSError:
        return HookStatus.FOREIGN
    unedited = is_unedited(data, header)
    if unedited is None:
        return HookStatus.FOREIGN
    if data == today():
        return HookStatus.OK
    return HookStatus.STALE if unedited else HookStatus.EDITED


def verify(prefix: str | Path, *, windows: bool) -> dict[Path, HookStatus]:
    """The status of every hook that an environment, for Windows or not, should have."""
    hooks = hooks_of(prefix, shells_for(windows=windows), Direction)
    return {path: status(path, shell, direction) for path, shell, direction in hooks}


def write(prefix: str | Path, *, windows: bool, kept: list[Path] | None = None) -> list[Path]:
    """Write the hooks that are missing or have another text, and return their paths.

    Each file is replaced in one step. The deactivate hooks come first, so that an environment
    never has a hook that nothing can undo.

    Args:
        prefix: The environment; no other process may change its hooks at this moment.
        windows: Whether it is a Windows environment.
        kept: Gets the new paths of edited hooks, which are renamed.

    Raises:
        ForeignFileError: A foreign file has the name of a hook; nothing was written.
        OSError: A file cannot be written.
    """
    order = (Direction.DEACTIVATE, Direction.ACTIVATE)
    hooks = hooks_of(prefix, shells_for(windows=windows), order)
    found = [status(path, shell, direction) for path, shell, direction in hooks]
    if HookStatus.FOREIGN in found:
        raise ForeignFileError(hooks[found.index(HookStatus.FOREIGN)][0])
    texts = [render(shell, direction) for _, shell, direction in hooks]
    files, written = Inside(Path(prefix)), []
    kept = [] if kept is None else kept
    for (path, _, _), text, before in zip(hooks, texts, found, strict=True):
        if before is HookStatus.OK:
            continue
        files.remove_leftovers(path.parent, STEM)
        if before is HookStatus.EDITED:
            kept.append(files.put_aside(path))
        files.write(path, text)
        written.append(path)
    return written


def remove(
    prefix: str | Path, *, tombstone: bool = True, kept: list[Path] | None = None
) -> list[Path]:
    """Remove the hooks of every shell and version, and return their paths; foreign files stay.

    The deactivate hooks stay by default: a shell that has the environment active needs them to
    take back what the activate hooks set. Without that they do nothing.

    Args:
        prefix: The environment; no other process may change its hooks at this moment.
        tombstone: Whether the deactivate hooks stay.
        kept: Gets the new paths of edited hooks, which are renamed.

    Raises:
        OSError: A file cannot be removed.
    """
    removed: list[Path] = []
    files = Inside(Path(prefix))
    kept = [] if kept is None else kept
    for direction in (Direction.ACTIVATE,) if tombstone else Direction:
        for path, shell, _ in hooks_of(prefix, SHELLS, [direction]):
            found = status(path, shell, direction)
            if found in (HookStatus.MISSING, HookStatus.FOREIGN):
                continue
            # A folder on the way may be a link; what is behind it is not ours.
            with contextlib.suppress(ForeignFileError):
                if found is HookStatus.EDITED:
                    kept.append(files.put_aside(path))
                else:
                    files.remove(path)
                removed.append(path)
        files.remove_leftovers(Path("etc", "conda", direction.value), STEM)
    return removed


def check_prefix(prefix: str | Path, *, windows: bool) -> None:
    """Refuse an environment whose path the hooks or the loader cannot carry.

    Raises:
        PrefixCharacterError: For the first such character.
    """
    refused = _REFUSED_ON_WINDOWS if windows else _REFUSED
    for char in str(prefix):
        if char in refused:
            raise PrefixCharacterError(prefix, char)
