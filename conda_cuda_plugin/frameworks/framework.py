"""A framework in an environment, and a build of one: frozen data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..machine.machine import ComputeCapability
from ..versions import CudaVersion, VersionRequest
from .releases import title_of
from .site_packages import CondaRecord, Distribution


class Backend(str, Enum):
    """What a framework was built for."""

    CUDA = "cuda"
    CPU = "cpu"
    OTHER = "other"
    """Another maker's GPUs: ROCm, XPU."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Framework:
    """A framework that is installed in an environment."""

    name: str
    """`torch`, `tensorflow`, `jax` or `cupy`."""
    version: str
    """Without the local part (`+cu124`)."""
    backend: Backend
    cuda: CudaVersion | None = None
    """The release it was built for; None when it is not built for CUDA or says a major only."""
    accepts: VersionRequest | None = None
    """The releases it runs with; None when it is not built for CUDA, or nothing is known."""
    cudnn: str | None = None
    """The cuDNN it wants: a version (`9.1.0.70`, `8`) or a range (`>=9.8,<10`)."""
    installer: str = "pip"
    """`pip` or `conda`."""
    brings_cuda: bool = False
    """Whether it comes with CUDA libraries of its own: inside it, or as packages it requires."""
    evidence: str = ""
    """What the CUDA build was read from, relative to the environment where it is a file."""

    @property
    def title(self) -> str:
        """What people call it, with its version."""
        names = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX", "cupy": "CuPy"}
        return f"{names[self.name]} {self.version}"


@dataclass(frozen=True)
class Contents:
    """What lies in an environment, for the readers."""

    prefix: Path
    distributions: Mapping[str, Distribution]
    records: Mapping[str, CondaRecord]

    def relative(self, path: Path) -> str:
        """A path as evidence shows it."""
        try:
            return path.relative_to(self.prefix).as_posix()
        except ValueError:
            return str(path)


Clue = tuple[CudaVersion | None, Backend, str]
"""What one file says: the release, the backend, and the evidence."""

NOTHING: Clue = (None, Backend.UNKNOWN, "")


def first_clue(*clues: Callable[[], Clue]) -> Clue:
    """The first clue that tells the backend; later ones are not asked for."""
    for clue in clues:
        found = clue()
        if found[1] is not Backend.UNKNOWN:
            return found
    return NOTHING


def exactly(version: CudaVersion | None) -> VersionRequest | None:
    """The request for one release `X.Y`."""
    return VersionRequest.parse(version.release) if version else None


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
