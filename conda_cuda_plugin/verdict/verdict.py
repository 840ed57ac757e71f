"""What a verdict is made of. Frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..machine.machine import ComputeCapability, DriverVersion, Machine
from ..versions import CudaVersion


class Level(str, Enum):
    """The verdicts, best first."""

    NATIVE = "native"
    MINOR = "minor"
    """Runs with the limits that the reasons name. Mostly by minor-version compatibility: PTX made
    by this toolkit will not JIT on this driver."""
    UNKNOWN = "unknown"
    """No driver is known, and no GPU rules the release out."""
    COMPAT = "compat"
    """Needs the cuda-compat package; data-centre GPUs only."""
    CANNOT = "cannot"

    @property
    def rank(self) -> int:
        """0 for the best. What is unknown may be fine, but nothing known to run is behind it."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Reason:
    """One finding behind a verdict."""

    id: str
    """Stable: `driver-too-old`, `driver-update`, `ptx-jit`, `no-driver`, `gpu-too-old`,
    `gpu-too-new`, `gpu-dropped`, `host-compiler`."""
    text: str
    """One sentence with the numbers found and needed."""
    cure: str | None = None


@dataclass(frozen=True)
class Numbers:
    """What a release asks for; None where no table knows."""

    driver: DriverVersion | None = None
    """For everything the release has."""
    minimum_driver: DriverVersion | None = None
    """To run at all."""
    capabilities: tuple[ComputeCapability, ComputeCapability] | None = None
    """The oldest and the newest GPU that it makes code for."""


@dataclass(frozen=True)
class Verdict:
    """What the check says of a release on a machine."""

    version: CudaVersion
    level: Level
    reasons: tuple[Reason, ...] = ()
    """What rules it out or limits it, the most important first; empty when all is well."""
    needed: Numbers = field(default_factory=Numbers)
    node: Machine | None = None
    """Of several machines the weakest, which decides."""
