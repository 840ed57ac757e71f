"""Rules about the link that names the current toolkit."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..errors import UsageError
from ..hooks import HookStatus, verify
from ..install import switch
from ..install.root import mend_link
from ..install.wrappers import recorded_wrappers
from ..toolkit import Toolkit
from ..versions import VersionRequest
from .context import Context, Finding, Severity, rule

_NOT_OURS = (HookStatus.MISSING, HookStatus.FOREIGN)


@rule("link-dangling")
def dangling(context: Context) -> Iterator[Finding]:
    """The current toolkit is missing."""
    link, name = context.environment.link, context.environment.current_name()
    if name is not None and not link.exists():
        yield Finding(
            f"The current toolkit {name} is missing.",
            (f"{link} -> {os.readlink(link)}",),
            _cure(context, name.removeprefix("cuda-")),
            lambda: _repair(context),
            Severity.ERROR,
        )


@rule("link-missing")
def missing(context: Context) -> Iterator[Finding]:
    """Wrappers or activate hooks are there without the link that they lead to."""
    link = context.environment.link
    if os.path.lexists(link):
        return
    left = [
        context.inside(path)
        for path, status in verify(context.prefix, windows=context.platform.windows).items()
        if path.parent.name == "activate.d" and status not in _NOT_OURS
    ]
    left += [f"bin/{name}" for name in recorded_wrappers(context.environment)]
    if left:
        yield Finding(
            "Hooks or wrappers are there, but no toolkit is current: the link is gone, or a "
            "command was interrupted.",
            (f"{link} is missing", *left),
            _cure(context, _recorded(context)),
            lambda: _repair(context),
        )


@rule("link-foreign")
def foreign(context: Context) -> Iterator[Finding]:
    """Something else has the place of the link."""
    link, name = context.environment.link, context.environment.current_name()
    if not os.path.lexists(link) or not context.environment.has_cuda:
        return
    if name is not None:
        ours = os.path.realpath(context.prefix / name)
        # `link-copied` reports a copy of a root, `link-dangling` a missing one.
        if not link.is_symlink() or not link.exists() or os.path.realpath(link) == ours:
            return
    target = f" -> {os.readlink(link)}" if link.is_symlink() else ""
    release = _recorded(context)
    yield Finding(
        "Something that conda cuda did not make has the place of the link to the current toolkit.",
        (f"{link}{target}",),
        f"Move it away, then: {context.command(f'use {release}' if release else 'use')}",
        severity=Severity.ERROR,
    )


@rule("link-copied")
def copied(context: Context) -> Iterator[Finding]:
    """A copy of the toolkit has the place of the link."""
    environment = context.environment
    if not environment.link.is_symlink() and (name := environment.copied_name()) is not None:
        yield Finding(
            "A copy of the current toolkit has the place of the link to it: cloning or renaming "
            "the environment has made it.",
            (f"{environment.link} is a copy of {name}",),
            fix=lambda: mend_link(environment),
        )


def _cure(context: Context, release: str | None) -> str:
    if _fitting(context) is not None:
        return context.command("doctor --fix")
    return context.use(release) if release else context.command("off")


def _repair(context: Context) -> None:
    """Lead the link to the toolkit that was asked for; without it, deactivate."""
    environment, fitting = context.environment, _fitting(context)
    if fitting is None:
        switch.deactivate(environment)
    else:
        switch.make_current(environment, fitting, context.platform, _request(context))


def _fitting(context: Context) -> Toolkit | None:
    """The complete toolkit that was last asked for; None when it is not installed."""
    try:
        request = VersionRequest.parse(_recorded(context) or "")
    except UsageError:
        return None
    fitting = [t for t in context.environment.toolkits() if t.complete]
    return next((t for t in fitting if request.matches(t.version)), None)


def _recorded(context: Context) -> str | None:
    return str(_request(context).get("version") or "") or None


def _request(context: Context) -> dict[str, object]:
    request = context.environment.state.get("request")
    return request if isinstance(request, dict) else {}
