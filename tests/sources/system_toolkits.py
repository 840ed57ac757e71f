"""Toolkits as they lie about on machines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from conda_cuda_plugin.platforms import PLATFORMS

LINUX, WINDOWS = PLATFORMS["linux-64"], PLATFORMS["win-64"]

NVCC = """#!/bin/sh
echo "nvcc: NVIDIA (R) Cuda compiler driver"
echo "Copyright (c) 2005-2025 NVIDIA Corporation"
echo "Cuda compilation tools, release 12.6, V12.6.85"
echo "Build cuda_12.6.r12.6/compiler.35059454_0"
"""


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def toolkit(path: Path, version: str | None = "12.6.3", *, nvcc: bool = True) -> Path:
    """A made-up toolkit as NVIDIA's installer leaves it."""
    target = path / "targets" / "x86_64-linux"
    (target / "lib" / "stubs").mkdir(parents=True)
    (target / "include").mkdir()
    for name in ("libcudart.so.12", "libcublas.so.12", "libcudadevrt.a", "libnppc.so.12"):
        (target / "lib" / name).write_text(name)
    (target / "lib" / "libcudart.so").symlink_to("libcudart.so.12")
    for name in ("libstdc++.so.6", "libcrypto.so.3", "libtinfo.so.6", "libcuda.so", "notes.txt"):
        (target / "lib" / name).write_text(name)
    (target / "lib" / "stubs" / "libcuda.so").write_text("a stub")
    (target / "include" / "cuda_runtime_api.h").write_text("#define CUDART_VERSION  12060\n")
    (path / "lib64").symlink_to("targets/x86_64-linux/lib")
    (path / "include").symlink_to("targets/x86_64-linux/include")
    (path / "nvvm" / "libdevice").mkdir(parents=True)
    (path / "nvvm" / "libdevice" / "libdevice.10.bc").write_text("bitcode")
    if nvcc:
        executable(path / "bin" / "nvcc", NVCC)
        executable(path / "bin" / "ptxas", "#!/bin/sh\necho ptxas 12.6\n")
    if version:
        content = {
            "cuda": {"name": "CUDA SDK", "version": version},
            "cuda_nvcc": {"version": "12.6.85"},
        }
        (path / "version.json").write_text(json.dumps(content))
    return path


def header_only(path: Path) -> None:
    (path / "lib64").mkdir(parents=True)
    (path / "include").mkdir()
    (path / "include" / "cuda_runtime_api.h").write_text(
        "/** CUDA Runtime API Version */\n#define CUDART_VERSION  10020\n"
    )


def text_file(path: Path) -> None:
    (path / "lib64").mkdir(parents=True)
    (path / "version.txt").write_text("CUDA Version 10.2.89\nCUDA Patch Version 10.2.1\n")


def nvcc_only(path: Path) -> None:
    executable(path / "bin" / "nvcc", NVCC)


def compiled_nvcc(path: Path) -> None:
    """A program, not a script."""
    source = path.parent / "nvcc.c"
    source.write_text(
        '#include <stdio.h>\nint main(void) { puts("Cuda compilation tools, release 11.4, V11.4.152"); return 0; }\n'
    )
    (path / "bin").mkdir(parents=True)
    subprocess.run(["gcc", source, "-o", path / "bin" / "nvcc"], check=True)
