"""`conda cuda use`: what it would do, whether that makes sense on the machine, and doing it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace

from .. import hooks
from ..addons import addons_of
from ..environment import TOOLKIT_FILE, Environment
from ..errors import CudaError, ForeignFileError
from ..install import pin as pins
from ..install import root as roots
from ..install import switch, wrappers
from ..machine.host_compiler import seen_by_toolkit
from ..machine.machine import Machine
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.host_compiler import version_in
from ..system.conda_compat import assert_not_frozen, display_name
from ..system.progress import Fetched
from ..toolkit import Toolkit
from ..verdict.judge import judge
from ..verdict.text import machine_document, verdict_document
from ..verdict.verdict import Level, Verdict
from ..versions import CudaVersion
from . import extend
from .change import check_writable, in_environment
from .request import record_of, recorded_request


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
        have = self._replaced
        packages = self.offer.packages if self.offer else ()
        return tuple(one for one in packages if f"{one.name}-{one.version}" not in have)

    @property
    def removed(self) -> tuple[str, ...]:
        """The packages (`name-version`) of the toolkit that gives way that are not kept."""
        packages = self.offer.packages if self.offer else ()
        kept = {f"{package.name}-{package.version}" for package in packages}
        return tuple(package for package in self._replaced if package not in kept)

    @property
    def _replaced(self) -> list[str]:
        packages = self.replaces.packages if self.replaces else ()
        return [package.rpartition("-")[0] for package in packages]

    @property
    def changes_nothing(self) -> bool:
        """Whether the toolkit is current already and complete."""
        return (
            self.installed is not None
            and self.before is not None
            and self.before.root == self.installed.root
        )

    @property
    def recommendation(self) -> extend.Recommendation | None:
        """The cuDNN to offer with what is installed; None when nobody needs it or it is there."""
        offer = self.offer
        # A switch has to be fast: it does not look at frameworks.
        if offer is None or offer.origin.adopted or "cudnn" in self.request.addons:
            return None
        if "cudnn" in addons_of(f"{one.name}-{one.version}-0" for one in offer.packages):
            return None
        return extend.recommended_cudnn(self.environment.prefix, offer.version)


def make_plan(
    environment: Environment,
    request: ToolkitRequest,
    source: str | None,
    machine: Machine | None = None,
    *,
    force: bool = False,
    pin: bool | None = None,
) -> Plan:
    """Find out what has to be done. Asks sources, changes nothing.

    Args:
        environment: the environment.
        request: what is asked for.
        source: the source that was named, if one was.
        machine: the machine it has to run on; None when that does not matter.
        force: whether to go on with a toolkit that cannot run there.
        pin: whether to hold `conda install` to the release; None for as it is.

    Raises:
        CudaError: when it cannot be done, in words.
    """
    pin = pins.is_pinned(environment) if pin is None else pin
    check_environment(environment, request.platform)
    installed, reason = installed_toolkit(environment, request, source)
    offer = replaces = None
    if installed is not None:
        tools = switch.tools_of(installed, request.platform)
        wrappers.check_wrappers(environment, tools, adopted=installed.adopted)
    else:
        named = request.version.exact or request.version.release
        if machine is not None and named is not None:
            # A release that cannot run is refused before any source is asked, maybe over a network.
            weigh(CudaVersion.parse(str(named)), machine, force=force)
        # Who goes on against a verdict gets the packages as for a machine without a driver. A
        # copy keeps what the request has worked out already.
        request = copy(request)
        vars(request)["machine"] = None if force else machine
        base = extend.toolkit_to_extend(environment, request, source)
        extend.check_request(environment, request, base, source)
        choice, request = extend.choose_extended(environment, request, source, base)
        offer, reason = choice.offer, choice.reason
        roots.check_root(environment.root(offer.version))
        replaces = environment.toolkit(offer.version.release)
    toolkit = offer or installed
    assert toolkit is not None
    if pin:
        pins.check_pin(environment, toolkit.version)
    before = environment.current()
    plan = Plan(environment, request, source, reason, installed, offer, before, replaces, pin=pin)
    if machine is None:
        return plan
    seen = _as_nvcc_sees(machine, toolkit, environment, request.platform)
    # Nothing is installed into an adopted toolkit, so no command can be named.
    install = "" if toolkit.origin and toolkit.origin.adopted else None
    # Nothing is decided about a toolkit that is current already.
    force = force or plan.changes_nothing
    return replace(plan, verdict=weigh(toolkit.version, seen, force=force, install=install))


def _as_nvcc_sees(
    machine: Machine, toolkit: Toolkit | Offer, environment: Environment, platform: Platform
) -> Machine:
    """The machine, with the compiler that nvcc of a toolkit would call."""
    if isinstance(toolkit, Toolkit):
        version = toolkit.host_compiler
        path = wrappers.compiler_in(toolkit.root) if version else None
    else:
        version = version_in(toolkit.packages)
        name = f"{platform.machine}-conda-linux-gnu-c++"
        path = environment.root(toolkit.version) / "bin" / name
    return seen_by_toolkit(machine, version, path)


def check_environment(environment: Environment, platform: Platform) -> None:
    """Refuse an environment that cannot or must not be changed.

    Raises:
        CudaError: in words.
    """
    prefix = environment.prefix
    hooks.check_prefix(prefix, windows=platform.windows)
    assert_not_frozen(prefix)
    check_writable(environment)
    switch.check_link(environment)
    for path, status in hooks.verify(prefix, windows=platform.windows).items():
        if status is hooks.HookStatus.FOREIGN:
            owner = wrappers.owner_of(environment, path)
            raise ForeignFileError(path, owner=owner, reason="a hook has to go there")


def installed_toolkit(
    environment: Environment, request: ToolkitRequest, source: str | None
) -> tuple[Toolkit | None, str]:
    """A complete toolkit in the environment that meets a request, and why it is taken.

    Returns:
        None and nothing when there is no such toolkit.
    """
    if request.path is not None:
        wanted = os.path.realpath(request.path)
        for toolkit in environment.toolkits():
            if toolkit.location and os.path.realpath(toolkit.location) == wanted:
                meets = toolkit.complete and extend.holds(toolkit, request)
                return (toolkit, "adopted already") if meets else (None, "")
        return None, ""
    # `latest` and open ranges ask for the newest there is, not for the newest at hand.
    release = request.version.release
    found = environment.toolkit(release) if release else None
    if (
        found is None
        or not found.complete
        or not request.version.matches(found.version)
        or source not in (None, found.origin)
        or not extend.holds(found, request)
    ):
        return None, ""
    return found, "installed already"


class CannotRunError(CudaError):
    """The toolkit would not run on the machine."""

    def __init__(self, verdict: Verdict, machine: Machine) -> None:
        where = "on the stated machine" if machine.stated else "here"
        if verdict.node is not None:
            where = f"on {verdict.node.name}"
        first, *others = verdict.reasons
        text = first.text.removeprefix(f"CUDA {verdict.version} ")
        said = f"it {text}" if text != first.text else text
        cures = [reason.cure for reason in verdict.reasons if reason.cure]
        super().__init__(
            f"CUDA {verdict.version} will not run {where}: {said}",
            hints=[
                *(reason.text for reason in others if reason.id != "host-compiler"),
                *cures[:1],
                "--force goes on all the same.",
            ],
            verdict=verdict_document(verdict),
            machine=machine_document(machine),
        )


def weigh(
    version: CudaVersion, machine: Machine, *, force: bool, install: str | None = None
) -> Verdict:
    """The verdict on a release.

    Args:
        version: the release.
        machine: the machine, as nvcc of the toolkit sees it.
        force: whether to go on with a release that cannot run there.
        install: the command that installs a host compiler, as for `judge_compiler`.

    Raises:
        CannotRunError: when it is `cannot`, unless forced. What is unknown never stops.
    """
    verdict = judge(version, machine, install)
    if verdict.level is Level.CANNOT and not force:
        raise CannotRunError(verdict, machine)
    return verdict


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
