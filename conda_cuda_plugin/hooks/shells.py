"""The table of shells that conda runs hooks for, and where their hooks lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

STEM = "~conda-cuda"
"""conda sorts by name: ``~`` runs last on activate and first on deactivate."""


class Direction(Enum):
    """The two moments at which conda runs hooks; the value is the folder's name."""

    ACTIVATE = "activate.d"
    DEACTIVATE = "deactivate.d"


@dataclass(frozen=True)
class Shell:
    """One language of hooks.

    Attributes:
        name: The name conda's own activators use.
        extension: By which conda finds the hooks, with its dot.
        comment: What a comment line starts with, blank included.
        newline: The line end the shell's users and tools expect.
        unix: Whether Unix environments get this hook.
        windows: Whether Windows environments get it.
    """

    name: str
    extension: str
    comment: str
    newline: str = "\n"
    unix: bool = True
    windows: bool = False

    @property
    def filename(self) -> str:
        """The same in both folders, so that conda's two orders mirror each other."""
        return STEM + self.extension


# xonsh has no line: it runs the .sh hook through bash, on Windows the .bat hook through cmd.
SHELLS = (
    Shell("posix", ".sh", "# ", windows=True),
    Shell("fish", ".fish", "# "),
    Shell("csh", ".csh", "# "),
    Shell("powershell", ".ps1", "# ", windows=True),
    Shell("cmd.exe", ".bat", "@REM ", newline="\r\n", unix=False, windows=True),
)


def shells_for(*, windows: bool) -> tuple[Shell, ...]:
    """The shells that an environment of this kind of platform gets hooks for."""
    return tuple(shell for shell in SHELLS if (shell.windows if windows else shell.unix))


def hook_path(prefix: str | Path, shell: Shell, direction: Direction) -> Path:
    """Where the hook of one shell and direction lies in an environment."""
    return Path(prefix, "etc", "conda", direction.value, shell.filename)
