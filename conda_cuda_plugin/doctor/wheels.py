"""The rule about NVIDIA's wheels that the toolkit hides.

LD_LIBRARY_PATH goes before the RUNPATH with which a framework finds the libraries in its wheels.
A toolkit of an older release then takes the place of the newer library under the same soname:
`undefined symbol: __nvJitLinkComplete_12_4, version libnvJitLink.so.12` (pytorch#111469, #152783).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from ..toolkit import release_of_cudart
from ..versions import CudaVersion
from .finding import Finding, Severity
from .patient import Patient

if TYPE_CHECKING:
    from ..compat.nvidia_wheels import NvidiaWheel

# Their own version begins with that of the release; the math libraries count by themselves.
_SPEAKING = re.compile(r"nvidia-(?:cuda-(?:runtime|nvrtc|cupti)|nvjitlink)(?:-cu\d+)?")
_ADD_ONS = re.compile(r"nvidia-(?:cudnn|nccl|nvshmem|cusparselt)")


def shadowed(patient: Patient) -> Iterator[Finding]:
    """`wheels-shadowed`."""
    from ..compat.nvidia_wheels import pip_nvidia_libraries

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
    from ..compat.elf import NotLoadable, read_elf

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
