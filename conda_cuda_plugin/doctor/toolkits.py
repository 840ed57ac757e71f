"""Rules about installed toolkits, and what interrupted commands have left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..actions.change import LOCK
from ..actions.refresh import follow
from ..environment import STATE
from ..install.contents import recorded_facts
from ..install.root import clean_up, recorded
from ..quoting import in_turn
from ..system.descent import is_temporary
from ..system.lock import is_held
from ..system.reading import names_in, read_json
from ..toolkit import Origin, Toolkit
from .context import Context, Finding, Severity, rule
from .records import record_problems

_FOLDERS = (".", "bin", "etc/conda/activate.d", "etc/conda/deactivate.d", str(STATE))


@rule("toolkit-incomplete")
def incomplete(context: Context) -> Iterator[Finding]:
    """A toolkit was not installed to the end."""
    for toolkit in context.toolkits:
        if toolkit.complete or (record_problems(toolkit) and recorded_facts(toolkit.root)):
            # `record-broken` reports the latter.
            continue
        is_current, release = context.is_current(toolkit), toolkit.name.removeprefix("cuda-")
        why = "its installation was interrupted, or files of it were removed."
        if toolkit.location is not None:
            why = "the toolkit of this machine that it stands for is gone."
        yield Finding(
            f"{toolkit.name} is incomplete: {why}",
            (toolkit.location or str(toolkit.root),),
            context.use(release) if is_current else context.command(f"remove {release}"),
            severity=Severity.ERROR if is_current else Severity.WARNING,
        )


@rule("toolkit-damaged")
def damaged(context: Context) -> Iterator[Finding]:
    """A toolkit lacks files."""
    for toolkit in context.toolkits:
        lost = _lost(toolkit) if toolkit.complete else []
        if not lost:
            continue
        is_current, release = context.is_current(toolkit), toolkit.version.release
        severity = Severity.ERROR if is_current else Severity.WARNING
        if toolkit.origin is Origin.ENVIRONMENT and is_current:
            yield Finding(
                f"{toolkit.name} has not followed a change of the environment's packages.",
                context.listed(lost),
                fix=lambda: _follow(context),
                severity=severity,
            )
        else:
            remove, use = context.command(f"remove {release}"), context.use(release, anew=True)
            whole = use.startswith("conda ")
            yield Finding(
                f"{toolkit.name} lacks files that it was installed with.",
                context.listed(lost),
                in_turn(remove, use, windows=context.platform.windows) if whole else use,
                severity=severity,
            )


@rule("interrupted-command")
def interrupted(context: Context) -> Iterator[Finding]:
    """An interrupted command left files."""
    # A command that is at work in the environment has not been interrupted.
    if is_held(context.prefix / LOCK):
        return
    if left := _leftovers(context):
        yield Finding(
            "An interrupted command has left files that nothing uses.",
            context.listed(left),
            fix=lambda: _tidy(context),
        )


def _lost(toolkit: Toolkit) -> list[Path]:
    """The files of a toolkit that are missing: those of its packages, and where links lead."""
    lost = [
        path
        for path in sorted((toolkit.root / "lib64").glob("*"))
        if path.is_symlink() and not path.exists()
    ]
    for record in sorted((toolkit.root / "conda-meta").glob("*.json")):
        try:
            files = read_json(record)["files"]
        except (OSError, ValueError, KeyError, TypeError):
            files = None
        if isinstance(files, list):
            paths = [toolkit.root / str(file) for file in files]
            lost += [path for path in paths if not os.path.lexists(path)]
        else:
            lost.append(record)
    return lost


def _follow(context: Context) -> None:
    current = context.environment.current()
    if current is not None and current.origin is Origin.ENVIRONMENT:
        follow(context.environment, current)


def _leftovers(context: Context) -> list[Path]:
    return recorded(context.environment) + [
        Path(os.path.normpath(context.prefix / folder / name))
        for folder in _FOLDERS
        for name in names_in(context.prefix / folder)
        if is_temporary(name)
    ]


def _tidy(context: Context) -> None:
    clean_up(context.environment)
    for folder in _FOLDERS:
        context.environment.files.remove_leftovers(Path(folder))
