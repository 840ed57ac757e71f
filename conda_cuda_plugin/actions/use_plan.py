"""What `conda cuda use` would do, and whether it makes sense on the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import hooks
from ..environment import Environment
from ..errors import CudaError, ForeignFileError, UsageError
from ..install import pin as pins
from ..install import root as roots
from ..install import switch, wrappers
from ..machine.detect import detect
from ..machine.host_compiler import EVIDENCE, find_host_compiler
from ..machine.machine import Machine
from ..machine.spec import is_machine_text, state_machine
from ..platforms import Platform
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.choice import NoSourceError
from ..system.conda_compat import assert_not_frozen
from ..toolkit import Toolkit
from ..verdict.judge import judge
from ..verdict.text import machine_document, verdict_document
from ..verdict.verdict import Level, Verdict
from ..versions import CudaVersion
from . import extend
from .change import check_writable

if TYPE_CHECKING:
    from ..sources.choice import Choice


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
    installed, reason = installed_toolkit(environment, request, source)
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
    extend.check_request(environment, request, base, source)
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
        return extend.choose_with_compiler(request, environment, source), request
    merged = extend.merged_request(request, base)
    try:
        more = extend.extended(request, base)
        choice = extend.choose_with_compiler(more, environment, base.origin.value)
        return replace(choice, reason=f"adds to {base.name}, which came from there"), merged
    except NoSourceError:
        # Another update or another source may have all of it, the toolkit's own parts too.
        return extend.choose_with_compiler(merged, environment, source), merged


def _weighed(plan: Plan, version: CudaVersion, machine: Machine | None, *, force: bool) -> Plan:
    """The plan with its verdict."""
    if machine is None:
        return plan
    toolkit = plan.offer or plan.installed
    assert toolkit is not None
    seen = extend.as_nvcc_sees_it(machine, toolkit, plan.environment, plan.request.platform)
    install = extend.cure_for(toolkit)
    return replace(plan, verdict=weigh(version, seen, force=force, install=install))


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

    Args:
        environment: where to look.
        request: what is asked for.
        source: the source that was named, if one was.

    Returns:
        None and nothing when there is no such toolkit.
    """
    if request.path is not None:
        wanted = os.path.realpath(request.path)
        for toolkit in environment.toolkits():
            if toolkit.location and os.path.realpath(toolkit.location) == wanted:
                fits = toolkit.complete and extend.holds(toolkit, request)
                return (toolkit, "adopted already") if fits else (None, "")
        return None, ""
    # `latest` and open ranges ask for the newest there is, not for the newest at hand.
    release = request.version.release
    found = environment.toolkit(release) if release else None
    if (
        found is None
        or not found.complete
        or not request.version.matches(found.version)
        or not (source is None or (found.origin is not None and found.origin.value == source))
        or not extend.holds(found, request)
    ):
        return None, ""
    return found, "installed already"


class CannotRunError(CudaError):
    """The toolkit would not run on the machine."""

    def __init__(self, verdict: Verdict, machine: Machine) -> None:

        where = "on the stated machine" if machine.stated else "here"
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
        machine: detected or stated, as nvcc of the toolkit sees it.
        force: whether to go on with a release that cannot run there.
        install: the command that installs a host compiler, as for `judge_compiler`.

    Raises:
        CannotRunError: when it is `cannot`, unless the user insists. What is unknown never stops.
    """

    verdict = judge(version, machine, install)
    if verdict.level is Level.CANNOT and not force:
        raise CannotRunError(verdict, machine)
    return verdict


def machine_for(
    text: str | None,
    request: ToolkitRequest,
    platform: Platform,
    variables: Mapping[str, str] = os.environ,
) -> Machine:
    """The machine that a toolkit has to run on: this one, or the one that `--for` describes.

    Args:
        text: the words after `--for`; None without.
        request: what is asked for; the host compiler matters only when nvcc is part of it.
        platform: the platform that is installed for.
        variables: environment variables.

    Raises:
        UsageError: when the text describes no machine.
    """

    compiles = request.compiles
    if text is None:
        return detect(variables=variables, full=False, compiler=compiles)
    if not is_machine_text(text):
        raise UsageError(
            f"--for {text!r} describes no machine.",
            hints=['Describe it like this: --for "driver=550,cc=8.9"'],
            machine=text,
        )
    host = find_host_compiler(variables, windows=platform.windows) if compiles else None
    base = Machine(
        windows=platform.windows,
        host_compiler=host[0] if host else None,
        evidence=((EVIDENCE, host[1]),) if host else (),
    )
    return state_machine(text, base)
