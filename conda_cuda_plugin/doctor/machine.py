"""Rules about driver, GPUs and host compiler: what the verdict on the current toolkit says."""

from __future__ import annotations

from collections.abc import Iterator

from ..machine.machine import Override
from ..quoting import assignment, quoted, typed
from ..verdict.gpu_rules import judge_gpus
from ..verdict.verdict import Level, Reason
from ..versions import CudaVersion
from .context import Context, Finding, Severity, rule
from .start_up import setters


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
    if context.current is not None and context.machine.notes:
        yield Finding(
            "What this machine says of its driver does not fit together.",
            context.machine.notes,
            "nvidia-smi shows the driver's own view; after an update of the driver, restart.",
        )


@rule("driver-overridden")
def driver_overridden(context: Context) -> Iterator[Finding]:
    """A variable or setting states another driver than the machine has."""
    for stated in context.machine.overrides:
        if stated.package != "cuda":
            continue
        more = _more(stated)
        if not stated.counts:
            text = f"conda takes the driver to run CUDA {quoted(stated.text)}, which is no version"
        elif stated.found is None or more == 0:
            continue
        elif stated.value is None:
            text = "conda chooses packages as for a machine without a driver, and this one has one"
        else:
            here = f"no more than {stated.found}: what is installed may not run"
            text = f"conda chooses packages for CUDA {stated.value} at most, and the driver here "
            text += f"runs {here if more > 0 else stated.found}"
        yield _overridden(context, stated, text, f"CUDA {stated.found}" if stated.found else "")


@rule("gpu-overridden")
def gpu_overridden(context: Context) -> Iterator[Finding]:
    """A variable or setting states another GPU than the machine has, or one that does not count."""
    for stated in context.machine.overrides:
        if stated.package != "cuda_arch":
            continue
        if not stated.counts:
            text = stated.note.removesuffix(".")
        elif stated.found in (None, stated.value):
            continue
        elif stated.value is None:
            text = "conda chooses packages as for a machine without a GPU, and this one has one"
        else:
            text = (
                f"conda chooses packages for compute capability {stated.value}, and the least of "
                f"the GPUs here has {stated.found}"
            )
        found = f"compute capability {stated.found}" if stated.found else ""
        yield _overridden(context, stated, text, found)


def _more(stated: Override) -> int:
    """Whether a stated CUDA is newer (1), the same (0) or older (-1) than what the driver runs."""
    if not stated.counts or stated.value is None or stated.found is None:
        return -1
    there, here = (CudaVersion.parse(text).numbers for text in (stated.value, stated.found))
    return (there > here) - (there < here)


def _overridden(context: Context, stated: Override, text: str, found: str) -> Finding:
    """What a stated package does, where it is stated, and how to take it away."""
    windows = context.platform.windows
    places = tuple(setters(context, stated.source)) if stated.key is None else ()
    evidence = f"{stated.source}={stated.text[:60]}"
    cure = assignment(stated.source, None, context.variables, windows=windows)
    if stated.key is not None:
        evidence = f"{stated.source}: {stated.key}: {stated.text[:60] or repr('')}"
        cure = f"conda config --file {typed(stated.source)} --remove-key {typed(stated.key)}"
    elif any(place.startswith("set in conda-meta") for place in places):
        cure = f"conda env config vars unset {context.named} {stated.source}"
    elif places:
        cure = f"Remove it where it is set, and from this shell:\n{cure}"
    if not stated.counts and stated.value is not None:
        driver = assignment("CONDA_OVERRIDE_CUDA", "12.4", context.variables, windows=windows)
        cure = f"State what the driver there runs, too:\n{driver}"
    here = (f"this machine: {found}",) if found else ()
    return Finding(f"{text}.", (evidence, *here, *places), cure)


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
