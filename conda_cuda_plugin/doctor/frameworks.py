"""Rules about frameworks and the wheels that a toolkit hides."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..frameworks.build_markers import major_of
from ..frameworks.framework import Backend
from ..frameworks.site_packages import (
    conda_records,
    distributions,
    pip_nvidia_libraries,
    site_folders,
)
from ..libraries.elf import NotLoadable, read_elf
from ..libraries.host import read_cache
from ..quoting import assignment, typed
from ..toolkit import release_of_cudart
from ..verdict.judge import Level, judge
from ..versions import CudaVersion
from .patient import Finding, Patient, Severity

if TYPE_CHECKING:
    from ..frameworks.framework import Framework
    from ..frameworks.site_packages import NvidiaWheel


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

    return [framework for framework in patient.frameworks if framework.backend is Backend.CUDA]


def _inside_sentence(text: str) -> str:
    return text if text.startswith(("CUDA", "NVIDIA", "R")) else text[0].lower() + text[1:]


_CUDNN = re.compile(r"libcudnn\.so\.(\d{1,2})|cudnn64_(\d{1,2})\.dll", re.ASCII)
_LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"


def cudnn_libraries(patient: Patient) -> dict[int, str]:
    """The cuDNN that the loader or a framework may find: major to path."""
    found: dict[int, str] = {}
    for path in _candidates(patient):
        match = _CUDNN.fullmatch(os.path.basename(path))
        if match:
            found.setdefault(int(match[1] or match[2]), path)
    return found


def _candidates(patient: Patient) -> Iterator[str]:
    folders = [patient.prefix / "lib", patient.prefix / "Library" / "bin"]
    if patient.current is not None:
        folders.insert(0, patient.current.root / "lib64")
    for site in site_folders(patient.prefix):
        # Wheels of older days carry it inside.
        folders.append(site / "torch" / "lib")
    if patient.active:
        folders += [Path(element) for element in patient.library_path if element]
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        yield from (str(folder / name) for name in names)
    for wheel in pip_nvidia_libraries(patient.prefix):
        if wheel.folder is not None:
            yield from (str(wheel.folder / name) for name in wheel.libraries)
    yield from (entry.path for entry in read_cache(patient.loader_cache))


def libdevice_places(patient: Patient) -> list[Path]:
    """Where XLA and Numba look for libdevice, as far as an environment goes.

    Sources: XLA's CandidateCudaRoots (tsl/platform/default/cuda_root_path.cc), Numba's
    cuda_paths.py, read 2026-11.
    """
    places = [patient.environment.link / _LIBDEVICE, patient.prefix / _LIBDEVICE]
    places.append(patient.prefix / "lib" / "libdevice.10.bc")
    for site in site_folders(patient.prefix):
        if site.is_dir():
            places += [site / "nvidia" / name / _LIBDEVICE for name in ("cuda_nvcc", "cu13")]
    return places


def has_numba(prefix: Path) -> bool:
    """Whether Numba is in an environment."""
    return "numba" in distributions(prefix) or "numba" in conda_records(prefix)


# Their own version begins with that of the release; the math libraries count by themselves.
_SPEAKING = re.compile(r"nvidia-(?:cuda-(?:runtime|nvrtc|cupti)|nvjitlink)(?:-cu\d+)?")
_ADD_ONS = re.compile(r"nvidia-(?:cudnn|nccl|nvshmem|cusparselt)")


def shadowed(patient: Patient) -> Iterator[Finding]:
    """`wheels-shadowed`."""

    current = patient.current
    if current is None or not patient.libraries:
        return
    everything = pip_nvidia_libraries(patient.prefix)
    wheels = [wheel for wheel in everything if not _ADD_ONS.match(wheel.name)]
    releases = {wheel.name: _release(wheel.name, wheel.version) for wheel in wheels}
    newest = max((release for release in releases.values() if release), default=None)
    ours = (current.version.major, current.version.minor)
    hidden: dict[str, NvidiaWheel] = {}
    for wheel in wheels:
        release = releases[wheel.name] or newest
        if release is not None and (release.major, release.minor) > ours:
            hidden |= {name: wheel for name in wheel.libraries if name in patient.libraries}
    if not hidden or newest is None:
        return
    askers = _askers(everything, hidden)
    yield Finding(
        "wheels-shadowed",
        Severity.ERROR if askers else Severity.WARNING,
        f"The current toolkit, CUDA {current.version.release}, hides newer libraries of the "
        f"same names that pip installed for CUDA {newest.release}: `undefined symbol` errors "
        "(__nvJitLink...) come of that.",
        (
            *(
                f"{name}: cuda/lib64 goes before {wheel.name} {wheel.version}"
                for name, wheel in hidden.items()
            ),
            *askers,
        ),
        patient.command(f"use {newest.release}"),
    )


def _askers(wheels: Iterable[NvidiaWheel], hidden: Container[str]) -> list[str]:
    """The libraries of the wheels that will get one of the toolkit's in place of a hidden one.

    DT_RPATH, which PyTorch's own libraries have, goes before LD_LIBRARY_PATH; DT_RUNPATH, which
    NVIDIA's have, goes after it (ld.so(8)).
    """

    found = []
    for wheel in wheels:
        for name in wheel.libraries if wheel.folder else ():
            try:
                elf = read_elf(wheel.folder / name)  # type: ignore[operator]
            except (OSError, NotLoadable):
                continue
            if elf.rpath is None:
                found += [f"{name} asks for {needed}" for needed in elf.needed if needed in hidden]
    return found


def _release(name: str, version: str) -> CudaVersion | None:
    if not _SPEAKING.fullmatch(name):
        return None
    if name.startswith("nvidia-cuda-runtime"):
        return release_of_cudart(version)
    try:
        return CudaVersion.parse(".".join(version.split(".")[:2]))
    except ValueError:
        return None
