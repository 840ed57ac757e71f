"""Writing the hooks into an environment and taking them away."""

from __future__ import annotations

from pathlib import Path

from ..errors import ForeignFileError
from ..files import remove_leftovers, write_atomically
from .check import HookStatus, status
from .render import render
from .shells import SHELLS, STEM, Direction, hook_path, shells_for


def write(prefix: str | Path, *, windows: bool) -> list[Path]:
    """Writes the hooks that the environment lacks or has in another version.

    Each file is replaced in one step; one that is already right is not touched. The deactivate
    hooks come first: an environment must never have a hook whose doing nothing can undo.

    Args:
        prefix: The environment; no other process changes its hooks at this moment.
        windows: Whether it is a Windows environment.

    Returns:
        The files written, in the order of writing.

    Raises:
        ForeignFileError: A file that is not ours has the name of a hook; nothing was written.
        OSError: A file cannot be written.
    """
    todo: list[tuple[Path, bytes]] = []
    for direction in (Direction.DEACTIVATE, Direction.ACTIVATE):
        for shell in shells_for(windows=windows):
            path = hook_path(prefix, shell, direction)
            found = status(path, shell, direction)
            if found is HookStatus.FOREIGN:
                raise ForeignFileError(path)
            if found is not HookStatus.OK:
                todo.append((path, render(shell, direction)))
    for path, data in todo:
        remove_leftovers(path.parent, STEM)
        write_atomically(path, data)
    return [path for path, _ in todo]


def remove(prefix: str | Path, *, tombstone: bool = True) -> list[Path]:
    """Takes our hooks away, of every shell and version, and leaves foreign files alone.

    The deactivate hooks stay by default: a shell that has the environment active still needs
    them to take back what the activate hooks set, and without that they do nothing.

    Args:
        prefix: The environment; no other process changes its hooks at this moment.
        tombstone: Whether the deactivate hooks stay.

    Returns:
        The files removed.

    Raises:
        OSError: A file cannot be removed.
    """
    removed: list[Path] = []
    for direction in (Direction.ACTIVATE,) if tombstone else Direction:
        for shell in SHELLS:
            path = hook_path(prefix, shell, direction)
            if status(path, shell, direction) in (HookStatus.MISSING, HookStatus.FOREIGN):
                continue
            path.unlink()
            removed.append(path)
        remove_leftovers(Path(prefix, "etc", "conda", direction.value), STEM)
    return removed
