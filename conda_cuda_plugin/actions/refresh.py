"""Letting an adopted toolkit follow the packages of its environment."""

from __future__ import annotations

from logging import getLogger
from pathlib import Path

from conda.base.context import context

from ..environment import Environment
from ..install import root as roots
from ..install import switch
from ..platforms import platform_of
from ..sources.base import Offer
from ..sources.installed import cuda_packages, has_compiler, version_of
from ..system.conda_compat import has_transaction_actions, prefix_of
from ..system.lock import locked
from ..system.ownership import closed_to_others
from ..toolkit import Flavor, Origin, Toolkit
from .change import LOCK

log = getLogger(__name__)


def after_command(command: str) -> None:
    """Refresh the environment of the command that conda has just run, before conda 25.5."""

    if not has_transaction_actions():
        refresh_quietly(prefix_of(command))


def refresh_quietly(prefix: str | None) -> None:
    """Refresh an environment; whatever goes wrong, the user's command has succeeded."""
    try:
        if prefix:
            refresh(Environment(Path(prefix)))
    except Exception:
        log.debug("the CUDA view of %s was not refreshed", prefix, exc_info=True)


def refresh(environment: Environment) -> bool:
    """Make what an environment uses follow what conda has done to it.

    The view of an adopted toolkit follows the packages; the copy that cloning makes of the current
    root becomes a link again.

    Returns:
        Whether anything was done: nothing is, unless the environment has a current toolkit.

    Raises:
        LockedError: when another conda cuda is at work in the environment, which waits for nothing.
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
    """Make the current toolkit follow the packages that it is made of; its lock must be held."""
    packages = cuda_packages(environment.prefix)
    version = version_of(packages)
    if version is None:
        # The packages are gone, and with them everything the root's links led to.
        switch.deactivate(environment)
        roots.remove_root(environment, current.root)
        return
    platform = platform_of(context.subdir)
    flavor = Flavor.DEVEL if has_compiler(packages) else Flavor.RUNTIME
    offer = Offer(Origin.ENVIRONMENT, version, flavor, (), (), "the environment itself")
    toolkit = roots.install(offer, environment, platform)
    request = dict(environment.state.get("request") or {})
    if toolkit.root != current.root:
        request["version"] = version.release
    switch.make_current(environment, toolkit, platform, request)
    if toolkit.root != current.root:
        roots.remove_root(environment, current.root)
