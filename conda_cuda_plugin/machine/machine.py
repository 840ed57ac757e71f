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
class Override:
    """What the user states for one of conda's virtual packages, in place of what is found."""

    package: str
    """`cuda` or `cuda_arch`."""
    text: str
    """As it is written; empty where there shall be none."""
    source: str
    """The variable that says it, or the file of conda's settings."""
    key: str | None = None
    """Its name in that file, such as `override_virtual_packages.cuda`; None for a variable."""
    value: str | None = None
    """The version that it states; None where there shall be none."""
    counts: bool = True
    """Whether conda cuda goes by it: it makes sense, and `__cuda_arch` stands beside a `__cuda`."""
    found: str | None = None
    """What the machine has itself, such as `12.4`; None where that is nothing."""
    note: str = ""
    """What is to know of it, in a sentence; empty where it says what the machine has."""

    @property
    def name(self) -> str:
        """Where it stands."""
        return self.source if self.key is None else f"{self.key} in {self.source}"

    def __str__(self) -> str:
        if self.key is None:
            return f"{self.source}={self.text}"
        return f"{self.key}: {self.text} in {self.source}"


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
    overrides: tuple[Override, ...] = ()
    """What the user states of it for every command, in a variable or in conda's settings."""

    @property
    def elsewhere(self) -> bool:
        """Whether it is another machine than this one, which conda has to be told of."""
        return self.stated or self.name is not None or bool(self.nodes)

    @property
    def capability(self) -> ComputeCapability | None:
        """The least of its GPUs' compute capabilities; None without GPUs, or if one is unknown.

        Of several machines it is the least that is known: the rest can only lower it.
        """
        found = [gpu.capability for gpu in self.gpus]
        known = [capability for capability in found if capability is not None]
        return min(known) if known and (self.nodes or len(known) == len(found)) else None

    def stated_by(self, package: str) -> str:
        """What states its driver (`cuda`) or GPU (`cuda_arch`), to be appended; else empty."""
        names = [one.name for one in self.overrides if one.package == package and one.counts]
        return f" by {names[0]}" if names else ""
