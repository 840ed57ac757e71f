"""`conda cuda off` and `conda cuda remove`."""

from __future__ import annotations

from dataclasses import dataclass

from ..environment import Environment
from ..errors import CudaError
from ..install import root as roots
from ..install import switch
from ..toolkit import Toolkit
from ..versions import VersionRequest
from .change import in_environment


@dataclass(frozen=True)
class Removal:
    """What `remove` removes."""

    toolkits: tuple[Toolkit, ...]
    deactivates: bool
    """Whether the current toolkit is among them."""


def turn_off(environment: Environment) -> Toolkit | None:
    """Deactivate the current toolkit; the one that was current, or None."""
    with in_environment(environment):
        before = environment.current()
        changed = switch.deactivate(environment)
        return before if changed else None


def plan_removal(environment: Environment, version: str | None) -> Removal:
    """The toolkits that a version names; all of them without one.

    Raises:
        CudaError: when none is installed under that version.
    """
    installed = environment.toolkits()
    if version is None:
        return Removal(installed, environment.current_name() is not None)
    request = VersionRequest.parse(version)
    chosen = tuple(toolkit for toolkit in installed if request.matches(toolkit.version))
    if not chosen:
        names = ", ".join(str(toolkit.version) for toolkit in installed)
        raise CudaError(
            f"CUDA {version} is not installed in this environment.",
            hints=[f"Installed: {names}." if names else "No toolkit is installed here."],
            version=version,
        )
    current = environment.current_name()
    return Removal(chosen, any(toolkit.name == current for toolkit in chosen))


def remove(environment: Environment, removal: Removal) -> None:
    """Remove toolkits: every file that was written, nothing else."""
    with in_environment(environment):
        # Another command may have switched or removed while this one waited.
        current = environment.current()
        if current is None or current.name in [toolkit.name for toolkit in removal.toolkits]:
            # Without a current toolkit too: a command that was killed may have left hooks.
            switch.deactivate(environment)
        for toolkit in removal.toolkits:
            if toolkit.root.exists():
                roots.remove_root(environment, toolkit.root)
        if not environment.toolkits():
            environment.remove_state()
