"""A channel with packages for kinds of GPUs, laid out as CEP 46 and nvidia-virtual-packages have it.

`cuda-arch X.Y`, empty, constrains `__cuda_arch X.Y`, as `cuda-version X.Y` constrains `__cuda >=X`.
What is built for a kind of GPU depends on `cuda-arch >=X.Y`, and of two builds the one for the newer
GPUs has the higher number (README of nvidia-virtual-packages, "Implementing a conda-recipe which
depends on `cuda-arch`"). No package of CUDA's own is built so yet: cuDNN's builds are made up.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from ..channel.package import CondaPackage, write_channel

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
CUDA_VERSIONS = ("12.4", "12.6", "12.9", "13.0")
ARCHES = ("7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "10.0", "12.0")
_12, _13 = "cuda-version >=12,<13", "cuda-version >=13,<14"


def write_machine_channel(folder: Path) -> Path:
    """Write it; its folder."""
    return write_channel(folder, SUBDIR, [*_ties(), *_toolkits(), *_for_gpus()])


def _ties() -> Iterator[CondaPackage]:
    for short in CUDA_VERSIONS:
        major = short.partition(".")[0]
        constrains = (f"__cuda >={major}", f"cudatoolkit {short}|{short}.*")
        yield CondaPackage("cuda-version", short, constrains=constrains, noarch=True)
    for arch in ARCHES:
        yield CondaPackage("cuda-arch", arch, constrains=(f"__cuda_arch {arch}",), noarch=True)


def _toolkits() -> Iterator[CondaPackage]:
    """The runtime and what cuDNN needs."""
    for cudart, cublas, tie in (
        ("12.4.127", "12.4.5.8", "cuda-version >=12.4,<12.5.0a0"),
        ("13.0.96", "13.1.0.3", "cuda-version >=13.0,<13.1.0a0"),
    ):
        major = cudart.partition(".")[0]
        for name, version, library in (
            ("cuda-cudart", cudart, "libcudart"),
            ("cuda-nvrtc", cudart, "libnvrtc"),
            ("libcublas", cublas, "libcublas"),
        ):
            files = {f"lib/{library}.so.{major}": f"{library} {version}".encode()}
            yield CondaPackage(name, version, depends=(tie,), files=files)


def _for_gpus() -> Iterator[CondaPackage]:
    library = {"lib/libcudnn.so.9": b"cudnn", "include/cudnn.h": b"/* cuDNN */\n"}
    yield CondaPackage("cudnn", "8.9.7.29", depends=(_12,), files=library, build="cuda12_0")
    for version, tie, arches in (
        ("9.10.2.21", _12, ("7.5", "9.0")),
        ("9.12.0.46", _12, ("9.0",)),
        ("9.12.0.46", _13, ("8.0", "9.0")),
    ):
        for place, arch in enumerate(arches):
            yield _variant("cudnn", version, tie, arch, place, library)
    for version, tie, arches in (("1.0", _12, ("7.0", "8.0")), ("2.0", _13, ("8.0", "9.0"))):
        for place, arch in enumerate(arches):
            yield _variant("fast", version, tie, arch, place, {})
    yield CondaPackage("app", "2.0", depends=("fast 1.*",), noarch=True)
    yield CondaPackage("app", "3.0", depends=("fast 2.*",), noarch=True)
    yield CondaPackage("driven", "1.0", depends=("__cuda >=11.8",), noarch=True)
    yield CondaPackage("driven", "2.0", depends=("__cuda >=13",), noarch=True)
    yield CondaPackage("archful", "1.0", depends=("__cuda_arch >=8.0",), noarch=True)
    pytorch = ("cuda-version >=12.6,<13", "cuda-arch >=7.5", "__cuda >=12")
    yield CondaPackage("pytorch", "2.5.1", depends=pytorch, build="cuda126_py311h_0")


def _variant(
    name: str, version: str, tie: str, arch: str, place: int, files: dict[str, bytes]
) -> CondaPackage:
    number = 100 * place
    digits, major = arch.replace(".", ""), tie.rpartition(">=")[2][:2]
    build = f"cuda{major}_arch{digits}_{number}"
    depends = (tie, f"cuda-arch >={arch}")
    return CondaPackage(name, version, depends=depends, files=files, build=build, number=number)
