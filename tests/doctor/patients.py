"""Environments to be broken: a real one, what a shell that has it active would see, a machine."""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from conda_cuda_plugin.cluster.fleet import fitting
from conda_cuda_plugin.cluster.node import Asked, Node
from conda_cuda_plugin.doctor import Context, Finding, diagnose
from conda_cuda_plugin.environment import Environment
from conda_cuda_plugin.machine.group import as_one
from conda_cuda_plugin.machine.machine import (
    ComputeCapability,
    DriverVersion,
    Gpu,
    HostCompiler,
    Machine,
)
from conda_cuda_plugin.platforms import platform_of

SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
H100 = Gpu("NVIDIA H100", ComputeCapability(9, 0))
V100 = Gpu("Tesla V100", ComputeCapability(7, 0))
FITTING = Machine(
    driver=DriverVersion.parse("580.95.05"), gpus=(H100,), libc="glibc 2.36",
    host_compiler=HostCompiler("gcc", (12, 2, 0), "/usr/bin/gcc"),
)  # fmt: skip
"""A machine on which the toolkit of the tests runs natively."""


@dataclass
class Sick:
    """An environment, a shell and a machine that a test may break."""

    prefix: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    machine: Machine = FITTING
    subdir: str = SUBDIR
    asked: Asked | None = None

    def activate(self) -> None:
        """Set what the hooks set in a shell that had nothing."""
        link = str(self.prefix / "cuda")
        self.variables |= {
            "CONDA_PREFIX": str(self.prefix),
            "PATH": f"{self.prefix}/bin{os.pathsep}/usr/bin{os.pathsep}/bin",
            "LD_LIBRARY_PATH": f"{link}/lib64",
            "CUDA_HOME": link,
            "CUDA_PATH": link,
            "CUDAToolkit_ROOT": link,
            "XLA_FLAGS": f"--xla_gpu_cuda_data_dir={link}",
        }

    def patient(self) -> Context:
        """What the rules look at, read anew."""
        return Context(
            Environment(self.prefix),
            platform_of(self.subdir),
            self.variables,
            self.home,
            "mine",
            lambda: self.machine,
            self.home / "no-cache",
            [self.home / "pkgs"],
            self.home / "etc",
            asked=self.asked,
        )

    def ask(self, *nodes: Node) -> None:
        """Let machines elsewhere stand in for this one."""
        self.asked = Asked("slurm:gpu", nodes, datetime(2026, 11, 1, tzinfo=timezone.utc))
        fit = fitting(self.asked, platform_of(self.subdir))
        self.machine = as_one("slurm:gpu", [node.machine for node in fit if node.machine])

    def findings(self) -> list[Finding]:
        """What the rules find."""
        return diagnose(self.patient())

    def write(self, path: str, text: str | bytes = "") -> Path:
        """A file in the environment."""
        target = self.prefix / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        return target

    @property
    def site_packages(self) -> str:
        """Where Python packages lie, from the prefix."""
        return "lib/python3.11/site-packages"

    def toolkit(self, release: str) -> Path:
        """A toolkit of the machine."""
        root = self.home / "local" / f"cuda-{release}"
        for name in ("bin/nvcc", "include/cuda.h", "lib64/libcublas.so"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch(0o755)
        (root / "version.json").write_text(f'{{"cuda": {{"version": "{release}.1"}}}}')
        return root

    def wheel(self, name: str, version: str, files: dict[str, str | bytes], *requires: str) -> None:
        """A Python package as pip installs it."""
        stem = f"{name.replace('-', '_')}-{version}.dist-info"
        lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
        lines += [f"Requires-Dist: {line}\n" for line in requires]
        metadata = {
            f"{stem}/METADATA": "".join(lines),
            f"{stem}/INSTALLER": "pip\n",
            f"{stem}/RECORD": "".join(map(_row, files, files.values())),
        }
        for path, text in {**metadata, **files}.items():
            self.write(f"{self.site_packages}/{path}", text)


def _row(path: str, content: str | bytes) -> str:
    """A line of a RECORD."""
    data = content.encode() if isinstance(content, str) else content
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"


def copy_environment(pristine: Path, to: Path) -> Path:
    """An environment of one's own."""
    shutil.copytree(pristine, to, symlinks=True)
    return to
