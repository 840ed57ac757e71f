"""Rules about PyTorch, TensorFlow, JAX and CuPy: what they were built for, and what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..quoting import assignment, typed
from ..versions import CudaVersion
from .finding import Finding, Severity
from .patient import Patient

if TYPE_CHECKING:
    from ..compat.framework import Framework

_HIDDEN = ("", "-1", "NoDevFiles", "none", "void")
"""Values of CUDA_VISIBLE_DEVICES that leave no GPU (CUDA programming guide, container toolkit)."""


def other_cuda(patient: Patient) -> Iterator[Finding]:
    """`framework-other-cuda`."""
    current = patient.current
    if current is None:
        return
    for framework in _built_for_cuda(patient):
        if framework.accepts is None or _fits(framework, current.version):
            continue
        wanted = framework.cuda.release if framework.cuda else str(framework.accepts)
        evidence = (
            f"{framework.title}: CUDA {wanted} ({framework.evidence})",
            f"current toolkit: CUDA {current.version}",
        )
        if not framework.brings_cuda:
            yield Finding(
                "framework-other-cuda",
                Severity.ERROR,
                f"{framework.title} was built for CUDA {wanted} and takes its libraries from the "
                f"current toolkit, which is CUDA {current.version.release}.",
                evidence,
                patient.command(f"use {typed(wanted)}"),
            )
        elif _is_other_major(framework, current.version) and (current.root / "bin/nvcc").exists():
            yield Finding(
                "framework-other-cuda",
                Severity.WARNING,
                f"{framework.title} brings CUDA {wanted} of its own, so it runs; extensions for it "
                f"cannot be built with nvcc {current.version.release}.",
                evidence,
                patient.command(f"use {typed(wanted)} --flavor devel"),
            )


def _fits(framework: Framework, version: CudaVersion) -> bool:
    """Whether a framework can run on the libraries of a release."""
    assert framework.accepts is not None
    if framework.accepts.matches(version):
        return True
    cuda = framework.cuda
    # From 11 on libraries keep what they had, and their sonames, within a major version.
    return (
        cuda is not None
        and cuda.major >= 11
        and cuda.major == version.major
        and cuda.minor <= version.minor
    )


def _is_other_major(framework: Framework, version: CudaVersion) -> bool:
    return framework.cuda is not None and framework.cuda.major != version.major


def torch_no_gpu(patient: Patient) -> Iterator[Finding]:
    """`torch-no-gpu`."""
    for framework in patient.frameworks:
        if framework.name == "torch":
            found = _why_no_gpu(patient, framework)
            if found is not None:
                severity, why, evidence, cure = found
                yield Finding(
                    "torch-no-gpu",
                    severity,
                    f"torch.cuda.is_available() is False: {why}",
                    evidence,
                    cure,
                )


def _why_no_gpu(
    patient: Patient, torch: Framework
) -> tuple[Severity, str, tuple[str, ...], str] | None:
    from ..compat.framework import Backend

    read = (f"{torch.title} ({torch.evidence})",)
    if torch.backend is Backend.CPU:
        if not patient.environment.has_cuda:
            # Nobody has asked for CUDA here.
            return None
        why = f"{torch.title} was built without CUDA."
        return Severity.WARNING, why, read, "conda cuda match " + typed(f"torch=={torch.version}")
    if torch.backend is not Backend.CUDA:
        return None
    hidden = patient.variables.get("CUDA_VISIBLE_DEVICES")
    if patient.active and hidden is not None and hidden.strip() in _HIDDEN:
        why = "CUDA_VISIBLE_DEVICES hides every GPU in this shell."
        cure = assignment("CUDA_VISIBLE_DEVICES", None, patient.variables)
        return Severity.WARNING, why, (f"CUDA_VISIBLE_DEVICES={hidden}",), cure
    machine = patient.machine
    if machine.driver is None and machine.driver_cuda is None:
        why = "there is no NVIDIA driver here."
        return Severity.NOTE, why, read, "Run it where there is a GPU and its driver."
    if torch.cuda is not None:
        from ..compat.verdict import Level, judge

        verdict = judge(torch.cuda, machine)
        if verdict.level in (Level.CANNOT, Level.COMPAT):
            reason = verdict.reasons[0]
            cure = reason.cure or "conda cuda match " + typed(f"torch=={torch.version}")
            return Severity.ERROR, _inside_sentence(reason.text), read, cure
    if machine.driver is not None and not machine.gpus and not machine.stated:
        why = f"the driver {machine.driver} is there, but no GPU answers."
        return Severity.WARNING, why, read, "nvidia-smi -L shows the GPUs that the driver sees."
    return None


def cudnn_missing(patient: Patient) -> Iterator[Finding]:
    """`cudnn-missing`."""
    for framework, wanted, found in _cudnn(patient):
        if not found:
            yield Finding(
                "cudnn-missing",
                Severity.ERROR,
                f"{framework.title} needs cuDNN {wanted}, and there is none.",
                (f"{framework.title}: cuDNN {framework.cudnn} ({framework.evidence})",),
                _cudnn_cure(patient, framework, wanted),
            )


def cudnn_wrong_major(patient: Patient) -> Iterator[Finding]:
    """`cudnn-wrong-major`."""
    for framework, wanted, found in _cudnn(patient):
        if found and wanted not in found:
            have = " and ".join(str(major) for major in sorted(found))
            yield Finding(
                "cudnn-wrong-major",
                Severity.ERROR,
                f"{framework.title} needs cuDNN {wanted}; what is there is cuDNN {have}.",
                (
                    f"{framework.title}: cuDNN {framework.cudnn} ({framework.evidence})",
                    *(patient.inside(found[major]) for major in sorted(found)),
                ),
                _cudnn_cure(patient, framework, wanted),
            )


def _cudnn(patient: Patient) -> Iterator[tuple[Framework, int, dict[int, str]]]:
    """Frameworks that need cuDNN, the major they need, and what there is."""
    from ..compat.clues import major_of
    from .places import cudnn_libraries

    for framework in _built_for_cuda(patient):
        wanted = major_of(framework.cudnn) if framework.cudnn else None
        if wanted is not None:
            yield framework, wanted, cudnn_libraries(patient)


def _cudnn_cure(patient: Patient, framework: Framework, wanted: int) -> str:
    if framework.installer == "conda":
        return f"conda install {patient.named} cudnn={wanted}"
    cuda = framework.cuda or (patient.current.version if patient.current else None)
    suffix = f"cu{cuda.major}" if cuda else "cu12"
    return "python -m pip install " + typed(f"nvidia-cudnn-{suffix}=={wanted}.*")


def libdevice_missing(patient: Patient) -> Iterator[Finding]:
    """`libdevice-missing`."""
    from .places import has_numba, libdevice_places

    current = patient.current
    if current is None:
        return
    names = [f.title for f in _built_for_cuda(patient) if f.name in ("tensorflow", "jax")]
    severity = Severity.WARNING
    if not names and has_numba(patient.prefix):
        # Most people have Numba for the CPU.
        names, severity = ["Numba"], Severity.NOTE
    places = libdevice_places(patient) if names else []
    if names and not any(place.is_file() for place in places):
        yield Finding(
            "libdevice-missing",
            severity,
            f"{' and '.join(names)} compile{'s' if len(names) == 1 else ''} for the GPU with "
            "libdevice.10.bc, which is not there.",
            tuple(f"not there: {patient.inside(place)}" for place in places),
            patient.command(f"use {current.version.release} --flavor devel"),
        )


def _built_for_cuda(patient: Patient) -> list[Framework]:
    from ..compat.framework import Backend

    return [framework for framework in patient.frameworks if framework.backend is Backend.CUDA]


def _inside_sentence(text: str) -> str:
    return text if text.startswith(("CUDA", "NVIDIA", "R")) else text[0].lower() + text[1:]
