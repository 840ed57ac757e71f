"""A framework in an environment, and what its readers share: frozen data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..versions import CudaVersion, VersionRequest
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
