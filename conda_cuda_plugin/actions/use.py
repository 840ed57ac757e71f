"""`conda cuda use`: plan first, act later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .. import hooks
from ..compat.finding import Verdict
from ..compat.machine import Machine
from ..environment import TOOLKIT_FILE, Environment
from ..errors import CudaError
from ..install import pin as pins
from ..install import root as roots
from ..install import switch, wrappers
from ..platforms import Platform
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.choice import Choice, NoSourceError
from ..toolkit import Toolkit
from ..versions import CudaVersion
from . import extend, host_compiler
from .change import check_writable, in_environment
from .record import record_of
from .request import recorded_request
from .weigh import weigh


@dataclass(frozen=True)
class Plan:
    """What `use` would do."""

    environment: Environment
    request: ToolkitRequest
    source: str | None
    """The source that was named, if one was."""
    reason: str
    installed: Toolkit | None
    """The toolkit that is there and will be used; None when one has to be installed."""
    offer: Offer | None
    """What will be installed; None when nothing has to be."""
    before: Toolkit | None
    """The current toolkit now."""
    replaces: Toolkit | None
    """An installed toolkit of the same release that gives way."""
    verdict: Verdict | None = None
    """Whether it runs on the machine; None when no machine was given."""
    pin: bool = False
    """Whether `conda install` will be held to the release."""

    @property
    def added(self) -> tuple[Package, ...]:
        """The packages of the offer that are not in the toolkit that gives way."""
        if self.offer is None or self.replaces is None:
            return self.offer.packages if self.offer else ()
        have = {package.rpartition("-")[0] for package in self.replaces.packages}
        return tuple(
            package
            for package in self.offer.packages
            if f"{package.name}-{package.version}" not in have
        )

    @property
    def taken_away(self) -> tuple[str, ...]:
        """The packages (`name-version`) of the toolkit that gives way that are not kept."""
        if self.offer is None or self.replaces is None:
            return ()
        stay = {f"{package.name}-{package.version}" for package in self.offer.packages}
        before = [package.rpartition("-")[0] for package in self.replaces.packages]
        return tuple(package for package in before if package not in stay)

    @property
    def changes_nothing(self) -> bool:
        """Whether the toolkit is current already and complete."""
        return (
            self.installed is not None
            and self.before is not None
            and self.before.root == self.installed.root
        )


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


def make_plan(
    environment: Environment,
    request: ToolkitRequest,
    source: str | None,
    machine: Machine | None = None,
    *,
    force: bool = False,
    pin: bool | None = None,
) -> Plan:
    """Find out what has to be done; asks sources, changes nothing.

    Args:
        environment: where.
        request: what is asked for.
        source: the source that was named, if one was.
        machine: what it has to run on; None when that does not matter.
        force: whether to go on with a toolkit that cannot run there.
        pin: whether `conda install` shall be held to the release; None for as it is.

    Raises:
        CudaError: when it cannot be done, in words.
    """
    pin = pins.is_pinned(environment) if pin is None else pin
    check_environment(environment, request.platform)
    before = environment.current()
    installed, reason = _installed(environment, request, source)
    if installed is not None:
        wrappers.check_wrappers(
            environment,
            switch.tools_of(installed, request.platform),
            adopted=installed.origin is not None and installed.origin.adopted,
        )
        if pin:
            pins.check_pin(environment, installed.version)
        plan = Plan(environment, request, source, reason, installed, None, before, None, pin=pin)
        # What is current already is no decision of today's.
        return _weighed(plan, installed.version, machine, force=force or plan.changes_nothing)
    named = request.version.exact or request.version.release
    if machine is not None and named is not None:
        # A release that cannot run is refused before any source is asked, over a network maybe.
        weigh(
            named if isinstance(named, CudaVersion) else CudaVersion.parse(named),
            machine,
            force=force,
        )
    base = extend.toolkit_to_extend(environment, request, source)
    host_compiler.check_request(environment, request, base, source)
    choice, asked = _choose(environment, request, source, base)
    if pin:
        pins.check_pin(environment, choice.offer.version)
    root = environment.root(choice.offer.version)
    roots.check_root(root)
    replaced = environment.toolkit(choice.offer.version.release)
    plan = Plan(
        environment, asked, source, choice.reason, None, choice.offer, before, replaced, pin=pin
    )
    return _weighed(plan, choice.offer.version, machine, force=force)


def _choose(
    environment: Environment, request: ToolkitRequest, source: str | None, base: Toolkit | None
) -> tuple[Choice, ToolkitRequest]:
    """An offer, and the request it answers: with what an installed toolkit has, if one is there."""
    if base is None or base.origin is None:
        return host_compiler.choose_with_compiler(request, environment, source), request
    merged = extend.merged_request(request, base)
    try:
        more = extend.extended(request, base)
        choice = host_compiler.choose_with_compiler(more, environment, base.origin.value)
        return replace(choice, reason=f"adds to {base.name}, which came from there"), merged
    except NoSourceError:
        # Another update or another source may have all of it, the toolkit's own parts too.
        return host_compiler.choose_with_compiler(merged, environment, source), merged


def _weighed(plan: Plan, version: CudaVersion, machine: Machine | None, *, force: bool) -> Plan:
    """The plan with its verdict."""
    if machine is None:
        return plan
    toolkit = plan.offer or plan.installed
    assert toolkit is not None
    seen = host_compiler.as_nvcc_sees_it(machine, toolkit, plan.environment, plan.request.platform)
    install = host_compiler.cure_for(toolkit)
    return replace(plan, verdict=weigh(version, seen, force=force, install=install))


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
                toolkit = roots.install(plan.offer, environment, platform)
            record = record_of(plan.request, plan.source, toolkit, recorded_request(environment))
            done = switch.make_current(environment, toolkit, platform, record, pinned=plan.pin)
        except BaseException:
            if fresh and plan.offer is not None:
                _take_back(environment, environment.root(plan.offer.version))
            raise
    is_active = active_prefix is not None and os.path.realpath(active_prefix) == os.path.realpath(
        environment.prefix
    )
    unaware = is_active and done.hooks_are_new and not shell_has_it(environment, variables)
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
        roots.remove_tree(root)


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
    found, _ = _installed(plan.environment, plan.request, plan.source)
    return found


def shell_has_it(environment: Environment, variables: Mapping[str, str]) -> bool:
    """Whether the hooks have run in a shell, by its variables."""
    entries = variables.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    return str(environment.link / "lib64") in entries


def check_environment(environment: Environment, platform: Platform) -> None:
    """Refuse an environment that cannot or must not be changed.

    Raises:
        CudaError: in words.
    """
    from ..conda_compat import assert_not_frozen

    prefix = environment.prefix
    hooks.check_prefix(prefix, windows=platform.windows)
    assert_not_frozen(prefix)
    check_writable(environment)
    switch.check_link(environment)
    for path, status in hooks.verify(prefix, windows=platform.windows).items():
        if status is hooks.HookStatus.FOREIGN:
            from ..errors import ForeignFileError

            raise ForeignFileError(path, reason="a hook has to go there")


def _installed(
    environment: Environment, request: ToolkitRequest, source: str | None
) -> tuple[Toolkit | None, str]:
    """A complete toolkit in the environment that meets the request."""
    if request.path is not None:
        wanted = os.path.realpath(request.path)
        for toolkit in environment.toolkits():
            if toolkit.location and os.path.realpath(toolkit.location) == wanted:
                fits = toolkit.complete and extend.holds(toolkit, request)
                return (toolkit, "adopted already") if fits else (None, "")
        return None, ""
    fitting = [
        toolkit
        for toolkit in environment.toolkits()
        if toolkit.complete
        and request.version.matches(toolkit.version)
        and (source is None or (toolkit.origin is not None and toolkit.origin.value == source))
        and extend.holds(toolkit, request)
    ]
    if not fitting:
        return None, ""
    best = max(fitting, key=lambda toolkit: toolkit.version)
    if request.version.release is None:
        # `latest` and open ranges ask for the newest there is, not for the newest at hand.
        return None, ""
    return best, "installed already"


def _activation(environment: Environment) -> str:
    """The command that makes the shell notice."""
    import shlex

    from ..conda_compat import display_name

    return f"conda activate {shlex.quote(display_name(environment.prefix))}"
