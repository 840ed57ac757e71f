"""The tables of shells and variables that the hooks are for, and where the hooks lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

STEM = "~conda-cuda"
"""conda sorts by name: ``~`` runs last on activate and first on deactivate."""

ROOT_VARIABLES = {"CUDA_HOME": "CH", "CUDA_PATH": "CP", "CUDAToolkit_ROOT": "CR"}
"""The variables that name the toolkit's folder, each with the key of its state.

A hook keeps what it has set in ``__CONDA_CUDA_KEY_LEVEL``, and the value that was there before in
``__CONDA_CUDA_KEYO_LEVEL``.
"""


class Direction(Enum):
    """When conda runs a hook; the value is the name of its folder."""

    ACTIVATE = "activate.d"
    DEACTIVATE = "deactivate.d"


@dataclass(frozen=True)
class Shell:
    """A language of hooks."""

    name: str
    """As in conda's own activators."""
    extension: str
    """By which conda finds the hooks, with its dot."""
    comment: str
    """How a comment line begins, blank included."""
    newline: str = "\n"
    unix: bool = True
    """Whether Unix environments get this hook."""
    windows: bool = False
    """Whether Windows environments get it."""

    @cached_property
    def filename(self) -> str:
        """The same in both folders, so that conda runs the hooks in reverse order at the end."""
        return STEM + self.extension


# xonsh needs none: it runs the .sh hook through bash, on Windows the .bat hook through cmd.
SHELLS = (
    Shell("posix", ".sh", "# ", windows=True),
    Shell("fish", ".fish", "# "),
    Shell("csh", ".csh", "# "),
    Shell("powershell", ".ps1", "# ", windows=True),
    Shell("cmd.exe", ".bat", "@REM ", newline="\r\n", unix=False, windows=True),
)


def shells_for(*, windows: bool) -> tuple[Shell, ...]:
    """The shells that an environment, for Windows or not, gets hooks for."""
    return tuple(shell for shell in SHELLS if (shell.windows if windows else shell.unix))


def hook_path(prefix: str | Path, shell: Shell, direction: Direction) -> Path:
    """The path of a hook in an environment."""
    return Path(prefix, "etc", "conda", direction.value, shell.filename)


def hooks_of(
    prefix: str | Path, shells: Iterable[Shell], directions: Iterable[Direction]
) -> list[tuple[Path, Shell, Direction]]:
    """The hooks of some shells in an environment, one direction after the other."""
    return [
        (hook_path(prefix, shell, direction), shell, direction)
        for direction in directions
        for shell in shells
    ]
