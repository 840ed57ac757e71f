"""Rules about the link that names the current toolkit."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..errors import UsageError
from ..hooks import HookStatus, verify
from ..install import switch
from ..install.root import mend_link
from ..toolkit import Toolkit
from ..versions import VersionRequest
from .patient import Finding, Patient, Severity


def dangling(patient: Patient) -> Iterator[Finding]:
    """`link-dangling`."""
    name = patient.environment.current_name()
    if name is not None and not patient.environment.link.exists():
        yield Finding(
            "link-dangling",
            Severity.ERROR,
            f"The current toolkit {name} is not there any more.",
            (f"{patient.environment.link} -> {os.readlink(patient.environment.link)}",),
            _cure(patient, name.removeprefix("cuda-")),
            lambda: _repair(patient),
        )


def missing(patient: Patient) -> Iterator[Finding]:
    """`link-missing`: wrappers or activate hooks without the link that they lead to."""
    environment = patient.environment
    if os.path.lexists(environment.link):
        return
    left = [
        patient.inside(path)
        for path, status in verify(patient.prefix, windows=patient.platform.windows).items()
        if path.parent.name == "activate.d" and status not in _NOT_OURS
    ]
    left += [f"bin/{name}" for name in patient.recorded_wrappers]
    if left:
        yield Finding(
            "link-missing",
            Severity.WARNING,
            "Hooks or wrappers are there, but no toolkit is current: the link is gone, or a "
            "command was interrupted.",
            (f"{environment.link} is missing", *left),
            _cure(patient, _recorded(patient)),
            lambda: _repair(patient),
        )


_NOT_OURS = (HookStatus.MISSING, HookStatus.FOREIGN)


def foreign(patient: Patient) -> Iterator[Finding]:
    """`link-foreign`."""
    link, name = patient.environment.link, patient.environment.current_name()
    if not os.path.lexists(link) or not patient.environment.has_cuda:
        return
    if name is not None and not link.is_symlink():
        # A copy of a root of ours; `copied` speaks of it.
        return
    if name is not None:
        inside = os.path.realpath(patient.prefix / name)
        if not link.exists() or os.path.realpath(link) == inside:
            return
    target = f" -> {os.readlink(link)}" if link.is_symlink() else ""
    release = _recorded(patient)
    yield Finding(
        "link-foreign",
        Severity.ERROR,
        "Something that conda cuda did not make has the place of the link to the current toolkit.",
        (f"{link}{target}",),
        f"Move it away, then: {patient.command(f'use {release}' if release else 'use')}",
    )


def copied(patient: Patient) -> Iterator[Finding]:
    """`link-copied`."""
    environment = patient.environment
    if environment.link.is_symlink() or environment.copied_name() is None:
        return
    yield Finding(
        "link-copied",
        Severity.WARNING,
        "A copy of the current toolkit has the place of the link to it: cloning or renaming the "
        "environment has made it.",
        (f"{environment.link} is a copy of {environment.copied_name()}",),
        patient.command("doctor --fix"),
        lambda: mend_link(environment),
    )


def _cure(patient: Patient, release: str | None) -> str:
    if _fitting(patient) is not None:
        return patient.command("doctor --fix")
    return patient.command(f"use {release}" if release else "off")


def _repair(patient: Patient) -> None:
    """Lead the link to the toolkit that was asked for; where it is not there, let go."""
    fitting = _fitting(patient)
    if fitting is None:
        switch.deactivate(patient.environment)
    else:
        request = patient.environment.state.get("request")
        switch.make_current(
            patient.environment,
            fitting,
            patient.platform,
            request if isinstance(request, dict) else {},
        )


def _fitting(patient: Patient) -> Toolkit | None:
    """The complete toolkit that was asked for the last time; None when it is not installed."""
    text = _recorded(patient)
    if not text:
        return None
    try:
        request = VersionRequest.parse(text)
    except UsageError:
        return None
    fitting = [t for t in patient.environment.toolkits() if t.complete]
    return next((t for t in fitting if request.matches(t.version)), None)


def _recorded(patient: Patient) -> str | None:
    request = patient.environment.state.get("request")
    return str(request.get("version") or "") or None if isinstance(request, dict) else None
