"""Rules about who else may change what the loader and the shell take from an environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import hooks
from ..others import is_open_to_others, open_in_environment, open_to_others
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
            f"chmod o-w {folders[0] if folders else found[0]}",
            None if current.adopted else lambda: _close(found),
        )


def scripts(patient: Patient) -> Iterator[Finding]:
    """`hooks-open-to-others`."""
    if patient.environment.current_name() is None or patient.platform.windows:
        return
    found = []
    for path in hooks.verify(patient.prefix, windows=patient.platform.windows):
        for place in (path, path.parent):
            if place not in found and is_open_to_others(place):
                found.append(place)
    if found:
        yield Finding(
            "hooks-open-to-others",
            Severity.ERROR,
            "Every user of this machine may change what your shell runs at `conda activate`.",
            tuple(patient.inside(path) for path in found[:5]),
            patient.command("doctor --fix"),
            lambda: _close(found),
        )


def _close(paths: list[Path]) -> None:
    for path in paths:
        os.chmod(path, stat.S_IMODE(path.stat().st_mode) & ~stat.S_IWOTH)
