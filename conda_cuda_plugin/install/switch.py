"""Make an installed toolkit the current one, or deactivate it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from .. import hooks
from ..environment import KERNELS_KEY, Environment
from ..errors import CudaError, ForeignFileError
from ..platforms import Platform
from ..system.descent import KEPT
from ..system.operating_system import uninterrupted
from ..toolkit import Toolkit
from . import kernelspec, pin, view, windows, wrappers


def check_link(environment: Environment) -> None:
    """Refuse when something that is not ours has the place of the link.

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
    environment: Environment,
    toolkit: Toolkit,
    platform: Platform,
    request: Mapping[str, Any],
    *,
    pinned: bool | None = None,
) -> bool:
    """Make a toolkit current: wrappers, hooks, and last the link, which is one step.

    Args:
        environment: the environment.
        toolkit: one of its complete toolkits.
        platform: the environment's platform.
        request: what was asked for, to be recorded.
        pinned: whether `conda install` is held to the toolkit's release; None for as before.

    Returns:
        Whether hooks are new: shells with the environment active do not know of its CUDA yet.

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
    if platform.windows:
        windows.check_bin(environment)
    adopted = toolkit.origin is not None and toolkit.origin.adopted
    needed = wrappers.check_wrappers(environment, tools_of(toolkit, platform), adopted=adopted)
    before = wrappers.recorded_wrappers(environment)
    former = environment.current_name()
    pinned = pin.is_pinned(environment) if pinned is None else pinned
    with uninterrupted(), _all_or_nothing(environment, platform):
        # Recorded before they are written, so that whatever happens, `off` finds them all.
        environment.write_state(
            {
                **environment.state,
                "request": dict(request),
                "wrappers": sorted({*before, *needed}),
            }
        )
        wrappers.write_wrappers(environment, needed)
        written = hooks.write(environment.prefix, windows=platform.windows, kept=environment.kept)
        if pinned:
            pin.put(environment, toolkit.version)
        else:
            pin.remove(environment)
        environment.files.link(environment.link, toolkit.name)
    wrappers.remove_wrappers(environment, before, keep=needed)
    state: dict[str, Any] = {"request": dict(request), "wrappers": sorted(needed)}
    if KERNELS_KEY in environment.state:
        # A switch leaves the kernels as they are.
        state[KERNELS_KEY] = environment.state[KERNELS_KEY]
    if platform.windows:
        windows.take_off_path(environment, former)
        state["linked"] = windows.put_on_path(environment, toolkit.root)
    environment.write_state(state)
    return bool(written)


@contextlib.contextmanager
def _all_or_nothing(environment: Environment, platform: Platform) -> Iterator[None]:
    """Undo what was written when the link cannot be made, as on a full disk."""
    state, link = dict(environment.state), environment.current_name()
    pins = pin.read(environment)
    kept = len(environment.kept)
    had = set(os.listdir(environment.bin)) if environment.bin.is_dir() else set()
    lacked = [
        path
        for path, status in hooks.verify(environment.prefix, windows=platform.windows).items()
        if status is hooks.HookStatus.MISSING
    ]
    try:
        yield
    except BaseException:
        if environment.current_name() == link:
            with contextlib.suppress(OSError):
                recorded = list(environment.state.get("wrappers") or ())
                wrappers.remove_wrappers(environment, recorded, keep=had)
                if not had:
                    environment.files.remove_folder(environment.bin)
                for path in environment.kept[kept:]:
                    name = path.name[: path.name.rindex(KEPT)]
                    environment.files.rename(path, path.with_name(name))
                del environment.kept[kept:]
                if pin.read(environment) != pins:
                    pin.write(environment, pins)
                for path in lacked:
                    environment.files.remove(path)
                    environment.files.remove_folder(path.parent)
            with contextlib.suppress(OSError):
                environment.write_state(state) if state else environment.remove_state()
        raise


def deactivate(environment: Environment) -> bool:
    """Deactivate the current toolkit: remove link, wrappers, hooks, pin and kernels' variables.

    The toolkits stay, and so do the deactivate hooks, inert, for shells that have the environment
    active.

    Returns:
        Whether there was anything to remove.
    """
    changed = kernelspec.remove_variables(environment)
    changed |= pin.remove(environment)
    windows.take_off_path(environment, environment.current_name())
    if environment.current_name() is not None:
        environment.files.remove(environment.link)
        changed = True
    recorded = wrappers.recorded_wrappers(environment, look=True)
    changed |= bool(wrappers.remove_wrappers(environment, recorded))
    changed |= bool(hooks.remove(environment.prefix, kept=environment.kept))
    state = {key: value for key, value in environment.state.items() if key == "request"}
    if state != environment.state:
        environment.write_state(state)
    return changed
