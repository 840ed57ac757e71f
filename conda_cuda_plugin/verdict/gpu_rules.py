"""What the GPUs say of a release: whether it makes code that runs on them.

A GPU of compute capability X.Y runs code built for the same X and a smaller or equal Y (CUDA
programming guide; NVIDIA's compatibility guides for Turing and Ada). Code for another X reaches
it through PTX only, which the toolkit's own libraries need not carry. Neither holds between
Jetson modules and other GPUs.
"""

from __future__ import annotations

from ..machine.machine import ComputeCapability, DriverVersion, Gpu, Machine
from ..machine.tables import Architecture, architectures, cuda_of_driver, driver_for, toolkit_row
from ..versions import CudaVersion
from .driver_rules import driver_cuda, shown
from .verdict import Level, Reason


def judge_gpus(version: CudaVersion, machine: Machine) -> list[tuple[Level, Reason]]:
    """The GPUs' side of a verdict, one entry per kind of GPU that something is wrong with."""
    found: dict[str, tuple[Level, Reason]] = {}
    served: list[Gpu] = []
    for gpu in machine.gpus:
        if gpu.capability is None:
            continue
        answer = _judge(version, gpu, gpu.capability, machine)
        if answer is None:
            served.append(gpu)
        else:
            found.setdefault(answer[1].text, answer)
    if not served:
        return list(found.values())
    other = f"{_who(served[0])} ({served[0].capability}) is served"
    return [
        (level, _beside(reason, other) if level is Level.CANNOT else reason)
        for level, reason in found.values()
    ]


def capabilities(version: CudaVersion) -> tuple[ComputeCapability, ComputeCapability] | None:
    """The oldest and the newest GPU a release makes code for; None for unknown releases."""
    row = toolkit_row(version.release)
    return (row.minimum, row.maximum) if row else None


def _judge(
    version: CudaVersion, gpu: Gpu, capability: ComputeCapability, machine: Machine
) -> tuple[Level, Reason] | None:
    """What is wrong with one GPU; None when nothing is."""
    architecture, known = architectures().get(capability), capabilities(version)
    if architecture is None:
        # In no table: older than all, newer than all, or one in between.
        if known is not None and capability < known[0]:
            return Level.CANNOT, _too_old(version, gpu, capability, None)
        return _too_new(version, gpu, capability, None) if known else None
    wrong = _dropped(architecture, gpu, machine) or _too_early(architecture, gpu, machine)
    if wrong is not None:
        return Level.CANNOT, wrong
    if architecture.served_by(version):
        return None
    if version.numbers > architecture.first.numbers:
        return Level.CANNOT, _too_old(version, gpu, capability, architecture)
    return _too_new(version, gpu, capability, architecture)


def _too_old(
    version: CudaVersion,
    gpu: Gpu,
    capability: ComputeCapability,
    architecture: Architecture | None,
) -> Reason:
    known, cure = capabilities(version), None
    makes = f"code for compute capability {known[0]} and newer" if known else ""
    if architecture and (last := architecture.last):
        cure = f"CUDA {last.release} is the last release for {architecture.name}."
    return Reason(
        "gpu-too-old",
        f"CUDA {version} makes {makes or f'no code for compute capability {capability}'}; "
        f"{_who(gpu)} has {capability}.",
        cure,
    )


def _too_new(
    version: CudaVersion,
    gpu: Gpu,
    capability: ComputeCapability,
    architecture: Architecture | None,
) -> tuple[Level, Reason]:
    relatives = [
        row.capability
        for row in architectures().values()
        if row.served_by(version)
        and row.capability.major == capability.major
        and row.capability < capability
        and not row.embedded
    ]
    level, known = Level.CANNOT, capabilities(version)
    text = f"CUDA {version} makes no code for {_who(gpu)} ({capability})"
    if relatives and not (architecture and architecture.embedded):
        level, text = Level.MINOR, f"{text}, which runs what is built for {max(relatives)}"
    elif known is not None and not known[0] <= capability <= known[1]:
        text = (
            f"CUDA {version} makes code for compute capability {known[0]} to {known[1]}; "
            f"{_who(gpu)} has {capability}"
        )
    first = architecture.first.release if architecture else None
    cure = f"CUDA {first} is the first release for {capability}." if first else None
    return level, Reason("gpu-too-new", f"{text}.", cure)


def _dropped(architecture: Architecture, gpu: Gpu, machine: Machine) -> Reason | None:
    """That the driver is of a branch after the last one for the GPU."""
    if architecture.last_branch is None:
        return None
    last = cuda_of_driver(DriverVersion((architecture.last_branch,)))
    # Windows has branch numbers between those of Linux, so what the branches support is compared.
    now = cuda_of_driver(machine.driver) if machine.driver else machine.driver_cuda
    if last is None or now is None or now.numbers <= last.numbers:
        return None
    branch = f"R{architecture.last_branch}"
    return Reason(
        "gpu-dropped",
        f"{_driver(machine)} does not serve {_who(gpu)} ({architecture.capability}); {branch} is "
        f"the last branch for {architecture.name}.",
        f"Install a driver of branch {branch}.",
    )


def _too_early(architecture: Architecture, gpu: Gpu, machine: Machine) -> Reason | None:
    """That a stated driver is from before the GPU; a driver that shows one knows it."""
    now = driver_cuda(machine) if machine.stated else None
    if now is None or now.numbers >= architecture.first.numbers:
        return None
    first = driver_for(architecture.first, windows=machine.windows)
    branch = f", R{first.branch}," if first and not machine.windows else ""
    return Reason(
        "driver-too-old",
        f"{_driver(machine)} is from before {_who(gpu)} ({architecture.capability}); the driver of "
        f"CUDA {architecture.first.release}{branch} is the first for it.",
        f"Update the driver to {shown(first)} or newer." if first else None,
    )


def _driver(machine: Machine) -> str:
    if machine.driver is not None:
        return f"Driver {shown(machine.driver)}"
    return f"A driver for CUDA {machine.driver_cuda}"


def _beside(reason: Reason, other: str) -> Reason:
    """The reason of a GPU that cannot be served beside one that can."""
    cure = f"{reason.cure} " if reason.cure else ""
    return Reason(
        reason.id,
        f"{reason.text[:-1]}, while {other}.",
        f"{cure}For the other GPU alone: go on with --force, and name it in CUDA_VISIBLE_DEVICES.",
    )


def _who(gpu: Gpu) -> str:
    architecture = architectures().get(gpu.capability) if gpu.capability else None
    return gpu.name or (f"the {architecture.name} GPU" if architecture else "the GPU")
