"""Letting an adopted toolkit follow the packages of its environment."""

from __future__ import annotations

from logging import getLogger
from pathlib import Path

from conda.base.context import context

from ..environment import Environment, write_toolkit
from ..install import root as roots
from ..install import switch
from ..install.view import make_adopted_view
from ..platforms import Platform, platform_of
from ..sources.installed import cuda_packages, has_compiler, version_of
from ..system.conda_compat import has_transaction_actions, prefix_of
from ..system.files import Inside
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
    if version_of(packages) is None:
        # The packages are gone, and with them everything the root's links led to.
        switch.deactivate(environment)
        roots.remove_root(environment, current.root)
    else:
        _rebuild(environment, current, packages, platform_of(context.subdir))


def _rebuild(
    environment: Environment,
    current: Toolkit,
    packages: list[tuple[str, str, str]],
    platform: Platform,
) -> None:
    version = version_of(packages)
    assert version is not None
    root = environment.root(version)
    roots.check_root(root)
    toolkit = Toolkit(
        version,
        root,
        Origin.ENVIRONMENT,
        Flavor.DEVEL if has_compiler(packages) else Flavor.RUNTIME,
    )

    def build(aside: Path) -> None:
        Inside(environment.prefix).make_folder(aside)
        make_adopted_view(aside, environment.prefix, platform)
        write_toolkit(toolkit, aside)

    roots.build_aside(environment, root, build)
    request = dict(environment.state.get("request") or {})
    if root != current.root:
        request["version"] = version.release
    switch.make_current(environment, toolkit, platform, request)
    if root != current.root:
        roots.remove_root(environment, current.root)
