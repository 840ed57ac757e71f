"""The published tables: which driver runs which release, which release knows which GPU.

Everything is read from data/compatibility.json, which names the source of each block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ..data import read_data
from ..versions import CudaVersion
from .machine import ComputeCapability, DriverVersion


@dataclass(frozen=True)
class Architecture:
    """GPUs of one compute capability."""

    capability: ComputeCapability
    name: str
    """Such as `Volta`."""
    products: str
    first: CudaVersion
    """The first release that makes code for it."""
    last: CudaVersion | None
    """The last one; None while no release has dropped it."""
    last_branch: int | None
    """The last driver branch that serves it; None while none has dropped it."""

    @property
    def embedded(self) -> bool:
        """Whether it is a Jetson or another Tegra, whose code other GPUs do not run."""
        return "Jetson" in self.products or "Tegra" in self.products

    def served_by(self, version: CudaVersion) -> bool:
        """Whether a release makes code for it."""
        last = self.last or version
        return self.first.numbers <= version.numbers <= last.numbers


@dataclass(frozen=True)
class ToolkitRow:
    """What one release `X.Y` can make code for, and the host compilers its nvcc accepts."""

    minimum: ComputeCapability
    maximum: ComputeCapability
    gcc: int | None
    """The newest major version."""
    clang: int | None
    msvc: tuple[int, int] | None
    """`_MSC_VER`: from, and below."""


def _table(name: str) -> dict[str, Any]:
    block: dict[str, Any] = read_data("compatibility.json")[name]
    return block


@cache
def architectures() -> dict[ComputeCapability, Architecture]:
    """Every compute capability there is, oldest first."""
    rows, last_branch, found = _table("architectures"), _table("last_branch"), {}
    for text, row in rows.items():
        capability = ComputeCapability.parse(text)
        # Blackwell Ultra is Blackwell as far as drivers go.
        branch = last_branch.get(row["name"])
        found[capability] = Architecture(
            capability,
            row["name"],
            row["products"],
            CudaVersion.parse(row["first"]),
            CudaVersion.parse(row["last"]) if row["last"] else None,
            int(branch) if branch else None,
        )
    return dict(sorted(found.items()))


@cache
def toolkit_row(release: str) -> ToolkitRow | None:
    """What is known of a release `X.Y`; None when it is in no table."""
    row = _table("toolkits").get(release)
    if row is None:
        return None
    return ToolkitRow(
        ComputeCapability.parse(row["min_cc"]),
        ComputeCapability.parse(row["max_cc"]),
        row.get("gcc"),
        row.get("clang"),
        tuple(row["msvc"]) if "msvc" in row else None,
    )


def newest_gcc(version: CudaVersion) -> int | None:
    """The newest major version of gcc that nvcc of a release accepts; None when it is not known.

    A release that is newer than the table accepts what the newest one in it does, at least.
    """
    known = [CudaVersion.parse(text) for text, row in _table("toolkits").items() if "gcc" in row]
    older = [one for one in known if one.numbers <= version.numbers]
    row = toolkit_row(max(older).release) if older else None
    return row.gcc if row else None


@cache
def _drivers(windows: bool) -> dict[CudaVersion, tuple[DriverVersion, bool]]:
    """The driver of each release, and whether it is exact or only its branch is published."""
    column = "windows" if windows else "linux"
    return {
        CudaVersion.parse(text): (
            DriverVersion.parse(row.get(column) or row["branch"]),
            column in row,
        )
        for text, row in _table("drivers").items()
    }


@cache
def driver_for(version: CudaVersion, *, windows: bool = False) -> DriverVersion | None:
    """The oldest driver that has everything a release asks for.

    Args:
        version: a release; with its update left open, the first update is meant.
        windows: whether the driver is numbered as on Windows (so it is under WSL too).

    Returns:
        The driver; where only the branch of an update is published, the driver of the update
        before it, or the branch as one number. None for unknown releases.
    """
    table = _drivers(windows)
    rows = [row for row in table if row.release == version.release]
    if not rows:
        return None
    older = [row for row in rows if row.patch <= version.patch] or [min(rows)]
    exact = [row for row in older if table[row][1]]
    return table[max(exact or older)][0]


@cache
def minimum_driver(version: CudaVersion, *, windows: bool = False) -> DriverVersion | None:
    """The oldest driver on which a release runs at all.

    That is the one of its major version from 11 on (minor-version compatibility), and the
    release's own before. None for unknown releases.
    """
    row = _table("minor").get(str(version.major))
    if row is not None:
        return DriverVersion.parse(row["windows" if windows else "linux"])
    return driver_for(version, windows=windows)


@cache
def cuda_of_driver(driver: DriverVersion) -> CudaVersion | None:
    """The newest CUDA that a driver supports, by its branch.

    Windows drivers have branch numbers of their own between those of Linux (572 is of R570).

    Returns:
        None when the driver is older than every branch of the table. For a driver newer than the
        table the newest CUDA known, which it supports at least.
    """
    branches = [int(text) for text in _table("branch_cuda") if int(text) <= driver.branch]
    return CudaVersion.parse(_table("branch_cuda")[str(max(branches))]) if branches else None
