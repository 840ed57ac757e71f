"""cuDNN and NCCL on conda-forge, for both of CUDA's eras.

Up to 8 `cudnn` is one package, from 9 on `libcudnn` and `libcudnn-dev` hold the files. The same
version is built once for each major version of CUDA. Names, dependencies and layout: the
feedstocks cudnn and nccl, read 2026-11; 7.6 and the builds for cudatoolkit by their file names.
"""

from __future__ import annotations

from collections.abc import Iterator

from .libraries import Compiler
from .package import CondaPackage

CUDNN = {
    ("7.6.5.32", "10.2"): "cudatoolkit >=10.2,<10.3",
    ("8.2.1.32", "10.2"): "cudatoolkit 10.*",
    ("8.9.7.29", "11"): "cudatoolkit 11.*",
    ("8.9.7.29", "12"): "cuda-version >=12.0,<13",
    ("8.9.2.26", "12"): "cuda-version >=12.0,<13",
}
"""The versions up to 8 and what they were built for: the dependency that says so."""
NCCL = {
    ("2.15.5.1", "10.2"): "cudatoolkit >=10.2,<10.3",
    ("2.21.5.1", "11"): "cudatoolkit >=11,<12",
    ("2.21.5.1", "12"): "cuda-version >=12.0,<13",
    ("2.23.4.1", "12"): "cuda-version >=12.0,<13",
    ("2.27.7.1", "13"): "cuda-version >=13.0,<14",
}


def addon_packages(compiler: Compiler, target: str) -> Iterator[CondaPackage]:
    """cuDNN 7 to 9 and NCCL."""
    for (version, cuda), tie in CUDNN.items():
        yield _old_cudnn(compiler, version, cuda, tie)
    yield from _cudnn9(compiler, target, "9.10.2.21", "cuda-version >=12,<13.0a0", "12")
    yield from _cudnn9(compiler, target, "9.12.0.46", "cuda-version >=13,<14.0a0", "13")
    for (version, cuda), tie in NCCL.items():
        yield _nccl(compiler, version, cuda, tie)


def _old_cudnn(compiler: Compiler, version: str, cuda: str, tie: str) -> CondaPackage:
    major = version.partition(".")[0]
    full = f"libcudnn.so.{version.rpartition('.')[0]}"
    needs = ("libcublas", "cuda-nvrtc") if tie.startswith("cuda-version") else ()
    return CondaPackage(
        "cudnn",
        version,
        depends=(tie, *needs, "libgcc-ng >=12", "libstdcxx-ng >=12", "libzlib"),
        files={
            f"lib/{full}": compiler.library(f"libcudnn.so.{major}"),
            "include/cudnn.h": b"/* cuDNN */\n",
            "include/cudnn_version.h": _version_header("CUDNN", "PATCHLEVEL", version),
        },
        links={f"lib/libcudnn.so.{major}": full, "lib/libcudnn.so": f"libcudnn.so.{major}"},
        build=f"cuda{cuda}_0",
    )


def _cudnn9(
    compiler: Compiler, target: str, version: str, pin: str, cuda: str
) -> Iterator[CondaPackage]:
    root, full = f"targets/{target}", f"libcudnn.so.{version.rpartition('.')[0]}"
    build = f"cuda{cuda}_0"
    yield CondaPackage(
        "libcudnn",
        version,
        depends=(pin, "cuda-nvrtc", "libcublas", "libzlib", "libstdcxx-ng >=12"),
        files={f"{root}/lib/{full}": compiler.library("libcudnn.so.9")},
        links={
            f"{root}/lib/libcudnn.so.9": full,
            "lib/libcudnn.so.9": f"../{root}/lib/libcudnn.so.9",
        },
        build=build,
    )
    yield CondaPackage(
        "libcudnn-dev",
        version,
        depends=(f"libcudnn {version} {build}", pin),
        files={
            "include/cudnn.h": b"/* cuDNN */\n",
            "include/cudnn_version.h": _version_header("CUDNN", "PATCHLEVEL", version),
        },
        links={"lib/libcudnn.so": f"../{root}/lib/libcudnn.so.9"},
        build=build,
    )
    yield CondaPackage(
        "cudnn", version, depends=(f"libcudnn-dev {version} {build}", pin), build=build
    )


def _nccl(compiler: Compiler, version: str, cuda: str, tie: str) -> CondaPackage:
    full = f"libnccl.so.{version.rpartition('.')[0]}"
    return CondaPackage(
        "nccl",
        version,
        depends=(tie, "libgcc-ng >=12", "libstdcxx-ng >=12"),
        files={
            f"lib/{full}": compiler.library("libnccl.so.2"),
            "include/nccl.h": _version_header("NCCL", "PATCH", version),
        },
        links={"lib/libnccl.so.2": full, "lib/libnccl.so": "libnccl.so.2"},
        build=f"cuda{cuda}_0",
    )


def _version_header(name: str, third: str, version: str) -> bytes:
    parts = zip(("MAJOR", "MINOR", third), version.split("."), strict=False)
    return "".join(f"#define {name}_{part} {number}\n" for part, number in parts).encode()
