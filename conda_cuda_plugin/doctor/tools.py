"""Rules about the tools: the wrappers in the environment's `bin`, and what PATH finds first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..hooks import HookStatus
from ..install.switch import tools_of
from ..install.wrappers import is_wrapper, owner_of, status, write_wrappers
from ..quoting import typed
from .patient import Finding, Patient, Severity


def missing(patient: Patient) -> Iterator[Finding]:
    """`wrapper-missing`."""
    wanting = [name for name in _tools(patient) if _is_wanting(patient, name)]
    if wanting:
        yield Finding(
            "wrapper-missing",
            Severity.WARNING,
            "Tools of the current toolkit cannot be called by their names: their wrappers are "
            "missing or not as they should be.",
            tuple(f"bin/{name}" for name in wanting),
            patient.command("doctor --fix"),
            lambda: _write(patient, wanting),
        )


def shadowed(patient: Patient) -> Iterator[Finding]:
    """`wrapper-shadowed`."""
    current = patient.current
    if current is None or current.origin is None or current.origin.adopted:
        return
    for name in _tools(patient):
        path = patient.environment.bin / name
        if not os.path.lexists(path) or is_wrapper(path):
            continue
        owner = owner_of(patient.environment, path)
        yield Finding(
            "wrapper-shadowed",
            Severity.WARNING,
            f"{name} in this environment is not the current toolkit's: "
            + (f"the package {owner} has brought its own." if owner else "a file has its place."),
            (str(path),),
            f"conda remove {patient.named} {typed(owner.rsplit('-', 2)[0])}"
            if owner
            else f"Move {path} away, then: {patient.command('doctor --fix')}",
        )


def foreign_first(patient: Patient) -> Iterator[Finding]:
    """`foreign-nvcc-first`."""
    current = patient.current
    if not patient.active or current is None or patient.platform.windows:
        return
    found = shutil.which("nvcc", path=patient.variables.get("PATH", ""))
    if found is None or _is_ours(patient, Path(found)):
        return
    has_nvcc = (current.root / "bin" / "nvcc").exists()
    if has_nvcc and not os.path.lexists(patient.environment.bin / "nvcc"):
        # Nothing of ours is there to be found: `wrapper-missing` speaks of it.
        return
    folder = os.path.dirname(found)
    yield Finding(
        "foreign-nvcc-first",
        Severity.WARNING if has_nvcc else Severity.NOTE,
        f"nvcc on PATH is not that of the current toolkit, CUDA {current.version}"
        + ("." if has_nvcc else ", which was installed without one."),
        (found,),
        f"Take {folder} off PATH, or put it behind {patient.environment.bin}."
        if has_nvcc
        else patient.command(f"use {current.version.release} --flavor devel"),
    )


def _tools(patient: Patient) -> tuple[str, ...]:
    current = patient.current
    if current is None or not current.complete:
        return ()
    return tools_of(current, patient.platform)


def _is_wanting(patient: Patient, name: str) -> bool:
    path = patient.environment.bin / name
    found = status(path)
    if found in (HookStatus.FOREIGN, HookStatus.OK):
        return found is HookStatus.OK and not os.access(path, os.X_OK)
    return True


def _write(patient: Patient, names: list[str]) -> None:
    environment = patient.environment
    recorded = {*patient.recorded_wrappers, *names}
    environment.write_state({**environment.state, "wrappers": sorted(recorded)})
    write_wrappers(environment, names)


def _is_ours(patient: Patient, path: Path) -> bool:
    """Whether a tool is the wrapper, or what it runs."""
    prefix = os.path.realpath(patient.prefix)
    real = os.path.realpath(path)
    if os.path.realpath(path.parent) == os.path.join(prefix, "bin"):
        return True
    assert patient.current is not None
    return real.startswith(os.path.realpath(patient.current.root / "bin") + os.sep)
