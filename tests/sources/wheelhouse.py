"""Small wheels in the layout of NVIDIA's, and ways to serve them: folders that pip takes."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Requires-Dist lines of the real metapackages, for the components that the tests use.
RELEASES: dict[str, tuple[str, ...]] = {
    "11.8.0": ("nvidia-cuda-runtime-cu11==11.8.89.*; extra == 'cudart'",),
    "12.4.1": (
        "nvidia-cublas-cu12==12.4.5.8.*; (sys_platform == 'win32' or sys_platform == 'linux') and extra == 'cublas'",
        "nvidia-cuda-runtime-cu12==12.4.127.*; (sys_platform == 'win32' or sys_platform == 'linux') and extra == 'cudart'",
    ),
    "13.0.2": (
        "nvidia-cuda-runtime==13.0.96.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'cudart'",
        "nvidia-cuda-nvcc==13.0.88.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'nvcc'",
        "nvidia-nvvm==13.0.88.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'nvvm'",
        "nvidia-cuda-crt==13.0.88.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'crt'",
        "nvidia-cuda-cccl==13.0.85.*; (sys_platform == 'linux' or sys_platform == 'win32') and extra == 'cccl'",
    ),
}

NVCC = b"""#!/bin/sh
echo "nvcc: NVIDIA (R) Cuda compiler driver"
echo "Cuda compilation tools, release 13.0, V13.0.88"
"""

COMPONENTS: dict[tuple[str, str], dict[str, bytes]] = {
    ("nvidia-cuda-runtime-cu11", "11.8.89"): {
        "nvidia/cuda_runtime/lib/libcudart.so.11.0": b"cudart 11.8",
    },
    ("nvidia-cuda-runtime-cu12", "12.4.127"): {
        "nvidia/cuda_runtime/__init__.py": b"",
        "nvidia/cuda_runtime/include/cuda_runtime_api.h": b"#define CUDART_VERSION 12040\n",
        "nvidia/cuda_runtime/lib/__init__.py": b"",
        "nvidia/cuda_runtime/lib/libcudart.so.12": b"cudart 12.4",
    },
    ("nvidia-cublas-cu12", "12.4.5.8"): {
        "nvidia/cublas/lib/libcublas.so.12": b"cublas 12.4",
        "nvidia/cublas/lib/libcublasLt.so.12": b"cublasLt 12.4",
    },
    ("nvidia-cuda-runtime", "13.0.96"): {
        "nvidia/cu13/include/cuda_runtime_api.h": b"#define CUDART_VERSION 13000\n",
        "nvidia/cu13/lib/libcudart.so.13": b"cudart 13.0",
    },
    ("nvidia-cuda-nvcc", "13.0.88"): {
        "nvidia/cu13/bin/nvcc": NVCC,
        "nvidia/cu13/bin/ptxas": b"#!/bin/sh\necho ptxas 13.0\n",
        "nvidia/cu13/bin/nvcc.profile": b"TOP = $(_HERE_)/..\n",
    },
    ("nvidia-nvvm", "13.0.88"): {"nvidia/cu13/nvvm/bin/cicc": b"#!/bin/sh\n"},
    ("nvidia-cuda-crt", "13.0.88"): {"nvidia/cu13/include/crt/host_config.h": b"#pragma once\n"},
    ("nvidia-cuda-cccl", "13.0.85"): {"nvidia/cu13/include/cccl/cub/cub.cuh": b"#pragma once\n"},
}

ADDONS: dict[tuple[str, str], dict[str, bytes]] = {
    ("nvidia-cudnn-cu11", "8.9.6.50"): {"nvidia/cudnn/lib/libcudnn.so.8": b"cudnn 8.9.6"},
    ("nvidia-cudnn-cu12", "8.9.7.29"): {
        "nvidia/cudnn/include/cudnn.h": b"/* cuDNN 8.9.7 */\n",
        "nvidia/cudnn/lib/libcudnn.so.8": b"cudnn 8.9.7",
    },
    ("nvidia-cudnn-cu12", "9.1.0.70"): {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn 9.1.0"},
    ("nvidia-cudnn-cu12", "9.10.2.21"): {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn 9.10.2"},
    ("nvidia-cudnn-cu13", "9.12.0.46"): {"nvidia/cudnn/lib/libcudnn.so.9": b"cudnn 9.12.0"},
    ("nvidia-nccl-cu12", "2.21.5"): {"nvidia/nccl/lib/libnccl.so.2": b"nccl 2.21.5"},
    ("nvidia-nccl-cu13", "2.27.7"): {"nvidia/nccl/lib/libnccl.so.2": b"nccl 2.27.7"},
}
"""cuDNN and NCCL, in the layout of the real wheels."""


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes] = {},
    requires: Sequence[str] = (),
    tag: str = "py3-none-manylinux2014_x86_64",
) -> Path:
    """A wheel that pip takes."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {line}\n" for line in requires]
    path = folder / f"{stem}-{tag}.whl"
    listed = {
        **files,
        f"{stem}.dist-info/METADATA": "".join(metadata).encode(),
        f"{stem}.dist-info/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
        ).encode(),
    }
    record = f"{stem}.dist-info/RECORD"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, content in listed.items():
            wheel.writestr(member, content)
        rows = [f"{member},{_record_hash(data)},{len(data)}\n" for member, data in listed.items()]
        wheel.writestr(record, "".join([*rows, f"{record},,\n"]))
    return path


def _record_hash(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
    return f"sha256={digest.rstrip('=')}"


def write_releases(folder: Path, *versions: str, filler: int = 0) -> Path:
    """The metapackages of some releases and all their components; the folder.

    Args:
        folder: where to.
        versions: keys of RELEASES; all by default.
        filler: bytes that cannot be compressed to add to each component.
    """
    import random

    folder.mkdir(parents=True, exist_ok=True)
    for version in versions or RELEASES:
        requires = RELEASES[version]
        write_wheel(folder, "cuda-toolkit", version, requires=requires, tag="py3-none-any")
        for (name, number), files in COMPONENTS.items():
            if any(line.startswith(f"{name}=={number}.*") for line in requires):
                extra = {}
                if filler:
                    top = next(iter(files)).split("/")[1]
                    data = random.Random(name).randbytes(filler)
                    extra[f"nvidia/{top}/lib/{name}.filler"] = data
                write_wheel(folder, name, number, {**files, **extra})
    return folder


def write_addons(folder: Path, *names: str) -> Path:
    """cuDNN's and NCCL's wheels, all or those under some names (`nvidia-nccl-cu12`); the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for (name, version), files in ADDONS.items():
        if not names or name in names:
            write_wheel(folder, name, version, files)
    return folder


def write_index(folder: Path, wheels: Path, hashes: Mapping[str, str] = {}) -> str:
    """An index in pip's layout over the wheels of a folder; its address.

    Args:
        folder: where to.
        wheels: the folder of wheels.
        hashes: file name to the hash that the index claims, where it is not the true one.
    """
    for wheel in sorted(wheels.glob("*.whl")):
        page = folder / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashes.get(wheel.name) or hashlib.sha256(wheel.read_bytes()).hexdigest()
        with open(page, "a", encoding="utf-8") as file:
            file.write(f'<a href="{wheel.as_uri()}#sha256={digest}">{wheel.name}</a><br>\n')
    return folder.as_uri()


def only_folder(wheels: Path) -> dict[str, str]:
    """The variables with which pip looks into one folder and nowhere else."""
    return {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels.as_uri(),
        "PIP_EXTRA_INDEX_URL": "",
    }


def only_index(address: str) -> dict[str, str]:
    """The variables with which pip asks one index and looks nowhere else."""
    return {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": address,
        "PIP_NO_INDEX": "0",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
    }
