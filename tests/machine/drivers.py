"""Machines that do not exist: trees with a driver's files, and libraries that stand in for it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("driver_standin.c")
PROPRIETARY = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Thu Nov  7 00:00:00 UTC 2024\n"
    "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"
)
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (dvs-builder@U22)\n"


@dataclass(frozen=True)
class StandIns:
    """The compiled libraries.

    Args:
        folder: holds libcuda.so.1, libnvidia-ml.so.1, and both without any function in `empty`.
    """

    folder: Path

    @property
    def cuda(self) -> Path:
        """libcuda."""
        return self.folder / "libcuda.so.1"

    @property
    def nvml(self) -> Path:
        """NVML."""
        return self.folder / "libnvidia-ml.so.1"


def compile_standins(folder: Path) -> StandIns:
    """Compile both libraries into a folder."""
    gcc = ["gcc", "-shared", "-fPIC", "-w"]
    (folder / "empty").mkdir()
    (folder / "empty.c").write_text("int nothing;\n")
    for name, options in (("libcuda.so.1", []), ("libnvidia-ml.so.1", ["-DNVML"])):
        subprocess.run([*gcc, *options, "-o", folder / name, SOURCE], check=True)
        subprocess.run([*gcc, "-o", folder / "empty" / name, folder / "empty.c"], check=True)
    return StandIns(folder)


@dataclass(frozen=True)
class Tree:
    """A made-up file system.

    Args:
        root: where it begins.
    """

    root: Path

    def write(self, path: str, text: str | bytes) -> Tree:
        """Put a file there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def module(self, release: str, *, proc: str | None = PROPRIETARY, sys: bool = True) -> Tree:
        """The files of a loaded kernel module."""
        if sys:
            self.write("sys/module/nvidia/version", f"{release}\n")
        if proc:
            self.write("proc/driver/nvidia/version", proc.format(release))
        return self

    def library(self, source: Path, folder: str = "usr/lib64", name: str | None = None) -> Tree:
        """One of the libraries."""
        target = self.root / folder / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        return self

    def program(self, path: str, script: str) -> Tree:
        """A shell script that can be run."""
        self.write(path, f"#!/bin/sh\n{script}\n")
        (self.root / path).chmod(0o755)
        return self
