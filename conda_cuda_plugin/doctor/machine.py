"""Rules about driver, GPUs and host compiler: what the verdict on the current toolkit says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..verdict.finding import Level
from ..verdict.gpu_rules import judge_gpus
from .patient import Finding, Patient, Severity

if TYPE_CHECKING:
    from ..verdict.finding import Reason


def driver(patient: Patient) -> Iterator[Finding]:
    """`driver-too-old`."""
    yield from _from_reasons(patient, "driver-too-old", Severity.ERROR, "driver-too-old")


def limits(patient: Patient) -> Iterator[Finding]:
    """`driver-limits`."""
    yield from _from_reasons(patient, "driver-limits", Severity.NOTE, "driver-update")
    yield from _from_reasons(patient, "driver-limits", Severity.NOTE, "ptx-jit")


def gpu(patient: Patient) -> Iterator[Finding]:
    """`gpu-not-covered`."""
    if patient.current is None:
        return

    # The verdict's own copy of a reason may know a way out.
    told = {reason.text: reason for reason in patient.verdict.reasons} if patient.verdict else {}
    for level, found in judge_gpus(patient.current.version, patient.machine):
        severity = Severity.ERROR if level is Level.CANNOT else Severity.NOTE
        reason = told.get(found.text, found)
        yield _finding(patient, "gpu-not-covered", severity, reason)


def host_compiler(patient: Patient) -> Iterator[Finding]:
    """`host-gcc-too-new`; only where there is an nvcc that would call it."""
    current = patient.current
    if current is not None and (current.root / "bin" / "nvcc").exists():
        yield from _from_reasons(patient, "host-gcc-too-new", Severity.WARNING, "host-compiler")


def detection(patient: Patient) -> Iterator[Finding]:
    """`driver-unclear`."""
    notes = patient.machine.notes if patient.current is not None else ()
    # What the user has set on purpose is no contradiction.
    chosen = tuple(note for note in notes if note.startswith("CONDA_OVERRIDE_"))
    strange = tuple(note for note in notes if note not in chosen)
    if chosen:
        yield Finding(
            "driver-unclear",
            Severity.NOTE,
            "Variables stand in for what this machine says of its driver.",
            chosen,
            "Unset them to see this machine as it is.",
        )
    if strange:
        yield Finding(
            "driver-unclear",
            Severity.WARNING,
            "What this machine says of its driver does not fit together.",
            strange,
            "nvidia-smi shows the driver's own view; after an update of the driver, restart.",
        )


def _from_reasons(
    patient: Patient, rule_id: str, severity: Severity, reason_id: str
) -> Iterator[Finding]:
    verdict = patient.verdict
    for reason in verdict.reasons if verdict else ():
        if reason.id == reason_id:
            yield _finding(patient, rule_id, severity, reason)


def _finding(patient: Patient, rule_id: str, severity: Severity, reason: Reason) -> Finding:
    cure = reason.cure or f"A release that fits: {patient.command('use auto')}"
    return Finding(rule_id, severity, reason.text, _facts(patient), cure)


def _facts(patient: Patient) -> tuple[str, ...]:
    machine, current = patient.machine, patient.current
    assert current is not None
    facts = [f"current toolkit: CUDA {current.version}"]
    if machine.driver is not None:
        facts.append(f"driver: {machine.driver}")
    facts += [
        f"GPU: {gpu.name or 'unknown'}, compute capability {gpu.capability or 'unknown'}"
        for gpu in machine.gpus
    ]
    if machine.host_compiler is not None:
        compiler = machine.host_compiler
        version = ".".join(map(str, compiler.version))
        facts.append(f"host compiler: {compiler.name} {version} ({compiler.path})")
    return tuple(facts)
