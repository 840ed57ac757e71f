"""A framework in an environment, and a build of one: frozen data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..machine.machine import ComputeCapability
from ..versions import CudaVersion, VersionRequest
from . import build_markers
from .releases import table, title_of
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
        return f"{title_of(self.name)} {self.version}"


@dataclass(frozen=True)
class Contents:
    """What lies in an environment, for the readers."""

    prefix: Path
    distributions: Mapping[str, Distribution]
    records: Mapping[str, CondaRecord]

    def find(
        self, pip: Sequence[str], conda: Sequence[str]
    ) -> tuple[Distribution | None, CondaRecord | None]:
        """The first of some packages of pip's, or of conda's where conda has installed it."""
        record = next((self.records[name] for name in conda if name in self.records), None)
        found = next((self.distributions[name] for name in pip if name in self.distributions), None)
        if found is None or (record is not None and found.from_conda):
            return None, record
        return found, None

    @property
    def has_cuda_wheels(self) -> bool:
        """Whether NVIDIA's wheels are there."""
        return any(name.startswith("nvidia-cuda-runtime") for name in self.distributions)

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
    """The first clue that says the backend; later ones are not looked up."""
    return next((found for clue in clues if (found := clue())[1] is not Backend.UNKNOWN), NOTHING)


def clue_of_record(contents: Contents, record: CondaRecord, toolkit: str | None = None) -> Clue:
    """What a conda package says by its build string, or by the version of a toolkit's package."""
    cuda = build_markers.cuda_of_build(record.build)
    if cuda is None and build_markers.is_cpu_build(record.build):
        return None, Backend.CPU, contents.relative(record.path)
    beside = contents.records.get(toolkit) if toolkit else None
    if cuda is None and beside is not None:
        cuda, record = build_markers.parsed(beside.version), beside
    return (cuda, Backend.CUDA, contents.relative(record.path)) if cuda else NOTHING


def cudnn_of_record(record: CondaRecord) -> str | None:
    """The cuDNN that a conda package asks for."""
    found = build_markers.cudnn_of_build(record.build)
    return found or build_markers.conda_pin(record.depends, "cudnn", "libcudnn")


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
    brings_cuda: bool = True
    """Whether it comes with CUDA; else it takes any release in its range from a toolkit."""
    verified: bool = True

    @property
    def oldest(self) -> ComputeCapability | None:
        """The oldest GPU that it runs on; None when not published."""
        return self.minimum or min(self.capabilities, default=None)

    @classmethod
    def of_release(cls, source: str, text: str, *command: str, **more: Any) -> Build:
        """The build for one CUDA release."""
        return cls(source, command, CudaVersion.parse(text), VersionRequest.parse(text), **more)

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

    @classmethod
    def on_conda_forge(cls, name: str, version: str) -> Note:
        """Where to see the builds of conda-forge."""
        return cls(
            "conda-forge's CUDA builds are not in our tables; to see them:",
            f'conda search -c conda-forge "{table("names")[name]["conda"]}={version}=*cuda*"',
        )


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
