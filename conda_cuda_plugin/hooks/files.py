"""Writing the hooks into an environment and taking them away."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ..errors import ForeignFileError
from ..files import Inside
from .check import HookStatus, status
from .render import render
from .shells import SHELLS, STEM, Direction, hook_path, shells_for


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
