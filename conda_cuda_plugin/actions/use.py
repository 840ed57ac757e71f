"""`conda cuda use`: carrying out a plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..environment import TOOLKIT_FILE
from ..errors import CudaError
from ..install import pin as pins
from ..install import root as roots
from ..install import switch
from ..quoting import typed
from ..system.conda_compat import display_name
from ..system.progress import Fetched
from ..toolkit import Toolkit
from .change import in_environment
from .request import record_of, recorded_request
from .use_plan import Plan, installed_toolkit


@dataclass(frozen=True)
class Result:
    """What `use` has done."""

    plan: Plan
    toolkit: Toolkit
    installed: bool
    switched: bool
    activate: str | None
    """What to type so that shells with the environment active notice; None when nothing."""
    pinned: tuple[str, ...] = ()
    """What later `conda install` is held to."""
    unpinned: bool = False
    """Whether it was held to something before, and no longer is."""


def carry_out(plan: Plan, *, active_prefix: str | None, variables: Mapping[str, str]) -> Result:
    """Do what a plan says; the other arguments describe the shell.

    Raises:
        CudaError: when it cannot be done. The environment is as before then.
    """
    environment, platform = plan.environment, plan.request.platform
    with in_environment(environment):
        was_pinned = pins.is_pinned(environment)
        there = _toolkit_now(plan)
        toolkit = there
        try:
            if toolkit is None:
                assert plan.offer is not None
                with Fetched():
                    toolkit = roots.install(plan.offer, environment, platform)
            record = record_of(plan.request, plan.source, toolkit, recorded_request(environment))
            new_hooks = switch.make_current(environment, toolkit, platform, record, pinned=plan.pin)
        except BaseException:
            if there is None and plan.replaces is None and plan.offer is not None:
                # Installed to become current, which it did not.
                root = environment.root(plan.offer.version)
                if environment.current_name() != root.name and (root / TOOLKIT_FILE).is_file():
                    roots.remove_root(environment, root)
            raise
    is_active = active_prefix is not None and os.path.realpath(active_prefix) == os.path.realpath(
        environment.prefix
    )
    has_it = str(environment.link / "lib64") in variables.get("LD_LIBRARY_PATH", "").split(
        os.pathsep
    )
    unaware = is_active and new_hooks and not has_it
    return Result(
        plan,
        toolkit,
        installed=there is None,
        switched=plan.before is None or plan.before.root != toolkit.root,
        activate=f"conda activate {typed(display_name(environment.prefix))}" if unaware else None,
        pinned=tuple(pins.pins(environment)),
        unpinned=was_pinned and not plan.pin,
    )


def _toolkit_now(plan: Plan) -> Toolkit | None:
    """The installed toolkit to use: the plan's, or one that another command has just installed."""
    if plan.installed is None:
        return installed_toolkit(plan.environment, plan.request, plan.source)[0]
    found = plan.environment.toolkit(plan.installed.version.release)
    if found is None or not found.complete:
        raise CudaError(
            f"{plan.installed.name} was removed by another process.",
            hints=["Run the command again."],
            toolkit=plan.installed.name,
        )
    return found
