"""A machine that is being put together from what several places say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..versions import CudaVersion
from .machine import DriverVersion, Gpu, HostCompiler

if TYPE_CHECKING:
    from .driver_library import Answers


@dataclass
class Detected:
    """A machine that is being put together."""

    driver: DriverVersion | None = None
    cuda: CudaVersion | None = None
    gpus: tuple[Gpu, ...] = ()
    compiler: HostCompiler | None = None
    libcuda: Answers | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take_driver(self, driver: DriverVersion | None, where: str) -> None:
        """Keep the first driver release there is; tell when a later one differs."""
        if driver is None:
            return
        if self.driver is None:
            self.driver, self.evidence["driver"] = driver, where
        elif driver != self.driver:
            self.notes.append(
                f"{self.evidence['driver']} says driver {self.driver}, {where} says {driver}: "
                "the driver was updated and the machine not restarted, or this is a container "
                "with libraries of its own."
            )

    def take_gpus(self, gpus: tuple[Gpu, ...], where: str) -> None:
        """Keep the first list of GPUs that knows every compute capability."""
        if gpus and (not self.gpus or not is_complete(self.gpus)):
            if self.gpus and not is_complete(gpus):
                return
            self.gpus, self.evidence["gpus"] = gpus, where


def is_complete(gpus: tuple[Gpu, ...]) -> bool:
    """Whether every compute capability is known."""
    return all(gpu.capability is not None for gpu in gpus)
