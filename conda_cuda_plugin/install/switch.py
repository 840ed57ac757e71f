"""Making an installed toolkit the current one, and letting go of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import hooks
from ..environment import Environment
from ..errors import CudaError, ForeignFileError
from ..files import link_atomically
from ..platforms import Platform
from ..toolkit import Toolkit
from . import view, wrappers


@dataclass(frozen=True)
class Switch:
    """What switching has changed."""

    hooks_are_new: bool
    """Shells that have the environment active do not know of its CUDA yet."""
    wrappers: tuple[str, ...]


def check_link(environment: Environment) -> None:
    """Refuse when something that is not ours stands where the link goes.

    Raises:
        ForeignFileError: when it does.
    """
    link = environment.link
    if os.path.lexists(link) and environment.current_name() is None:
        raise ForeignFileError(link, reason="the link to the current toolkit has to go there")


def tools_of(toolkit: Toolkit, platform: Platform) -> tuple[str, ...]:
    """The tools of an installed toolkit that get a wrapper."""
    if platform.windows:
        return ()
    owned = toolkit.origin is not None and not toolkit.origin.adopted
    return tuple(view.programs(toolkit.root, platform, owned=owned))


def make_current(
    environment: Environment, toolkit: Toolkit, platform: Platform, request: Mapping[str, Any]
) -> Switch:
    """Make a toolkit current: wrappers, hooks, and last the link, which is one step.

    Args:
        environment: the environment.
        toolkit: one of its complete toolkits.
        platform: the environment's platform.
        request: what was asked for, to be recorded.

    Raises:
        ForeignFileError: when something that is not ours is in the way; nothing is changed then.
        CudaError: when a toolkit is not complete.
    """
    if not toolkit.complete:
        raise CudaError(
            f"{toolkit.name} is incomplete, so it cannot be used.",
            hints=[f"conda cuda use {toolkit.version.release} installs it anew."],
        )
    check_link(environment)
    adopted = toolkit.origin is not None and toolkit.origin.adopted
    needed = wrappers.check_wrappers(environment, tools_of(toolkit, platform), adopted=adopted)
    before = list(environment.state.get("wrappers") or ())
    # Recorded before they are written, so that whatever happens, `off` finds them all.
    environment.write_state({"request": dict(request), "wrappers": sorted({*before, *needed})})
    wrappers.write_wrappers(environment, needed)
    written = hooks.write(environment.prefix, windows=platform.windows)
    link_atomically(environment.link, toolkit.name)
    wrappers.remove_wrappers(environment, before, keep=needed)
    environment.write_state({"request": dict(request), "wrappers": sorted(needed)})
    return Switch(bool(written), tuple(needed))


def let_go(environment: Environment) -> bool:
    """No current toolkit any more: link, wrappers and hooks go, toolkits stay.

    The deactivate hooks stay, inert, for shells that have the environment active.

    Returns:
        Whether there was anything to let go of.
    """
    changed = False
    if environment.current_name() is not None:
        environment.link.unlink()
        changed = True
    recorded = list(environment.state.get("wrappers") or ())
    changed |= bool(wrappers.remove_wrappers(environment, recorded))
    changed |= bool(hooks.remove(environment.prefix))
    state = {key: value for key, value in environment.state.items() if key != "wrappers"}
    if environment.state and state != environment.state:
        environment.write_state(state)
    return changed
