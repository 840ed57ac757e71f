"""`conda cuda use`: plan first, act later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import hooks
from ..environment import STATE, Environment
from ..errors import CudaError, UsageError
from ..install import root as roots
from ..install import switch, wrappers
from ..lock import locked
from ..platforms import Platform
from ..sources.base import Offer, ToolkitRequest
from ..sources.choice import choose
from ..toolkit import Flavor, Toolkit
from ..versions import VersionRequest


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


def recorded_request(environment: Environment) -> Mapping[str, Any]:
    """What `use` was asked for the last time; empty when never."""
    request = environment.state.get("request")
    return request if isinstance(request, dict) else {}


def make_plan(environment: Environment, request: ToolkitRequest, source: str | None) -> Plan:
    """Find out what has to be done; asks sources, changes nothing.

    Raises:
        CudaError: when it cannot be done, in words.
    """
    check_environment(environment, request.platform)
    before = environment.current()
    installed, reason = _installed(environment, request, source)
    if installed is not None:
        wrappers.check_wrappers(
            environment,
            switch.tools_of(installed, request.platform),
            adopted=installed.origin is not None and installed.origin.adopted,
        )
        return Plan(environment, request, source, reason, installed, None, before, None)
    choice = choose(request, environment, source)
    root = environment.root(choice.offer.version)
    roots.check_root(root)
    replaced = environment.toolkit(choice.offer.version.release)
    return Plan(environment, request, source, choice.reason, None, choice.offer, before, replaced)


def carry_out(plan: Plan, *, active_prefix: str | None) -> Result:
    """Do what a plan says.

    Args:
        plan: the plan.
        active_prefix: the environment that is active in the shell, if any.

    Raises:
        CudaError: when it cannot be done; the environment is as before then.
    """
    environment, platform = plan.environment, plan.request.platform
    try:
        with locked(environment.prefix / STATE / "lock", "another conda cuda in this environment"):
            roots.clean_up(environment)
            fresh = plan.offer is not None and plan.replaces is None
            toolkit = (
                roots.install(plan.offer, environment, platform)
                if plan.offer is not None
                else plan.installed
            )
            assert toolkit is not None
            try:
                done = switch.make_current(environment, toolkit, platform, _to_record(plan))
            except BaseException:
                if fresh and environment.current_name() != toolkit.name:
                    roots.remove_tree(toolkit.root)
                raise
    except OSError as error:
        raise roots.disk_error(error, environment.prefix) from error
    is_active = active_prefix is not None and os.path.realpath(active_prefix) == os.path.realpath(
        environment.prefix
    )
    return Result(
        plan,
        toolkit,
        installed=plan.offer is not None,
        switched=plan.before is None or plan.before.root != toolkit.root,
        activate=_activation(environment) if is_active and done.hooks_are_new else None,
    )


def check_environment(environment: Environment, platform: Platform) -> None:
    """Refuse an environment that cannot or must not be changed.

    Raises:
        CudaError: in words.
    """
    from ..conda_compat import assert_not_frozen

    prefix = environment.prefix
    hooks.check_prefix(prefix, windows=platform.windows)
    assert_not_frozen(prefix)
    for folder in (prefix, prefix / "etc", prefix / STATE, prefix / "bin"):
        if folder.exists() and not _writable(folder):
            raise CudaError(
                f"The environment {prefix} cannot be changed: {folder} is not writable.",
                hints=["Make one of your own: conda create --name NAME"],
                prefix=prefix,
            )
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
                return (toolkit, "adopted already") if toolkit.complete else (None, "")
        return None, ""
    fitting = [
        toolkit
        for toolkit in environment.toolkits()
        if toolkit.complete
        and request.version.matches(toolkit.version)
        and (source is None or (toolkit.origin is not None and toolkit.origin.value == source))
        and _holds(toolkit, request)
    ]
    if not fitting:
        return None, ""
    best = max(fitting, key=lambda toolkit: toolkit.version)
    if request.version.release is None and not _is_settled(request.version):
        # `latest` and open ranges ask for the newest there is, not for the newest at hand.
        return None, ""
    return best, "installed already"


def _holds(toolkit: Toolkit, request: ToolkitRequest) -> bool:
    """Whether a toolkit has the flavor or the components that were asked for."""
    if request.components:
        wanted = set(request.wanted_components)
        if toolkit.flavor is not None:
            from ..toolkit import in_flavor

            return wanted <= set(in_flavor(toolkit.flavor))
        return wanted <= set(toolkit.components)
    if request.flavor is None:
        return True
    return toolkit.flavor is not None and toolkit.flavor.rank >= request.flavor.rank


def _is_settled(version: VersionRequest) -> bool:
    """Whether a request means one release only."""
    return version.release is not None


def _to_record(plan: Plan) -> dict[str, Any]:
    """The request as it is kept; paths of the machine are not."""
    version = plan.offer.version if plan.offer else plan.installed.version  # type: ignore[union-attr]
    text = version.release if plan.request.path is not None else str(plan.request.version)
    record: dict[str, Any] = {"version": text}
    origin = plan.offer.origin if plan.offer else plan.installed.origin  # type: ignore[union-attr]
    if plan.source or plan.request.path is not None:
        record["source"] = origin.value if origin else None
    if plan.request.flavor:
        record["flavor"] = plan.request.flavor.value
    if plan.request.components:
        record["components"] = list(plan.request.components)
    if plan.request.channels:
        record["channels"] = list(plan.request.channels)
    return record


def request_from(
    text: str | None,
    environment: Environment,
    platform: Platform,
    *,
    source: str | None,
    flavor: Flavor | None,
    components: tuple[str, ...],
    channels: tuple[str, ...],
    offline: bool,
) -> tuple[ToolkitRequest, str | None]:
    """The request behind the words of the command.

    Returns:
        The request, and the source it names.

    Raises:
        UsageError: when the words make no sense.
        CudaError: when nothing was named and nothing is recorded.
    """
    path: Path | None = None
    if text is None:
        recorded = recorded_request(environment)
        text = str(recorded.get("version") or "")
        if not text:
            raise CudaError(
                "No CUDA version was named, and none is recorded for this environment.",
                hints=[
                    "conda cuda use 12.4",
                    "conda cuda list --available shows what there is.",
                ],
            )
        source = source or recorded.get("source")
        flavor = flavor or _recorded_flavor(recorded)
        components = components or tuple(map(str, recorded.get("components") or ()))
        channels = channels or tuple(map(str, recorded.get("channels") or ()))
    elif os.sep in text or (os.altsep and os.altsep in text):
        if source not in (None, "system"):
            raise UsageError(
                f"{text} is a path, which only the source system takes.",
                hints=[f"conda cuda use {text}"],
            )
        path, source = Path(os.path.abspath(os.path.expanduser(text))), "system"
        text = "latest"
    if flavor and components:
        raise UsageError(
            "Name either a flavor or components, not both.",
            hints=["Components bring what they need with them."],
        )
    request = ToolkitRequest(
        VersionRequest.parse(text), platform, flavor, components, channels, offline, path
    )
    request.wanted_components  # noqa: B018 - refuses unknown names before anything is asked
    return request, source


def _recorded_flavor(recorded: Mapping[str, Any]) -> Flavor | None:
    try:
        return Flavor(recorded["flavor"])
    except (KeyError, ValueError):
        return None


def _activation(environment: Environment) -> str:
    """The command that makes the shell notice."""
    import shlex

    from ..conda_compat import display_name

    return f"conda activate {shlex.quote(display_name(environment.prefix))}"


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
