"""CUDA packages that the environment itself holds, adopted without copying (origin
`environment`)."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..addons import addons_of
from ..environment import Environment
from ..platforms import Platform
from ..toolkit import Flavor, Origin, is_cuda_package, release_of_cudart
from ..versions import CudaVersion
from .adopted import check_adopted
from .base import AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest

_RECORD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json")


class InstalledSource:
    """The source `environment`."""

    name = "environment"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`."""
        packages = cuda_packages(environment.prefix)
        version = version_of(packages)
        if version is None:
            raise NotOffered(self.name, "has no CUDA runtime among its packages")
        if not request.version.matches(version):
            raise NotOffered(
                self.name,
                f"has the packages of CUDA {version}, not of {request.version}",
                known=[version],
            )
        has_nvcc = has_compiler(packages)
        if request.compiles and not has_nvcc:
            raise NotOffered(self.name, f"has the packages of CUDA {version}, without nvcc")
        present = addons_of("-".join(package) for package in packages)
        check_adopted(request, present, self.name, version, f"has the packages of CUDA {version}")
        return Offer(
            Origin.ENVIRONMENT,
            version,
            Flavor.DEVEL if has_nvcc else Flavor.RUNTIME,
            (),
            tuple(Package(name, version_text, 0) for name, version_text, _ in packages),
            "packages of this environment",
            location=environment.prefix,
        )

    def available(
        self,
        platform: Platform,
        environment: Environment | None,
        channels: Sequence[str],
        offline: bool,
    ) -> Sequence[AvailableFlavor]:
        """See `Source.available`."""
        if environment is None:
            return []
        packages = cuda_packages(environment.prefix)
        version, nvcc = version_of(packages), has_compiler(packages)
        if version is None:
            return []
        return [
            AvailableFlavor(version, flavor, "packages of this environment", 0, nvcc)
            for flavor in Flavor
            if nvcc or flavor is not Flavor.DEVEL
        ]


def cuda_packages(prefix: Path) -> list[tuple[str, str, str]]:
    """The CUDA packages of a prefix as (name, version, build), read from file names only."""
    found = []
    try:
        names = sorted(entry.name for entry in os.scandir(prefix / "conda-meta"))
    except OSError:
        return []
    for name in names:
        match = _RECORD.fullmatch(name)
        if match and (is_cuda_package(match["name"]) or match["name"] == "cuda-version"):
            found.append((match["name"], match["version"], match["build"]))
    return found


def version_of(packages: Sequence[tuple[str, str, str]]) -> CudaVersion | None:
    """Which release some packages are; None when no runtime is among them.

    `cuda-version` alone says what may be installed, and not that anything is.
    """
    by_name = {name: version for name, version, _ in packages}
    if "cudatoolkit" in by_name:
        return release_of_cudart(by_name["cudatoolkit"]) and CudaVersion.parse(
            by_name["cudatoolkit"]
        )
    return release_of_cudart(by_name["cuda-cudart"]) if "cuda-cudart" in by_name else None


def has_compiler(packages: Sequence[tuple[str, str, str]]) -> bool:
    """Whether nvcc is among some packages."""
    return any(re.match(r"cuda-nvcc(-tools|-impl|_|$)", name) for name, _, _ in packages)
