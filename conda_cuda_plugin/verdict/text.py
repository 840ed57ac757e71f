"""A verdict and a machine in a line for people, and as documents for machines."""

from __future__ import annotations

from typing import Any

from ..machine.machine import Machine
from .driver_rules import driver_cuda, shown
from .verdict import Level, Verdict


def verdict_line(verdict: Verdict, machine: Machine) -> str:
    """The level, then what decides: the most important reason, or the numbers when all is well."""
    if verdict.reasons and verdict.level is not Level.NATIVE:
        return f"{verdict.level.value}: {verdict.reasons[0].text}"
    parts = []
    needed = verdict.needed
    if machine.driver is not None:
        wants = f", {shown(needed.driver)} needed" if needed.driver else ""
        parts.append(f"driver {shown(machine.driver)}{wants}")
    elif (cuda := driver_cuda(machine)) is not None:
        parts.append(f"a driver for CUDA {cuda}{machine.stated_by('cuda')}")
    found = sorted({gpu.capability for gpu in machine.gpus if gpu.capability})
    if found:
        spans, by = needed.capabilities, machine.stated_by("cuda_arch")
        wants = f", {spans[0]} to {spans[1]} supported" if spans else ""
        parts.append(f"compute capability {' and '.join(map(str, found))}{by}{wants}")
    return f"{verdict.level.value} ({'; '.join(parts)})" if parts else verdict.level.value


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `--json` shows it."""
    needed = verdict.needed
    return {
        "version": str(verdict.version),
        "level": verdict.level.value,
        "reasons": [
            {"id": reason.id, "text": reason.text, "cure": reason.cure}
            for reason in verdict.reasons
        ],
        "driver_needed": str(needed.driver) if needed.driver else None,
        "driver_minimum": str(needed.minimum_driver) if needed.minimum_driver else None,
        "compute_capabilities": list(map(str, needed.capabilities or ())),
    }


def machine_document(machine: Machine) -> dict[str, Any]:
    """A machine as `--json` shows it."""
    compiler = machine.host_compiler
    return {
        "stated": machine.stated,
        "driver": str(machine.driver) if machine.driver else None,
        "driver_cuda": str(machine.driver_cuda) if machine.driver_cuda else None,
        "gpus": [
            {
                "name": gpu.name,
                "compute_capability": str(gpu.capability) if gpu.capability else None,
            }
            for gpu in machine.gpus
        ],
        "libc": machine.libc,
        "host_compiler": {
            "name": compiler.name,
            "version": ".".join(map(str, compiler.version)),
            "path": compiler.path,
        }
        if compiler
        else None,
        "wsl": machine.wsl,
        "evidence": dict(machine.evidence),
        "overrides": [
            {
                "package": f"__{one.package}",
                "value": one.value,
                "counts": one.counts,
                "source": one.source,
                "key": one.key,
                "found": one.found,
            }
            for one in machine.overrides
        ],
        "notes": [*(one.note for one in machine.overrides if one.note), *machine.notes],
    }
