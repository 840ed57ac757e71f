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
from .finding import Level, Reason


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
    others = f"{_who(served[0])} ({served[0].capability}) is served" if served else None
    return [
        (level, _told(reason, others) if level is Level.CANNOT and others else reason)
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
    architecture = architectures().get(capability)
    if architecture is not None and _dropped(architecture, machine):
        return Level.CANNOT, _dropped_reason(architecture, gpu, machine)
    if architecture is not None and machine.stated and _too_early(architecture, machine):
        return Level.CANNOT, _too_early_reason(architecture, gpu, machine)
    if architecture is None:
        return _judge_unknown(version, gpu, capability)
    if architecture.served_by(version):
        return None
    if (version.major, version.minor) > (architecture.first.major, architecture.first.minor):
        return Level.CANNOT, _too_old(version, gpu, capability, architecture)
    return _too_new(version, gpu, capability, architecture)


def _judge_unknown(
    version: CudaVersion, gpu: Gpu, capability: ComputeCapability
) -> tuple[Level, Reason] | None:
    """A GPU that is in no table: older than all, newer than all, or one in between."""
    known = capabilities(version)
    if known is not None and capability < known[0]:
        return Level.CANNOT, _too_old(version, gpu, capability, None)
    if known is None or any(
        row.capability == capability for row in architectures().values() if row.served_by(version)
    ):
        return None
    return _too_new(version, gpu, capability, None)


def _too_old(
    version: CudaVersion,
    gpu: Gpu,
    capability: ComputeCapability,
    architecture: Architecture | None,
) -> Reason:
    known = capabilities(version)
    makes = (
        f"CUDA {version} makes code for compute capability {known[0]} and newer"
        if known
        else f"CUDA {version} makes no code for compute capability {capability}"
    )
    last = (
        f"CUDA {architecture.last.release} is the last release for {architecture.name}."
        if architecture and architecture.last
        else None
    )
    return Reason("gpu-too-old", f"{makes}; {_who(gpu)} has {capability}.", last)


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
    first = (
        f"CUDA {architecture.first.release} is the first release for {capability}."
        if architecture
        else None
    )
    if relatives and not (architecture and architecture.embedded):
        text = (
            f"CUDA {version} makes no code for {_who(gpu)} ({capability}), which runs what is "
            f"built for {max(relatives)}."
        )
        return Level.MINOR, Reason("gpu-too-new", text, first)
    known = capabilities(version)
    if known is None or known[0] <= capability <= known[1]:
        text = f"CUDA {version} makes no code for {_who(gpu)} ({capability})."
    else:
        text = (
            f"CUDA {version} makes code for compute capability {known[0]} to {known[1]}; "
            f"{_who(gpu)} has {capability}."
        )
    return Level.CANNOT, Reason("gpu-too-new", text, first)


def _dropped(architecture: Architecture, machine: Machine) -> bool:
    """Whether the driver is of a branch after the last one for the GPU."""
    if architecture.last_branch is None:
        return False
    last = cuda_of_driver(DriverVersion((architecture.last_branch,)))
    # Windows has branch numbers between those of Linux, so what the branches support is compared.
    now = cuda_of_driver(machine.driver) if machine.driver else machine.driver_cuda
    return (
        last is not None and now is not None and (now.major, now.minor) > (last.major, last.minor)
    )


def _dropped_reason(architecture: Architecture, gpu: Gpu, machine: Machine) -> Reason:
    last, who = f"R{architecture.last_branch}", _who(gpu)
    return Reason(
        "gpu-dropped",
        f"{_driver(machine)} does not serve {who} ({architecture.capability}); {last} is the "
        f"last branch for {architecture.name}.",
        f"Install a driver of branch {last}.",
    )


def _too_early(architecture: Architecture, machine: Machine) -> bool:
    """Whether a stated driver is from before the GPU; a driver that shows one knows it."""
    now = driver_cuda(machine)
    return now is not None and (now.major, now.minor) < (
        architecture.first.major,
        architecture.first.minor,
    )


def _too_early_reason(architecture: Architecture, gpu: Gpu, machine: Machine) -> Reason:
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


def _told(reason: Reason, others: str) -> Reason:
    """The reason of a GPU that cannot be served beside one that can."""
    cure = f"{reason.cure} " if reason.cure else ""
    return Reason(
        reason.id,
        f"{reason.text[:-1]}, while {others}.",
        f"{cure}For the other GPU alone: go on with --force, and name it in CUDA_VISIBLE_DEVICES.",
    )


def _who(gpu: Gpu) -> str:
    architecture = architectures().get(gpu.capability) if gpu.capability else None
    if gpu.name:
        return gpu.name
    return f"the {architecture.name} GPU" if architecture else "the GPU"
