"""What programs in an environment get from the shell: its own variables, or the hooks' work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..environment import Environment
from ..platforms import Platform


@dataclass(frozen=True)
class Shell:
    """The shell that asks.

    Args:
        variables: its environment variables.
        active_prefix: the environment that is active in it, if any.
        cwd: its current directory.
    """

    variables: Mapping[str, str]
    active_prefix: str | None
    cwd: Path

    def has_active(self, environment: Environment) -> bool:
        """Whether an environment is the active one."""
        return self.active_prefix is not None and os.path.realpath(
            self.active_prefix
        ) == os.path.realpath(environment.prefix)


def library_path(environment: Environment, shell: Shell) -> str | None:
    """LD_LIBRARY_PATH as a program in the environment gets it.

    In the active environment it is the shell's. For another one it is what the hooks would make
    of it: the active environment's own element gone, this one's in front.
    """
    value = shell.variables.get("LD_LIBRARY_PATH")
    if shell.has_active(environment):
        return value
    elements = value.split(":") if value else []
    if shell.active_prefix:
        theirs = os.path.join(shell.active_prefix, "cuda", "lib64")
        elements = [element for element in elements if element != theirs]
    ours = str(environment.link / "lib64")
    if os.path.isdir(ours) and not set(ours) & set(":;$"):
        elements = [ours, *(element for element in elements if element != ours)]
    return ":".join(elements) if elements else None


def search_path(environment: Environment, shell: Shell, platform: Platform) -> str:
    """PATH as a program in the environment gets it: the shell's, or what conda would make of it."""
    value = shell.variables.get("PATH", "")
    if shell.has_active(environment):
        return value
    separator = ";" if platform.windows else ":"
    elements = value.split(separator)
    if shell.active_prefix:
        theirs = {os.path.join(shell.active_prefix, name) for name in _PATH_FOLDERS}
        elements = [element for element in elements if element not in theirs]
    names = _PATH_FOLDERS if platform.windows else ("bin",)
    return separator.join([*(os.path.join(environment.prefix, n) for n in names), *elements])


# Source: conda's activate.py, `_get_path_dirs`.
_PATH_FOLDERS = ("", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")
