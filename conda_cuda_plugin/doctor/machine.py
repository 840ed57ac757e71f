"""Rules about driver, GPUs and host compiler: what the verdict on the current toolkit says."""

from __future__ import annotations

from collections.abc import Iterator

from ..verdict.gpu_rules import judge_gpus
from ..verdict.verdict import Level, Reason
from .context import Context, Finding, Severity, rule


@rule("driver-too-old")
def driver(context: Context) -> Iterator[Finding]:
    """The driver is too old for the toolkit."""
    yield from _from_reasons(context, Severity.ERROR, "driver-too-old")


@rule("gpu-not-covered")
def gpu(context: Context) -> Iterator[Finding]:
    """The toolkit has no code for the GPU."""
    if context.current is None or context.verdict is None:
        return
    # The verdict's own copy of a reason may know a way out.
    known = {reason.text: reason for reason in context.verdict.reasons}
    for level, found in judge_gpus(context.current.version, context.machine):
        severity = Severity.ERROR if level is Level.CANNOT else Severity.NOTE
        yield _finding(context, severity, known.get(found.text, found))


@rule("driver-limits")
def limits(context: Context) -> Iterator[Finding]:
    """The driver runs the toolkit with limits."""
    yield from _from_reasons(context, Severity.NOTE, "driver-update", "ptx-jit")


@rule("driver-unclear")
def detection(context: Context) -> Iterator[Finding]:
    """The driver's parts do not fit together."""
    notes = context.machine.notes if context.current is not None else ()
    # What the user has set on purpose does not contradict anything.
    chosen = tuple(note for note in notes if note.startswith("CONDA_OVERRIDE_"))
    strange = tuple(note for note in notes if note not in chosen)
    if chosen:
        yield Finding(
            "Variables stand in for what this machine says of its driver.",
            chosen,
            "Unset them to see this machine as it is.",
            severity=Severity.NOTE,
        )
    if strange:
        yield Finding(
            "What this machine says of its driver does not fit together.",
            strange,
            "nvidia-smi shows the driver's own view; after an update of the driver, restart.",
        )


@rule("host-gcc-too-new")
def host_compiler(context: Context) -> Iterator[Finding]:
    """The toolkit's nvcc does not accept the host compiler."""
    if context.has_nvcc:
        yield from _from_reasons(context, Severity.WARNING, "host-compiler")


def _from_reasons(context: Context, severity: Severity, *ids: str) -> Iterator[Finding]:
    reasons = context.verdict.reasons if context.verdict else ()
    return (_finding(context, severity, reason) for reason in reasons if reason.id in ids)


def _finding(context: Context, severity: Severity, reason: Reason) -> Finding:
    use = "" if reason.cure else context.use("auto")
    fits = f"A release that fits: {use}" if use.startswith("conda ") else use
    cure = reason.cure or fits
    return Finding(reason.text, tuple(_facts(context)), cure, severity=severity)


def _facts(context: Context) -> Iterator[str]:
    machine, current = context.machine, context.current
    assert current is not None
    yield f"current toolkit: CUDA {current.version}"
    if machine.driver is not None:
        yield f"driver: {machine.driver}"
    for gpu in machine.gpus:
        capability = gpu.capability or "unknown"
        yield f"GPU: {gpu.name or 'unknown'}, compute capability {capability}"
    if machine.host_compiler is not None:
        yield f"host compiler: {machine.host_compiler} ({machine.host_compiler.path})"
