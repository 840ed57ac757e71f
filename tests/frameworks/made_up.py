"""Made-up environments: the forms are those of real wheels and packages, the contents are none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

SITE = "lib/python3.11/site-packages"


def write(prefix: Path, relative: str, content: str | bytes = "") -> Path:
    """A file in an environment."""
    path = prefix / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def wheel(
    prefix: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    files: Sequence[str] = (),
    installer: str = "pip",
    site: str = SITE,
) -> Path:
    """A Python package as pip leaves it; its `.dist-info` folder."""
    info = f"{site}/{name.replace('-', '_')}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in requires]
    body = "\n\nRequires-Dist: nvidia-cuda-runtime-cu11 (==11.7.99) is prose down here\n"
    write(prefix, f"{info}/METADATA", "\n".join(lines) + body)
    write(prefix, f"{info}/INSTALLER", f"{installer}\n")
    for file in files:
        write(prefix, f"{site}/{file}", "library")
    record = [f"{file},sha256=abc,7" for file in files] + [f"{info.split('/')[-1]}/RECORD,,"]
    write(prefix, f"{info}/RECORD", "\n".join(record) + "\n")
    return prefix / info


def package(
    prefix: Path, name: str, version: str, build: str, *, depends: Sequence[str] = ()
) -> Path:
    """A conda package's record."""
    record = {
        "build": build,
        "channel": "conda-forge",
        "constrains": [],
        "depends": list(depends),
        "files": [f"lib/{name}/{number}" for number in range(50)],
        "name": name,
        "version": version,
    }
    return write(prefix, f"conda-meta/{name}-{version}-{build}.json", json.dumps(record, indent=2))


def torch_file(cuda: str | None, *, version: str = "2.5.1", hip: str | None = None) -> str:
    """torch/version.py as it has been since 1.13."""
    return (
        "from typing import Optional\n\n"
        "__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']\n"
        f"__version__ = {version!r}\n"
        "debug = False\n"
        f"cuda: Optional[str] = {cuda!r}\n"
        "git_version = 'a8d6afb511a69687bbb2b7e88a3cf67917e1697e'\n"
        f"hip: Optional[str] = {hip!r}\n"
    )


TORCH_251 = (
    # METADATA of torch 2.5.1, cp311, manylinux1_x86_64.
    "filelock",
    "typing-extensions (>=4.8.0)",
    'nvidia-cuda-nvrtc-cu12 (==12.4.127) ; platform_system == "Linux" and platform_machine == "x86_64"',
    'nvidia-cuda-runtime-cu12 (==12.4.127) ; platform_system == "Linux" and platform_machine == "x86_64"',
    'nvidia-cudnn-cu12 (==9.1.0.70) ; platform_system == "Linux" and platform_machine == "x86_64"',
    'nvidia-cublas-cu12 (==12.4.5.8) ; platform_system == "Linux" and platform_machine == "x86_64"',
    "opt-einsum (>=3.3) ; extra == 'opt-einsum'",
)
TORCH_211 = (
    # METADATA of torch 2.11.0, cp311, manylinux_2_28_x86_64.
    'cuda-toolkit[cublas,cudart,cufft,cufile,cupti,curand,cusolver,cusparse,nvjitlink,nvrtc,nvtx]==13.0.2; platform_system == "Linux"',
    'cuda-bindings<14,>=13.0.3; platform_system == "Linux"',
    'nvidia-cudnn-cu13==9.19.0.56; platform_system == "Linux"',
    'nvidia-nccl-cu13==2.28.9; platform_system == "Linux"',
)
TORCH_1131 = (
    # METADATA of torch 1.13.1, cp311, manylinux1_x86_64.
    'nvidia-cuda-runtime-cu11 (==11.7.99) ; platform_system == "Linux"',
    'nvidia-cudnn-cu11 (==8.5.0.96) ; platform_system == "Linux"',
    'nvidia-cublas-cu11 (==11.10.3.66) ; platform_system == "Linux"',
)
TENSORFLOW_218 = (
    # METADATA of tensorflow 2.18.0, cp311, manylinux_2_17_x86_64.
    "nvidia-cublas-cu12 ==12.5.3.2 ; extra == 'and-cuda'",
    "nvidia-cuda-runtime-cu12 ==12.5.82 ; extra == 'and-cuda'",
    "nvidia-cudnn-cu12 ==9.3.0.75 ; extra == 'and-cuda'",
    "nvidia-nvjitlink-cu12 ==12.5.82 ; extra == 'and-cuda'",
)
JAX_PLUGIN_12 = (
    # METADATA of jax-cuda12-plugin 0.4.31.
    "jax-cuda12-pjrt ==0.4.31",
    "nvidia-cuda-nvcc-cu12 >=12.1.105 ; extra == 'with_cuda'",
    "nvidia-cuda-runtime-cu12 >=12.1.105 ; extra == 'with_cuda'",
    "nvidia-cudnn-cu12 <10.0,>=9.1 ; extra == 'with_cuda'",
)
JAX_PLUGIN_13 = (
    # METADATA of jax-cuda13-plugin 0.7.2.
    "jax-cuda13-pjrt==0.7.2",
    'nvidia-cuda-nvcc>=13.0.48; sys_platform == "linux" and extra == "with-cuda"',
    'nvidia-cuda-runtime>=13.0.48; sys_platform == "linux" and extra == "with-cuda"',
    'nvidia-cudnn-cu13<10.0,>=9.12.0.46; sys_platform == "linux" and extra == "with-cuda"',
)
TENSORFLOW_BUILD_INFO = """\
# Copyright 2020 The TensorFlow Authors. All Rights Reserved.
\"\"\"Auto-generated module providing information about the build.\"\"\"
import collections

build_info = collections.OrderedDict([("cpu_compiler", "/usr/lib/llvm-17/bin/clang"), \
("cuda_compute_capabilities", ["sm_60", "sm_70", "sm_80", "sm_89", "compute_90"]), \
("cuda_version", "12.5.1"), ("cudnn_version", "9"), ("is_cuda_build", True), \
("is_rocm_build", False), ("is_tensorrt_build", True)])
"""
TENSORFLOW_1_BUILD_INFO = """\
is_rocm_build = False
is_cuda_build = True
cuda_build_version = '10.0'
cuda_version_number = '10.0'
cudnn_version_number = '7'
"""
