"""Frameworks as far as the doctor can tell: their metadata and the files it reads."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .patients import Sick


def torch(sick: Sick, cuda: str | None, *requires: str, version: str = "2.5.1") -> None:
    """PyTorch from pip; None is the CPU build."""
    value = repr(cuda)
    text = f"__version__ = '{version}'\ndebug = False\ncuda: Optional[str] = {value}\nhip = None\n"
    sick.wheel("torch", version, {"torch/version.py": text}, *requires)


def torch_with_cudnn(sick: Sick) -> None:
    """PyTorch that requires cuDNN 9 from pip."""
    torch(sick, "13.0", "nvidia-cudnn-cu13==9.1.0.70; platform_system == 'Linux'")


def old_cudnn(sick: Sick) -> None:
    """cuDNN 8 from pip."""
    sick.wheel("nvidia-cudnn-cu12", "8.9.7.29", {"nvidia/cudnn/lib/libcudnn.so.8": "cudnn"})


def tensorflow(sick: Sick, cuda: str) -> None:
    """TensorFlow from pip without CUDA libraries, with cuDNN and libdevice at hand."""
    info = (
        "build_info = collections.OrderedDict([('cpu_compiler', 'clang'), "
        f"('cuda_version', '{cuda}'), ('cudnn_version', '9'), ('is_cuda_build', True)])\n"
    )
    sick.wheel("tensorflow", "2.18.0", {"tensorflow/python/platform/build_info.py": info})
    sick.write("lib/libcudnn.so.9", "cudnn")
    sick.write("nvvm/libdevice/libdevice.10.bc", "BC")


def jax(sick: Sick) -> None:
    """JAX with its CUDA plugin, and cuDNN at hand."""
    sick.wheel("jax", "0.7.2", {})
    sick.wheel("jaxlib", "0.7.2", {})
    sick.wheel("jax-cuda13-plugin", "0.7.2", {})
    sick.wheel("jax-cuda13-pjrt", "0.7.2", {})
    sick.write("lib/libcudnn.so.9", "cudnn")


def numba(sick: Sick) -> None:
    """Numba, which most people have for the CPU."""
    sick.wheel("numba", "0.61.0", {})


def pip_libraries(sick: Sick, *options: str) -> None:
    """NVIDIA's runtime from pip, newer than the toolkit, and a library that asks for it."""
    folder = sick.home / "build"
    folder.mkdir()
    _compile(folder, "libcudart.so.13", "-Wl,-soname,libcudart.so.13")
    _compile(folder, "libcublas.so.13", "-Wl,--no-as-needed", folder / "libcudart.so.13", *options)
    for name, version, library in (
        ("nvidia-cuda-runtime", "13.2.75", "libcudart.so.13"),
        ("nvidia-cublas", "13.2.1.1", "libcublas.so.13"),
    ):
        sick.wheel(name, version, {f"nvidia/cu13/lib/{library}": (folder / library).read_bytes()})


def _compile(folder: Path, name: str, *options: str | Path) -> None:
    command = ["gcc", "-shared", "-x", "c", "/dev/null", "-x", "none", "-o", folder / name]
    subprocess.run([*command, *options], check=True)


def pip_runtime(sick: Sick) -> None:
    """NVIDIA's runtime from pip, newer than the toolkit."""
    sick.wheel("nvidia-cuda-runtime", "13.2.75", {"nvidia/cu13/lib/libcudart.so.13": "13.2"})


def two_nccl(sick: Sick) -> None:
    """NCCL for two CUDAs: both wheels put it at the same place."""
    for name, version in (("nvidia-nccl-cu11", "2.14.3"), ("nvidia-nccl-cu12", "2.27.3")):
        files = {"nvidia/nccl/__init__.py": "", "nvidia/nccl/lib/libnccl.so.2": version}
        sick.wheel(name, version, {**files})


def two_cublas(sick: Sick) -> None:
    """cuBLAS for two CUDAs: the libraries have names of their own, the headers have not."""
    for name, version in (("nvidia-cublas-cu11", "11.11.3.6"), ("nvidia-cublas-cu12", "12.1.3.1")):
        library = f"nvidia/cublas/lib/libcublas.so.{version[:2]}"
        files = {"nvidia/cublas/include/cublas.h": version, library: version}
        sick.wheel(name, version, {**files})


def pip_nvjitlink(sick: Sick) -> None:
    """nvJitLink of CUDA 12.4 from pip."""
    files: dict[str, str | bytes] = {"nvidia/nvjitlink/lib/libnvJitLink.so.12": "12.4"}
    sick.wheel("nvidia-nvjitlink-cu12", "12.4.127", files)
