"""Rules about CUDA_HOME and its like in the shell that has the environment active."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .finding import Finding, Severity
from .patient import Patient

NAMES = ("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT")


def other_environment(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-other-environment`."""
    found = {name: value for name, value in _set(patient).items() if _other(patient, value)}
    if found:
        others = sorted({str(_other(patient, value)) for value in found.values()})
        yield Finding(
            "cuda-home-other-environment",
            Severity.ERROR,
            f"This shell builds with the CUDA of another environment: {', '.join(others)}.",
            tuple(f"{name}={value}" for name, value in found.items()),
            patient.activation,
        )


def disagree(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-path-disagree`."""
    found = _set(patient)
    if any(_other(patient, value) for value in found.values()):
        return
    home, path = found.get("CUDA_HOME"), found.get("CUDA_PATH")
    if home and path and os.path.realpath(home) != os.path.realpath(path):
        yield Finding(
            "cuda-home-path-disagree",
            Severity.WARNING,
            "CUDA_HOME and CUDA_PATH name two toolkits: which one is used depends on the program.",
            (f"CUDA_HOME={home}", f"CUDA_PATH={path}"),
            patient.activation,
        )


def elsewhere(patient: Patient) -> Iterator[Finding]:
    """`cuda-home-elsewhere`: all agree, on a toolkit that is not the environment's."""
    found = _set(patient)
    if any(True for _ in disagree(patient)):
        return
    ours = os.path.realpath(patient.environment.link)
    strange = {
        name: value
        for name, value in found.items()
        if not _other(patient, value) and os.path.realpath(value) != ours
    }
    if strange:
        yield Finding(
            "cuda-home-elsewhere",
            Severity.WARNING,
            f"{' and '.join(strange)} of this shell do not name the environment's toolkit."
            if len(strange) > 1
            else f"{next(iter(strange))} of this shell does not name the environment's toolkit.",
            tuple(f"{name}={value}" for name, value in strange.items()),
            patient.activation,
        )


def _set(patient: Patient) -> dict[str, str]:
    if not patient.active or patient.current is None:
        return {}
    return {name: value for name in NAMES if (value := patient.variables.get(name))}


def _other(patient: Patient, value: str) -> Path | None:
    """The other environment that a path lies in; None when it lies in none, or in this one."""
    if not os.path.isabs(value):
        return None
    path = Path(os.path.normpath(value))
    ours = os.path.realpath(patient.prefix)
    around = [path, *path.parents]
    if any(os.path.realpath(folder) == ours for folder in around):
        return None
    # A toolkit root is a prefix of its own: the outermost one is the environment.
    found = [folder for folder in around if (folder / "conda-meta").is_dir()]
    return found[-1] if found else None
