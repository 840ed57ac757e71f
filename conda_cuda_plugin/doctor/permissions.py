"""Rules about who else may change what the loader and the shell take from an environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import hooks
from ..errors import CudaError
from ..files import Inside
from ..others import is_open_to_others, open_in_environment, open_to_others
from ..quoting import typed
from .finding import Finding, Severity
from .patient import Patient


def root(patient: Patient) -> Iterator[Finding]:
    """`toolkit-open-to-others`."""
    current = patient.current
    if current is None or patient.platform.windows:
        return
    found = open_in_environment(patient.prefix, current.root)
    if current.location:
        found += [path for path in open_to_others(Path(current.location)) if path not in found]
    if found:
        folders = [str(path) for path in found if path.is_dir()]
        yield Finding(
            "toolkit-open-to-others",
            Severity.ERROR,
            "Every user of this machine may change what programs load from this toolkit.",
            tuple(patient.inside(path) for path in found[:5]),
            f"chmod o-w {typed(folders[0] if folders else str(found[0]))}",
            None if current.adopted else lambda: _close(patient, found),
        )


def scripts(patient: Patient) -> Iterator[Finding]:
    """`hooks-open-to-others`."""
    if patient.environment.current_name() is None or patient.platform.windows:
        return
    found: list[Path] = []
    foreign = []
    for path, status in hooks.verify(patient.prefix, windows=False).items():
        if status is hooks.HookStatus.FOREIGN:
            foreign.append(path)
        for place in (path, path.parent):
            if place not in found and is_open_to_others(place):
                found.append(place)
    ours = [path for path in found if path not in foreign]
    if found:
        yield Finding(
            "hooks-open-to-others",
            Severity.ERROR,
            "Every user of this machine may change what your shell runs at `conda activate`.",
            tuple(patient.inside(path) for path in found[:5]),
            patient.command("doctor --fix") if ours else f"chmod o-w {typed(str(found[0]))}",
            (lambda: _close(patient, ours)) if ours else None,
        )


def _close(patient: Patient, paths: list[Path]) -> None:
    """Close what lies in the environment.

    Raises:
        CudaError: when something does not; all else is closed then.
    """
    real = Path(os.path.realpath(patient.prefix))
    outside = []
    for path in paths:
        base = next((base for base in (patient.prefix, real) if path.is_relative_to(base)), None)
        if base is None:
            outside.append(path)
        else:
            path = real if path == base else path
            files = Inside(base if path != real else real.parent)
            files.set_mode(path, take=stat.S_IWOTH)
    if outside:
        raise CudaError(
            f"{outside[0]} lies outside of the environment, so its mode stays as it is.",
            hints=[f"chmod o-w {typed(str(outside[0]))}"],
        )
