"""Rules about frameworks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..frameworks.build_markers import major_of
from ..frameworks.framework import Backend, Framework
from ..frameworks.match import judge_build
from ..frameworks.site_packages import conda_records, distributions, site_folders
from ..frameworks.table import build_of
from ..libraries.host import read_cache
from ..quoting import assignment, typed
from ..sources.contents import Part
from ..system.reading import names_in
from ..toolkit import Flavor
from ..verdict.judge import Level, judge
from ..versions import CudaVersion
from .context import Context, Finding, Severity, rule

_HIDDEN = ("", "-1", "NoDevFiles", "none", "void")
"""Values of CUDA_VISIBLE_DEVICES that leave no GPU (CUDA programming guide, container toolkit)."""
_CUDNN = re.compile(r"libcudnn\.so\.(\d{1,2})|cudnn64_(\d{1,2})\.dll", re.ASCII)
_LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"


@rule("framework-other-cuda")
def other_cuda(context: Context) -> Iterator[Finding]:
    """A framework was built for another CUDA."""
    current = context.current
    if current is None:
        return
    for framework in _built_for_cuda(context):
        if framework.accepts is None or _fits(framework, current.version):
            continue
        wanted = framework.cuda.release if framework.cuda else str(framework.accepts)
        evidence = (
            f"{framework.title}: CUDA {wanted} ({framework.evidence})",
            f"current toolkit: CUDA {current.version}",
        )
        if not framework.brings_cuda:
            yield Finding(
                f"{framework.title} was built for CUDA {wanted} and takes its libraries from the "
                f"current toolkit, which is CUDA {current.version.release}.",
                evidence,
                context.use(wanted),
                severity=Severity.ERROR,
            )
        elif framework.cuda and framework.cuda.major != current.version.major and context.has_nvcc:
            yield Finding(
                f"{framework.title} brings CUDA {wanted} of its own, so it runs; extensions for it "
                f"cannot be built with nvcc {current.version.release}.",
                evidence,
                context.use(wanted, Flavor.DEVEL),
            )


def _fits(framework: Framework, version: CudaVersion) -> bool:
    """Whether a framework can run on the libraries of a release."""
    if framework.accepts is not None and framework.accepts.matches(version):
        return True
    cuda = framework.cuda
    # From 11 on libraries keep what they had, and their sonames, within a major version.
    return cuda is not None and 11 <= cuda.major == version.major and cuda.minor <= version.minor


@rule("torch-no-gpu")
def torch_no_gpu(context: Context) -> Iterator[Finding]:
    """torch.cuda.is_available() would be False."""
    for framework in context.frameworks:
        if framework.name == "torch" and (found := _why_no_gpu(context, framework)):
            severity, why, evidence, cure = found
            summary = f"torch.cuda.is_available() is False: {why}"
            yield Finding(summary, (evidence,), cure, severity=severity)


def _why_no_gpu(context: Context, torch: Framework) -> tuple[Severity, str, str, str] | None:
    """Severity, reason, evidence and cure."""
    read = f"{torch.title} ({torch.evidence})"
    match = f"conda cuda match {typed(f'torch=={torch.version}')}"
    if torch.backend is Backend.CPU and context.environment.has_cuda:
        return Severity.WARNING, f"{torch.title} was built without CUDA.", read, match
    if torch.backend is not Backend.CUDA:
        return None
    hidden = context.variables.get("CUDA_VISIBLE_DEVICES")
    if context.active and hidden is not None and hidden.strip() in _HIDDEN:
        why = "CUDA_VISIBLE_DEVICES hides every GPU in this shell."
        cure = assignment("CUDA_VISIBLE_DEVICES", None, context.variables)
        return Severity.WARNING, why, f"CUDA_VISIBLE_DEVICES={hidden}", cure
    machine = context.machine
    if machine.driver is None and machine.driver_cuda is None:
        why = "there is no NVIDIA driver here."
        return Severity.NOTE, why, read, "Run it where there is a GPU and its driver."
    if torch.cuda is not None:
        verdict = judge(torch.cuda, machine)
        if verdict.level in (Level.CANNOT, Level.COMPAT):
            text, cure = verdict.reasons[0].text, verdict.reasons[0].cure or match
            if not text.startswith(("CUDA", "NVIDIA", "R")):
                text = text[0].lower() + text[1:]
            text = f"on {verdict.node.name} {text}" if verdict.node else text
            return Severity.ERROR, text, read, cure
    if machine.driver is not None and not machine.gpus and not machine.stated:
        why = f"the driver {machine.driver} is there, but no GPU answers."
        return Severity.WARNING, why, read, "nvidia-smi -L shows the GPUs that the driver sees."
    return None


@rule("framework-no-code")
def no_code(context: Context) -> Iterator[Finding]:
    """A framework's build holds no code for a GPU here."""
    for framework in _built_for_cuda(context):
        build = build_of(framework, context.platform)
        judged = judge_build(build, context.machine) if build else None
        reasons = judged.reasons if judged else ()
        narrow = next(
            (one.text for one in reasons if one.id in ("build-narrow", "build-too-new")), ""
        )
        if judged is not None and narrow:
            where = f"of {judged.node}" if judged.node else "here"
            yield Finding(
                f"{framework.title} does not run on a GPU {where}: {narrow[0].lower()}{narrow[1:]}",
                (f"{framework.title} ({framework.evidence})",),
                f"conda cuda match {typed(f'{framework.name}=={framework.version}')}",
                severity=Severity.ERROR,
            )


@rule("cudnn-missing")
def cudnn_missing(context: Context) -> Iterator[Finding]:
    """A framework lacks cuDNN."""
    for framework, wanted, found in _cudnn(context):
        if not found:
            yield Finding(
                f"{framework.title} needs cuDNN {wanted}, but none is installed.",
                (f"{framework.title}: cuDNN {framework.cudnn} ({framework.evidence})",),
                _cudnn_cure(context, framework, wanted),
                severity=Severity.ERROR,
            )


@rule("cudnn-wrong-major")
def cudnn_wrong_major(context: Context) -> Iterator[Finding]:
    """A framework needs another cuDNN."""
    for framework, wanted, found in _cudnn(context):
        if found and wanted not in found:
            have = " and ".join(map(str, sorted(found)))
            yield Finding(
                f"{framework.title} needs cuDNN {wanted}; cuDNN {have} is installed.",
                (
                    f"{framework.title}: cuDNN {framework.cudnn} ({framework.evidence})",
                    *(context.inside(found[major]) for major in sorted(found)),
                ),
                _cudnn_cure(context, framework, wanted),
                severity=Severity.ERROR,
            )


def _cudnn(context: Context) -> Iterator[tuple[Framework, int, dict[int, str]]]:
    """Frameworks that need cuDNN, the major they need, and what there is."""
    for framework in _built_for_cuda(context):
        wanted = major_of(framework.cudnn or "")
        if wanted is not None:
            yield framework, wanted, cudnn_libraries(context)


def _cudnn_cure(context: Context, framework: Framework, wanted: int) -> str:
    if framework.installer == "conda":
        return f"conda install {context.named} cudnn={wanted}"
    cuda = framework.cuda or (context.current.version if context.current else None)
    major = cuda.major if cuda else 12
    return "python -m pip install " + typed(f"nvidia-cudnn-cu{major}=={wanted}.*")


def cudnn_libraries(context: Context) -> dict[int, str]:
    """The cuDNN that the loader or a framework may find: major to path."""
    found: dict[int, str] = {}
    for path in _candidates(context):
        if match := _CUDNN.fullmatch(path.name):
            found.setdefault(int(match[1] or match[2]), str(path))
    return found


def _candidates(context: Context) -> Iterator[Path]:
    folders = [context.current.root / "lib64"] if context.current else []
    folders += [context.prefix / "lib", context.prefix / "Library" / "bin"]
    # Wheels of older days carry it inside.
    folders += [site / "torch" / "lib" for site in site_folders(context.prefix)]
    if context.active:
        folders += [Path(element) for element in context.library_path if element]
    for folder in folders:
        yield from (folder / name for name in names_in(folder))
    for wheel in context.wheels:
        yield from wheel.paths
    yield from (Path(entry.path) for entry in read_cache(context.loader_cache))


@rule("libdevice-missing")
def libdevice_missing(context: Context) -> Iterator[Finding]:
    """XLA or Numba lacks libdevice."""
    if context.current is None:
        return
    names = [f.title for f in _built_for_cuda(context) if f.name in ("tensorflow", "jax")]
    severity = Severity.WARNING
    if not names and _has_numba(context.prefix):
        # Most people have Numba for the CPU.
        names, severity = ["Numba"], Severity.NOTE
    places = _libdevice_places(context)
    if names and not any(place.is_file() for place in places):
        yield Finding(
            f"{' and '.join(names)} compile{'s' if len(names) == 1 else ''} for the GPU with "
            "libdevice.10.bc, which is missing.",
            tuple(f"missing: {context.inside(place)}" for place in places),
            context.use(context.current.version.release, Flavor.DEVEL, Part.libdevice()),
            severity=severity,
        )


def _libdevice_places(context: Context) -> list[Path]:
    """Where XLA and Numba look for libdevice, as far as an environment goes.

    Sources: XLA's CandidateCudaRoots (tsl/platform/default/cuda_root_path.cc), Numba's
    cuda_paths.py, read 2026-11.
    """
    sites = [site for site in site_folders(context.prefix) if site.is_dir()]
    return [
        context.environment.link / _LIBDEVICE,
        context.prefix / _LIBDEVICE,
        context.prefix / "lib" / "libdevice.10.bc",
        *(site / "nvidia" / name / _LIBDEVICE for site in sites for name in ("cuda_nvcc", "cu13")),
    ]


def _has_numba(prefix: Path) -> bool:
    return "numba" in distributions(prefix) or "numba" in conda_records(prefix)


def _built_for_cuda(context: Context) -> list[Framework]:
    return [framework for framework in context.frameworks if framework.backend is Backend.CUDA]
