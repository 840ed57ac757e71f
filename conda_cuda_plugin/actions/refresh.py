"""Letting an adopted toolkit follow the packages of its environment."""

from __future__ import annotations

from logging import getLogger
from pathlib import Path

from ..environment import Environment, write_toolkit
from ..install import root as roots
from ..install import switch
from ..install.view import make_adopted_view
from ..platforms import Platform, platform_of
from ..sources.installed import cuda_packages, has_compiler, version_of
from ..toolkit import Flavor, Origin, Toolkit

log = getLogger(__name__)


def after_command() -> None:
    """Refresh the environment of the command that conda has just run, before conda 25.5."""
    from conda.base.context import context

    from ..conda_compat import has_transaction_actions

    if not has_transaction_actions():
        refresh_quietly(context.target_prefix)


def refresh_quietly(prefix: str | None) -> None:
    """Refresh an environment; whatever goes wrong, the user's command has succeeded."""
    try:
        if prefix:
            refresh(Environment(Path(prefix)))
    except Exception:
        log.debug("the CUDA view of %s was not refreshed", prefix, exc_info=True)


def refresh(environment: Environment) -> bool:
    """Make the adopted toolkit of an environment follow its packages.

    Returns:
        Whether anything was done: nothing is, unless the environment uses such a toolkit.
    """
    name = environment.current_name()
    if name is None:
        return False
    current = environment.current()
    if current is None or current.origin is not Origin.ENVIRONMENT:
        return False
    from conda.base.context import context

    platform = platform_of(context.subdir)
    packages = cuda_packages(environment.prefix)
    version = version_of(packages)
    if version is None:
        # The packages are gone, and with them everything the root's links led to.
        switch.let_go(environment)
        roots.remove_root(environment, current.root)
        return True
    _rebuild(environment, current, packages, platform)
    return True


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
        aside.mkdir()
        make_adopted_view(aside, environment.prefix, platform)
        write_toolkit(toolkit, aside)

    roots.build_aside(environment, root, build)
    request = dict(environment.state.get("request") or {})
    if root != current.root:
        request["version"] = version.release
    switch.make_current(environment, toolkit, platform, request)
    if root != current.root:
        roots.remove_root(environment, current.root)
