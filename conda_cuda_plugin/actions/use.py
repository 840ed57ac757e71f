"""`conda cuda use`: carrying out a plan."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..environment import TOOLKIT_FILE, Environment
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
    """Whether it was held to something before, and is no more."""


def carry_out(plan: Plan, *, active_prefix: str | None, variables: Mapping[str, str]) -> Result:
    """Do what a plan says.

    Args:
        plan: the plan.
        active_prefix: the environment that is active in the shell, if any.
        variables: the shell's environment variables.

    Raises:
        CudaError: when it cannot be done; the environment is as before then.
    """
    environment, platform = plan.environment, plan.request.platform
    with in_environment(environment):
        was_pinned = pins.is_pinned(environment)
        toolkit = _settled_meanwhile(plan)
        fresh = toolkit is None and plan.replaces is None
        installed = toolkit is None
        try:
            if toolkit is None:
                assert plan.offer is not None
                with Fetched():
                    toolkit = roots.install(plan.offer, environment, platform)
            record = record_of(plan.request, plan.source, toolkit, recorded_request(environment))
            new_hooks = switch.make_current(environment, toolkit, platform, record, pinned=plan.pin)
        except BaseException:
            if fresh and plan.offer is not None:
                _take_back(environment, environment.root(plan.offer.version))
            raise
    is_active = active_prefix is not None and os.path.realpath(active_prefix) == os.path.realpath(
        environment.prefix
    )
    unaware = is_active and new_hooks and not shell_has_it(environment, variables)
    return Result(
        plan,
        toolkit,
        installed=installed,
        switched=plan.before is None or plan.before.root != toolkit.root,
        activate=_activation(environment) if unaware else None,
        pinned=tuple(pins.pins(environment)),
        unpinned=was_pinned and not plan.pin,
    )


def _take_back(environment: Environment, root: Path) -> None:
    """Remove a toolkit that was installed to become current and did not."""
    if environment.current_name() != root.name and (root / TOOLKIT_FILE).is_file():
        roots.remove_root(environment, root)


def _settled_meanwhile(plan: Plan) -> Toolkit | None:
    """The toolkit to use as it is: the plan's, or one that another command has just installed."""
    if plan.installed is not None:
        found = plan.environment.toolkit(plan.installed.version.release)
        if found is None or not found.complete:
            raise CudaError(
                f"{plan.installed.name} was taken away meanwhile.",
                hints=["Run the command again."],
                toolkit=plan.installed.name,
            )
        return found
    found, _ = installed_toolkit(plan.environment, plan.request, plan.source)
    return found


def shell_has_it(environment: Environment, variables: Mapping[str, str]) -> bool:
    """Whether the hooks have run in a shell, by its variables."""
    entries = variables.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return str(environment.link / "lib64") in entries


def _activation(environment: Environment) -> str:
    """The command that makes the shell notice."""

    return f"conda activate {typed(display_name(environment.prefix))}"
