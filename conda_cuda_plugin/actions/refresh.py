"""Letting an adopted toolkit follow the packages of its environment."""

from __future__ import annotations

from logging import getLogger
from pathlib import Path

from conda.base.context import context

from ..environment import Environment
from ..install import root as roots
from ..install import switch
from ..platforms import platform_of
from ..sources.base import NotOffered, ToolkitRequest
from ..sources.installed import InstalledSource
from ..system.conda_compat import has_transaction_actions, prefix_of
from ..system.lock import locked
from ..system.ownership import closed_to_others
from ..toolkit import Origin, Toolkit
from ..versions import VersionRequest
from .change import LOCK
from .request import recorded_request

log = getLogger(__name__)


def after_command(command: str) -> None:
    """Refresh the environment of the command that conda has just run, before conda 25.5."""
    if not has_transaction_actions():
        refresh_quietly(prefix_of(command))


def refresh_quietly(prefix: str | None) -> None:
    """Refresh an environment. Whatever goes wrong, the user's command has succeeded."""
    try:
        if prefix:
            refresh(Environment(Path(prefix)))
    except Exception:
        log.debug("the CUDA view of %s was not refreshed", prefix, exc_info=True)


def refresh(environment: Environment) -> bool:
    """Let the current toolkit follow what conda has done to the environment.

    The view of an adopted toolkit follows the packages; a copy of the current root, which cloning
    makes, becomes a link again.

    Returns:
        Whether anything was done. Nothing is unless the environment has a current toolkit.

    Raises:
        LockedError: when another conda cuda is at work in the environment; it is not waited for.
    """
    if environment.current_name() is None:
        return False
    lock = environment.prefix / LOCK
    with closed_to_others(), locked(lock, "another conda cuda", 0, below=environment.prefix):
        environment.forget_state()
        mended = roots.mend_link(environment)
        current = environment.current()
        if current is None or current.origin is not Origin.ENVIRONMENT:
            return mended
        follow(environment, current)
        return True


def follow(environment: Environment, current: Toolkit) -> None:
    """Let the current toolkit follow the packages that it consists of; its lock must be held."""
    platform = platform_of(context.subdir)
    request = ToolkitRequest(VersionRequest.parse("latest"), platform)
    try:
        offer = InstalledSource().offer(request, environment)
    except NotOffered:
        # The packages are gone, and with them everything the root's links led to.
        switch.deactivate(environment)
        roots.remove_root(environment, current.root)
        return
    toolkit = roots.install(offer, environment, platform)
    record = dict(recorded_request(environment))
    if toolkit.root != current.root:
        record["version"] = toolkit.version.release
    switch.make_current(environment, toolkit, platform, record)
    if toolkit.root != current.root:
        roots.remove_root(environment, current.root)
