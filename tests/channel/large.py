"""Channels with toolkits of many files, as large as one can build in a second.

conda-forge                  12.4, tied together by `cuda-version`
nvidia/label/cuda-11.8.0     11.8, where nothing but the label keeps the parts together
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from .package import CondaPackage, write_channel

SUBDIR = "linux-64"
NVCC = b"#!/bin/sh\necho 'Cuda compilation tools, release %s'\n"


def write_large_channels(
    root: Path,
    files: int,
    *,
    header: int = 6000,
    library: int = 30_000_000,
    subdir: str = SUBDIR,
) -> Path:
    """Build both channels; their folder.

    Args:
        root: a folder that does not exist yet.
        files: how many headers each toolkit has.
        header: bytes of each.
        library: bytes of the math library.
        subdir: the platform.
    """
    tie = "cuda-version >=12.4,<12.5.0a0"
    forge = [
        CondaPackage("cuda-version", "12.4", noarch=True),
        *_toolkit("12.4.1", "12.4.127", "12.4.131", "12.4.5.8", (tie,), files, header, library),
    ]
    write_channel(root / "conda-forge", subdir, forge)
    write_channel(root / "nvidia", subdir, [])
    label = _toolkit("11.8.0", "11.8.89", "11.8.89", "11.11.3.6", (), files, header, library)
    write_channel(root / "nvidia" / "label" / "cuda-11.8.0", subdir, label)
    return root


def _toolkit(
    version: str,
    cudart: str,
    nvcc: str,
    cublas: str,
    tie: tuple[str, ...],
    files: int,
    header: int,
    library: int,
) -> Iterator[CondaPackage]:
    major = version.partition(".")[0]
    soname = {"11": "libcudart.so.11.0"}.get(major, f"libcudart.so.{major}")
    chance = random.Random(version)
    yield CondaPackage(
        "cuda-cudart",
        cudart,
        depends=tie,
        files={f"lib/libcudart.so.{cudart}": chance.randbytes(700_000)},
        links={f"lib/{soname}": f"libcudart.so.{cudart}"},
    )
    yield CondaPackage(
        "libcublas",
        cublas,
        depends=tie,
        files={f"lib/libcublas.so.{cublas}": chance.randbytes(library)},
        links={f"lib/libcublas.so.{major}": f"libcublas.so.{cublas}"},
    )
    yield CondaPackage("cuda-cccl", cudart, depends=tie, files=_headers(chance, files, header))
    yield CondaPackage(
        "cuda-nvcc",
        nvcc,
        depends=(f"cuda-cccl {cudart}", *tie),
        files={"bin/nvcc": NVCC % version.encode(), "bin/ptxas": b"#!/bin/sh\n"},
    )
    lists = {
        "cuda-libraries": (f"cuda-cudart {cudart}.*", f"libcublas {cublas}.*"),
        "cuda-toolkit": (f"cuda-nvcc {nvcc}.*", f"cuda-libraries {version}.*"),
    }
    for name, depends in lists.items():
        yield CondaPackage(name, version, depends=(*depends, *tie), noarch=True)


def _headers(chance: random.Random, files: int, size: int) -> Mapping[str, bytes]:
    """Headers in folders of fifty; each has a content of its own."""
    return {
        f"include/cccl/part{number // 50}/header{number}.cuh": chance.randbytes(size)
        for number in range(files)
    }
