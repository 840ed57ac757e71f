"""The forms in which packages say which CUDA and cuDNN they were built for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..toolkit import release_of_cudart
from ..versions import CudaVersion

_DOTTED = re.compile(r"cuda(\d{1,2}\.\d{1,2})(?![\d])", re.ASCII)
_DIGITS = re.compile(r"(?<![a-z])(?:gpu_)?cuda_?(\d{2,3})(?!\d)", re.ASCII)
_LOCAL = re.compile(r"cu(?:da)?(\d{2,3})(?!\d)", re.ASCII)
_BUILD_CUDNN = re.compile(r"cudnn(\d[\d.]*)", re.ASCII)
_CPU_BUILD = re.compile(r"(?:^|_)(?:cpu|mkl|eigen)(?:_|$)")
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*(?P<spec>[^;)]*)", re.ASCII
)
_MATCH_SPEC = re.compile(r"(?P<name>\S+)\s+(?P<version>\S+)")


def joined(digits: str) -> CudaVersion:
    """`124` is 12.4, `92` is 9.2: the last digit is the minor version."""
    return CudaVersion(int(digits[:-1]), int(digits[-1]))


def parsed(text: str | None) -> CudaVersion | None:
    """A version, or None where the text is not one."""
    try:
        return CudaVersion.parse(text or "")
    except ValueError:
        return None


def cuda_of_build(build: str) -> CudaVersion | None:
    """The release in the build string of a conda package.

    Forms: `py3.12_cuda12.4_cudnn9.1.0_0` (pytorch), `cuda126_py312h...` and `cuda112py39h...`
    (conda-forge), `gpu_cuda118py311h...` (defaults).
    """
    if dotted := _DOTTED.search(build):
        return parsed(dotted[1])
    digits = _DIGITS.search(build)
    return joined(digits[1]) if digits else None


def cudnn_of_build(build: str) -> str | None:
    """The cuDNN in the build string of a conda package of the pytorch channel."""
    match = _BUILD_CUDNN.search(build)
    return match[1].rstrip(".") if match else None


def is_cpu_build(build: str) -> bool:
    """Whether the build string of a conda package says CPU (`cpu_`, `mkl_`, `eigen_`)."""
    return bool(_CPU_BUILD.search(re.sub(r"py\d.*?(?=_|$)", "", build))) or build.startswith("cpu")


def cuda_of_local(version: str) -> CudaVersion | None:
    """The release in the local part of a version: `2.5.1+cu124`."""
    match = _LOCAL.fullmatch(local_part(version))
    return joined(match[1]) if match else None


def local_part(version: str) -> str:
    """What follows the `+` of a version; empty when nothing does."""
    return version.partition("+")[2]


def pins(requirements: Iterable[str], *, extra: str | None = None) -> dict[str, str]:
    """The version clauses of Python requirements by normalized name, without blanks.

    METADATA has them as `nvidia-cudnn-cu12 (==9.1.0.70) ; platform_...`. Requirements of an extra
    count for that extra only.
    """
    found = {}
    for text in requirements:
        marker = text.partition(";")[2]
        named = re.search(r"extra\s*==\s*['\"]([^'\"]*)['\"]", marker)
        if named and (extra is None or normalized(named[1]) != normalized(extra)):
            continue
        if match := _PIN.match(text.partition(";")[0]):
            found[normalized(match["name"])] = re.sub(r"\s+", "", match["spec"])
    return found


def cuda_of_pins(found: dict[str, str]) -> CudaVersion | None:
    """The release that exact pins of NVIDIA's packages mean."""
    spec = found.get("cuda-toolkit", "")
    if spec.startswith("==") and "*" not in spec and "," not in spec:
        return parsed(spec[2:])
    for name, text in sorted(found.items()):
        # The runtime's version identifies the release; other components count by themselves.
        if name.startswith("nvidia-cuda-runtime") and text.startswith("=="):
            return release_of_cudart(text[2:])
    return None


def cudnn_of_pins(found: dict[str, str]) -> str | None:
    """The cuDNN that requirements ask for: `9.1.0.70`, or a range with its bounds sorted."""
    for name, text in found.items():
        if re.fullmatch(r"nvidia-cudnn(-cu\d+)?", name) and text:
            if text.startswith("==") and "," not in text:
                return text[2:]
            return ",".join(sorted(text.split(","), reverse=True))
    return None


def conda_pin(depends: Iterable[str], *names: str) -> str | None:
    """The version clause of the first dependency with one of these names."""
    clauses = (match for match in map(_MATCH_SPEC.match, depends) if match)
    return next((match["version"] for match in clauses if match["name"] in names), None)


def major_of(version: str) -> int | None:
    """The first number of a version or of a clause, such as 9 of `>=9.8,<10`."""
    match = re.search(r"\d+", version)
    return int(match[0]) if match else None


def normalized(name: str) -> str:
    """The name of a Python package as PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()
