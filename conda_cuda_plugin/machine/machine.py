"""A machine as far as CUDA cares: driver, GPUs, C library, host compiler. Frozen data."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..versions import CudaVersion

_DRIVER = re.compile(r"\d{2,4}(?:\.\d{1,4}){0,3}", re.ASCII)
_CAPABILITY = re.compile(r"(\d{1,2})\.(\d)", re.ASCII)


@dataclass(frozen=True, order=True)
class DriverVersion:
    """A driver release such as 550.54.15; its first number is the branch (R550)."""

    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> DriverVersion:
        """Read `550`, `550.54` or `550.54.15`.

        Raises:
            ValueError: when the text is not a driver release.
        """
        if not _DRIVER.fullmatch(text.strip()):
            raise ValueError(f"not a driver release: {text!r}")
        return cls(tuple(int(number) for number in text.strip().split(".")))

    @property
    def branch(self) -> int:
        """The first number."""
        return self.numbers[0]

    def __str__(self) -> str:
        return ".".join([str(self.numbers[0]), *(f"{number:02d}" for number in self.numbers[1:])])


@dataclass(frozen=True, order=True)
class ComputeCapability:
    """What a GPU can do, such as 8.9."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> ComputeCapability:
        """Read `8.9`.

        Raises:
            ValueError: when the text is not a compute capability.
        """
        match = _CAPABILITY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a compute capability: {text!r}")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Gpu:
    """One GPU; None where the machine does not say."""

    name: str | None = None
    capability: ComputeCapability | None = None


@dataclass(frozen=True)
class HostCompiler:
    """The compiler that nvcc would call."""

    name: str
    """`gcc`, `clang` or `msvc`."""
    version: tuple[int, ...]
    path: str

    def __str__(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.version))}"


@dataclass(frozen=True)
class Machine:
    """What was detected, stated with `--for`, or told by a node. Everything may be unknown."""

    windows: bool = False
    driver: DriverVersion | None = None
    driver_cuda: CudaVersion | None = None
    """The newest CUDA the driver supports."""
    gpus: tuple[Gpu, ...] = ()
    libc: str | None = None
    """Such as `glibc 2.36`."""
    host_compiler: HostCompiler | None = None
    wsl: bool = False
    stated: bool = False
    """Whether it was described by the user and not detected."""
    evidence: tuple[tuple[str, str], ...] = ()
    """Where each fact was read: `("driver", "/sys/module/nvidia/version")`."""
    name: str | None = None
    """What others call it, if it is elsewhere: the name of a node."""
    nodes: tuple[Machine, ...] = ()
    """The machines that this one stands for: a toolkit has to run on each of them. Its own driver
    is the oldest among theirs then, and its GPUs are those of all."""
    notes: tuple[str, ...] = ()
    """What did not fit together, in sentences: the driver's library hung, NVML and /proc disagree,
    conda's __cuda says something else."""
