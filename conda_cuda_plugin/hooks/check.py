"""What state an environment's hooks are in."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from ..reading import read_bytes
from .render import is_ours, is_unedited, render
from .shells import Direction, Shell, hook_path, shells_for


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
