"""What the variables of a shell name of CUDA: folders and programs, and the release there."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..environment import ROOT_NAME
from ..errors import CudaError
from ..install.wrappers import is_wrapper
from ..platforms import Platform
from ..sources.system import read_system_toolkit
from ..versions import CudaVersion

# Sources, read 2026-11: CMake's FindCUDAToolkit, FindCUDA and manual of variables; the manuals of
# GCC (Environment Variables) and nvcc; torch.utils.cpp_extension; the build files of PyTorch, CuPy,
# ONNX Runtime, Triton, JAX and cudarc; modules of EasyBuild and Cray.
FOLDERS = (
    *("CUDA_HOME", "CUDA_PATH", "CUDAToolkit_ROOT", "CUDA_ROOT", "CUDA_DIR", "CUDADIR"),
    *("CUDA_TOOLKIT_ROOT_DIR", "CUDA_TOOLKIT_ROOT", "CUDA_TOOLKIT_PATH", "LOCAL_CUDA_PATH"),
    *("CUDA_INSTALL_PATH", "CUDATOOLKIT_HOME", "NVHPC_CUDA_HOME", "EBROOTCUDA"),
    *("CUDA_BIN_PATH", "CUDA_INC_PATH", "CUDA_INCLUDE_PATH", "CUDA_LIB_PATH", "CUDA_LIBRARY_PATH"),
    *("CUDNN_HOME", "CUDNN_PATH", "CUDNN_ROOT", "CUDNN_ROOT_DIR", "CUDNN_INSTALL_PATH"),
    *("CUDNN_INCLUDE_DIR", "CUDNN_INCLUDE_PATH", "CUDNN_LIB_DIR", "CUDNN_LIBRARY_PATH"),
    *("LOCAL_CUDNN_PATH", "NCCL_HOME", "NCCL_PATH", "NCCL_ROOT", "NCCL_ROOT_DIR"),
    *("NCCL_INSTALL_PATH", "NCCL_INCLUDE_DIR", "NCCL_LIB_DIR", "LOCAL_NCCL_PATH"),
)
"""They name folders of CUDA's, the toolkit's first."""
PROGRAMS = (
    *("CUDACXX", "NVCC", "CUDA_NVCC_EXECUTABLE", "PYTORCH_NVCC", "NVCC_CCBIN", "CUDAHOSTCXX"),
    *("TRITON_PTXAS_PATH", "TRITON_CUOBJDUMP_PATH", "TRITON_NVDISASM_PATH"),
)
"""They name a program, perhaps with options, or behind another one (`ccache nvcc`)."""
LISTS = (
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_RUN_PATH"),
    *("CMAKE_PREFIX_PATH", "CMAKE_INCLUDE_PATH", "CMAKE_LIBRARY_PATH", "CMAKE_PROGRAM_PATH"),
    "PKG_CONFIG_PATH",
)
"""They list folders, not all of them CUDA's."""
WINDOWS_LISTS = ("INCLUDE", "LIB", "LIBPATH")
FLAGS = (
    *("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "CUDAFLAGS", "XLA_FLAGS"),
    *("CPPFLAGS", "CFLAGS", "CXXFLAGS", "LDFLAGS"),
)
"""They hold options of compilers, some with a folder."""
LOADED = ("LD_LIBRARY_PATH", "PATH")
"""Of programs that run, not of builds; rules of their own say what they name."""
BUILDS = (*FOLDERS, *PROGRAMS, *LISTS, *WINDOWS_LISTS, *FLAGS)
"""Every variable that compilers and build tools read."""
OF_A_RELEASE = re.compile(r"CUDA_PATH_V(\d+)_(\d+)", re.ASCII)
"""The variables that name the folder of one release."""

_IN_A_ROOT = {"bin", "extras", "include", "lib", "lib64", "nvvm", "pkgconfig", "share", "targets"}
_SHARED_ROOTS = {"/", "/usr", "/usr/local"}
_CUDA_PATH = re.compile(
    r"[/\\](?:cuda|cudatoolkit|cudnn|nccl)[-_.\dv]*(?:[/\\]|$)|NVIDIA GPU Computing Toolkit",
    re.ASCII | re.IGNORECASE,
)
_RELEASE = re.compile(r"cuda(?:toolkit)?[-_/\\]?v?(\d{1,2}\.\d{1,2})(?!\d)", re.ASCII | re.I)
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")
_PATH_OF_WORD = re.compile(
    r"(?:-[ILB]|-isystem|-idirafter|-Wl,-rpath(?:-link)?[,=]|--?(?!\w*-prefix-map)[\w-]+=)?"
    r"(?P<path>(?:[/\\]|[A-Za-z]:[/\\]).*)",
    re.ASCII,
)
_TAKES_A_PATH = {"-I", "-L", "-isystem", "-idirafter", "-ccbin", "--compiler-bindir"}


@dataclass(frozen=True)
class Named:
    """One folder or program that a variable names."""

    variable: str
    path: str
    exists: bool
    about_cuda: bool
    """Whether it is meant for CUDA, by the variable or by its path."""
    release: CudaVersion | None
    """The release there, as far as its files or its name say."""


def named_by(variables: Mapping[str, str], platform: Platform, prefix: Path) -> tuple[Named, ...]:
    """Every absolute path in the variables that are about CUDA, or may be."""
    lists = WINDOWS_LISTS if platform.windows else ()
    names = [*FOLDERS, *PROGRAMS, *LISTS, *lists, *FLAGS, *LOADED]
    names += sorted(filter(OF_A_RELEASE.fullmatch, variables))
    found = []
    for name in names:
        for _, path in _pieces(name, variables.get(name, ""), platform):
            if os.path.isabs(path):
                own = name in FOLDERS or name in PROGRAMS or OF_A_RELEASE.fullmatch(name)
                about = bool(own) or _CUDA_PATH.search(path) is not None
                exists = os.path.exists(path)
                release = release_at(path, platform, prefix) if exists else None
                found.append(Named(name, path, exists, about, release))
    return tuple(found)


def without(name: str, value: str, paths: set[str], platform: Platform) -> str | None:
    """The value of a variable without some paths; None where nothing is left of it."""
    if name in PROGRAMS:
        return None
    kept: list[str] = []
    for piece, path in _pieces(name, value, platform):
        if path in paths:
            if kept and kept[-1] in _TAKES_A_PATH:
                kept.pop()
        elif piece:
            kept.append(piece)
    return (" " if name in FLAGS else _separator(platform)).join(kept) or None


def release_at(path: str, platform: Platform, prefix: Path) -> CudaVersion | None:
    """The release of the toolkit that a folder or program belongs to; None where nothing says it.

    What lies in the environment but in no toolkit root of it is the environment's own affair.
    """
    if is_wrapper(Path(path)):
        path = os.path.join(os.path.dirname(path), "..", "cuda", "bin", os.path.basename(path))
    real, ours = Path(os.path.realpath(path)), Path(os.path.realpath(prefix))
    if ours in (real, *real.parents):
        inside = real.relative_to(ours).parts
        if not inside or not ROOT_NAME.fullmatch(inside[0]):
            return None
    for root in (real, *real.parents):
        inner = real.relative_to(root).parts
        if str(root) not in _SHARED_ROOTS and (not inner or inner[0] in _IN_A_ROOT):
            with contextlib.suppress(CudaError):
                return read_system_toolkit(root, platform, runs=False).version
    stated = _RELEASE.findall(str(real))
    return CudaVersion.parse(stated[-1]) if stated else None


def _separator(platform: Platform) -> str:
    return ";" if platform.windows else ":"


def _pieces(name: str, value: str, platform: Platform) -> Iterator[tuple[str, str]]:
    """The parts of a value as they stand there, each with the path in it, or with nothing."""
    # A folder may hold the sign that separates others, and a program a blank.
    if os.path.isabs(value) and os.path.exists(value):
        yield value, value
    elif name in PROGRAMS or name in FLAGS:
        for piece in _WORD.findall(value):
            match = _PATH_OF_WORD.fullmatch(re.sub("[\"']", "", piece))
            yield piece, match["path"] if match else ""
    else:
        yield from ((piece, piece) for piece in value.split(_separator(platform)))
