"""What is known of machines that are elsewhere. Frozen data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ..machine.machine import Machine


class There(str, Enum):
    """Whether a node has the environment that the command is about."""

    SAME = "same"
    """Its path is there, and it is the same folder on the same file system."""
    OTHER = "other"
    """Its path is there, but on a file system of the node's own: another folder, or a copy."""
    MISSING = "missing"
    """Its path is not there."""
    UNKNOWN = "unknown"
    """Nobody asked, or the file system did not answer."""


LEADS = ("LD_LIBRARY_PATH", "ld.so.cache", "default")
"""What leads a program to a library: the variable, the loader's cache, or its own folders."""


@dataclass(frozen=True)
class Loaded:
    """A library of CUDA that a program on a node would load."""

    name: str
    """Its soname, such as `libcudart.so.12`."""
    path: str
    by: str
    """What leads there, of LEADS."""


@dataclass(frozen=True)
class Node:
    """One machine that was asked, or that the scheduler knows."""

    name: str
    machine: Machine | None = None
    """What it has; None when it has not said."""
    problem: str | None = None
    """Why it has not said: the end of a sentence that begins with its name."""
    architecture: str | None = None
    """As `uname -m` says it: `x86_64`, `aarch64`."""
    environment: There = There.UNKNOWN
    loads: tuple[Loaded, ...] = ()
    """The CUDA runtimes that the loader finds in a job there; the environment's own hooks have not
    run there, unless it is active in the shell that asked."""
    system_cuda: tuple[str, str | None] | None = None
    """Where /usr/local/cuda leads to, and its release if it says one; None when it is not there."""
    visible: str | None = None
    """CUDA_VISIBLE_DEVICES in a job there; None when it is not set."""
    mig: tuple[str, ...] = ()
    """The parts of its GPUs (multi-instance GPU): `NVIDIA A100-SXM4-40GB MIG 1g.5gb`."""
    kind: str = ""
    """What the scheduler tells it apart by: `gpu:a100:4, 64 CPUs`."""
    alike: tuple[str, ...] = ()
    """The nodes that it stands for: of its kind by the scheduler's word, and not asked."""

    @property
    def answered(self) -> bool:
        """Whether it has said what it has."""
        return self.machine is not None

    @property
    def glibc(self) -> tuple[int, int] | None:
        """The release of its glibc; None when it has another C library, or does not say."""
        libc = self.machine.libc if self.machine else None
        match = re.match(r"glibc (\d{1,3})\.(\d{1,3})", libc or "", re.ASCII)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def has_gpu(self) -> bool:
        """Whether it has a driver or a GPU."""
        machine = self.machine
        return machine is not None and bool(machine.driver or machine.driver_cuda or machine.gpus)


@dataclass(frozen=True)
class Asked:
    """What came of asking."""

    target: str
    """As the user wrote it: `slurm:gpu`."""
    nodes: tuple[Node, ...]
    """In the order of the scheduler; those without an answer too."""
    when: datetime
    """When they were asked, in UTC."""
    saved: str | None = None
    """The file that it was read from."""

    @property
    def silent(self) -> tuple[Node, ...]:
        """The nodes that have not said what they have."""
        return tuple(node for node in self.nodes if not node.answered)
