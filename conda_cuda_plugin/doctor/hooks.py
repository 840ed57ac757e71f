"""Rules about the hooks that make `conda activate` switch CUDA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .. import hooks
from ..hooks import HookStatus
from .patient import Finding, Patient, Severity


def missing(patient: Patient) -> Iterator[Finding]:
    """`hooks-missing`."""
    found = _with(patient, HookStatus.MISSING)
    if found:
        yield Finding(
            "hooks-missing",
            Severity.ERROR,
            f"{_count(found)} not there, so `conda activate` does not switch CUDA in every shell.",
            _shown(patient, found),
            patient.command("doctor --fix"),
            lambda: _write(patient),
        )


def stale(patient: Patient) -> Iterator[Finding]:
    """`hooks-stale`."""
    found = _with(patient, HookStatus.STALE)
    if found:
        yield Finding(
            "hooks-stale",
            Severity.WARNING,
            f"{_count(found)} of another version of conda cuda.",
            _shown(patient, found),
            patient.command("doctor --fix"),
            lambda: _write(patient),
        )


def edited(patient: Patient) -> Iterator[Finding]:
    """`hooks-edited`."""
    found = _with(patient, HookStatus.EDITED)
    if found:
        yield Finding(
            "hooks-edited",
            Severity.WARNING,
            f"{_count(found)} edited by hand; what was added there may not be taken back.",
            _shown(patient, found),
            f"Keep your lines in a script of your own; {patient.command('doctor --fix')} then "
            "moves this one aside and writes it anew.",
            lambda: _write(patient),
        )


def foreign(patient: Patient) -> Iterator[Finding]:
    """`hooks-foreign`."""
    found = _with(patient, HookStatus.FOREIGN)
    if found:
        yield Finding(
            "hooks-foreign",
            Severity.ERROR,
            "Something that conda cuda did not write has the place of a hook.",
            _shown(patient, found),
            f"Move it away, then: {patient.command('doctor --fix')}",
        )


def _with(patient: Patient, status: HookStatus) -> list[Path]:
    if patient.environment.current_name() is None:
        return []
    found = hooks.verify(patient.prefix, windows=patient.platform.windows)
    return [path for path, one in found.items() if one is status]


def _write(patient: Patient) -> object:
    return hooks.write(
        patient.prefix, windows=patient.platform.windows, kept=patient.environment.kept
    )


def _shown(patient: Patient, paths: list[Path]) -> tuple[str, ...]:
    return tuple(patient.inside(path) for path in paths)


def _count(paths: list[Path]) -> str:
    return "1 hook is" if len(paths) == 1 else f"{len(paths)} hooks are"
