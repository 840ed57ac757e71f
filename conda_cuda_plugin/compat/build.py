"""A build of a framework: frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from ..versions import CudaVersion, VersionRequest
from .framework_tables import title_of
from .machine import ComputeCapability


@dataclass(frozen=True)
class Build:
    """One build of one release of a framework."""

    source: str
    """`pip`, `conda-forge` or `pytorch channel`."""
    command: tuple[str, ...]
    """What installs it, one shell command each."""
    cuda: CudaVersion | None = None
    """The release it was built for, and for a range the newest one in it; None: CPU only."""
    accepts: VersionRequest | None = None
    """The releases it runs with; None: CPU only."""
    cudnn: str | None = None
    capabilities: tuple[ComputeCapability, ...] = ()
    """What it holds machine code for; empty when not published."""
    ptx: ComputeCapability | None = None
    """What it holds PTX for, which runs on this and every newer GPU."""
    unlisted: bool = False
    """Whether the code lists of other builds of this release are published, and this one's not."""
    minimum: ComputeCapability | None = None
    """The oldest GPU it runs on, where only that is published."""
    default: bool = False
    """Whether it is what the plain command installs."""
    verified: bool = True

    @property
    def label(self) -> str:
        """Its CUDA in words: `12.4`, `12.1 or newer`, `CPU only`."""
        if self.accepts is None:
            return "CPU only"
        if self.accepts.release:
            return self.accepts.release
        lowest = next(numbers for operator, numbers in self.accepts.clauses if operator == ">=")
        return f"{lowest[0]}.x from {'.'.join(map(str, lowest))}"


@dataclass(frozen=True)
class Note:
    """What is not known of a release, or was only in the past."""

    text: str
    """A sentence."""
    command: str | None = None
    """What shows more."""


@dataclass(frozen=True)
class Builds:
    """Every build of one release."""

    name: str
    version: str
    date: str | None
    cudnn: str | None
    """The cuDNN of the builds that pip installs."""
    builds: tuple[Build, ...]
    notes: tuple[Note, ...] = ()

    @property
    def title(self) -> str:
        """Such as `PyTorch 2.5.1`."""
        return f"{title_of(self.name)} {self.version}"
