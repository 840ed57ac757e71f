"""What is in each release of the era of split packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """One release of CUDA.

    Args:
        version: all three numbers.
        cudart: the version of the runtime's package.
        nvcc: the version of the compiler's packages.
        libraries: version and sonames of the math libraries' packages.
    """

    version: str
    cudart: str
    nvcc: str
    libraries: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def short(self) -> str:
        """`X.Y`."""
        return self.version.rpartition(".")[0]

    @property
    def major(self) -> str:
        """`X`."""
        return self.version.partition(".")[0]

    @property
    def pin(self) -> str:
        """The dependency that ties a part to its release."""
        major, minor = self.short.split(".")
        return f"cuda-version >={self.short},<{major}.{int(minor) + 1}.0a0"


def _cuda12(
    nvrtc: str, cublas: str, cufft: str, cufile: str, curand: str, cusolver: str, cusparse: str
) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        "cuda-nvrtc": (nvrtc, ("libnvrtc.so.12",)),
        "libcublas": (cublas, ("libcublas.so.12", "libcublasLt.so.12")),
        "libcufft": (cufft, ("libcufft.so.11",)),
        "libcufile": (cufile, ("libcufile.so.0",)),
        "libcurand": (curand, ("libcurand.so.10",)),
        "libcusolver": (cusolver, ("libcusolver.so.11",)),
        "libcusparse": (cusparse, ("libcusparse.so.12",)),
        "libnvjitlink": (nvrtc, ("libnvJitLink.so.12",)),
    }


RELEASES = (
    Release(
        "12.4.0",
        "12.4.99",
        "12.4.99",
        _cuda12(
            "12.4.99", "12.4.2.65", "11.2.0.44", "1.9.0.20", "10.3.5.119", "11.6.0.99", "12.3.0.142"
        ),
    ),
    Release(
        "12.4.1",
        "12.4.127",
        "12.4.131",
        _cuda12(
            "12.4.127", "12.4.5.8", "11.2.1.3", "1.9.1.3", "10.3.5.147", "11.6.1.9", "12.3.1.170"
        ),
    ),
    Release(
        "12.9.1",
        "12.9.79",
        "12.9.86",
        _cuda12(
            "12.9.86", "12.9.1.4", "11.4.1.4", "1.14.1.1", "10.3.10.19", "11.7.5.82", "12.5.10.65"
        ),
    ),
    Release(
        "13.0.2",
        "13.0.96",
        "13.0.88",
        {
            "cuda-nvrtc": ("13.0.88", ("libnvrtc.so.13",)),
            "libcublas": ("13.1.0.3", ("libcublas.so.13", "libcublasLt.so.13")),
            "libcufft": ("12.0.0.61", ("libcufft.so.12",)),
            "libcufile": ("1.15.1.6", ("libcufile.so.0",)),
            "libcurand": ("10.4.0.35", ("libcurand.so.10",)),
            "libcusolver": ("12.0.4.66", ("libcusolver.so.12",)),
            "libcusparse": ("12.6.3.3", ("libcusparse.so.12",)),
            "libnvjitlink": ("13.0.88", ("libnvJitLink.so.13",)),
        },
    ),
)
