"""Rules about the installed toolkits, and what interrupted commands have left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..actions.change import LOCK
from ..descent import is_temporary
from ..environment import STATE, Environment
from ..install.contents import recorded_facts
from ..install.root import clean_up
from ..install.unfinished import recorded
from ..lock import is_held
from ..quoting import in_turn
from ..reading import read_json
from ..toolkit import Origin, Toolkit
from .finding import Finding, Severity
from .patient import Patient
from .records import broken

_FOLDERS = (".", "bin", "etc/conda/activate.d", "etc/conda/deactivate.d", str(STATE))


def incomplete(patient: Patient) -> Iterator[Finding]:
    """`toolkit-incomplete`."""
    for toolkit in patient.toolkits:
        if toolkit.complete or (broken(toolkit) and recorded_facts(toolkit.root)):
            # `record-broken` speaks of the latter.
            continue
        is_current = toolkit.name == patient.environment.current_name()
        release = toolkit.name.removeprefix("cuda-")
        gone = toolkit.location is not None
        yield Finding(
            "toolkit-incomplete",
            Severity.ERROR if is_current else Severity.WARNING,
            f"{toolkit.name} is incomplete: "
            + (
                "the toolkit of this machine that it stands for is gone."
                if gone
                else "its installation was interrupted, or files of it were removed."
            ),
            (toolkit.location if gone and toolkit.location else str(toolkit.root),),
            patient.command(f"use {release}" if is_current else f"remove {release}"),
        )


def damaged(patient: Patient) -> Iterator[Finding]:
    """`toolkit-damaged`."""
    for toolkit in patient.toolkits:
        lost = _lost(toolkit) if toolkit.complete else []
        if not lost:
            continue
        is_current = toolkit.name == patient.environment.current_name()
        release = toolkit.version.release
        adopted = toolkit.origin is Origin.ENVIRONMENT and is_current
        yield Finding(
            "toolkit-damaged",
            Severity.ERROR if is_current else Severity.WARNING,
            f"{toolkit.name} lacks files that it was installed with."
            if not adopted
            else f"{toolkit.name} has not followed a change of the environment's packages.",
            _first(patient, lost),
            patient.command("doctor --fix")
            if adopted
            else in_turn(
                patient.command(f"remove {release}"),
                patient.command(f"use {release}"),
                windows=patient.platform.windows,
            ),
            (lambda: _follow(patient)) if adopted else None,
        )


def interrupted(patient: Patient) -> Iterator[Finding]:
    """`interrupted-command`."""
    # A command that is at work in the environment has not been interrupted.
    if is_held(patient.prefix / LOCK):
        return
    left = _leftovers(patient.prefix)
    if left:
        yield Finding(
            "interrupted-command",
            Severity.WARNING,
            "An interrupted command has left files that nothing uses.",
            _first(patient, left),
            patient.command("doctor --fix"),
            lambda: _tidy(patient),
        )


def _lost(toolkit: Toolkit) -> list[Path]:
    """The files of a toolkit that are not there: those of its packages, and where links lead."""
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
        if not isinstance(files, list):
            lost.append(record)
            continue
        lost += [
            toolkit.root / str(file)
            for file in files
            if not os.path.lexists(toolkit.root / str(file))
        ]
    return lost


def _follow(patient: Patient) -> None:
    from ..actions.refresh import follow

    current = patient.environment.current()
    if current is not None and current.origin is Origin.ENVIRONMENT:
        follow(patient.environment, current)


def _leftovers(prefix: Path) -> list[Path]:
    found = recorded(Environment(prefix))
    for folder in _FOLDERS:
        try:
            names = sorted(os.listdir(prefix / folder))
        except OSError:
            continue
        found += [
            Path(os.path.normpath(prefix / folder / name)) for name in names if is_temporary(name)
        ]
    return found


def _tidy(patient: Patient) -> None:
    clean_up(patient.environment)
    for folder in _FOLDERS:
        patient.environment.files.remove_leftovers(Path(folder))


def _first(patient: Patient, paths: list[Path], count: int = 5) -> tuple[str, ...]:
    shown = [patient.inside(path) for path in paths[:count]]
    if len(paths) > count:
        shown.append(f"and {len(paths) - count} more")
    return tuple(shown)
