"""CUDA packages that the environment itself holds, adopted without copying (origin
`environment`)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..addons import addons_of
from ..cuda_packages import cuda_records, lists
from ..environment import Environment
from ..platforms import Platform
from ..toolkit import Flavor, Origin, release_of_cudart
from ..versions import CudaVersion
from .adopted import check_adopted
from .base import AvailableFlavor, NotOffered, Offer, Package, ToolkitRequest


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
    """The CUDA packages of a prefix as (name, version, build), `cuda-version` among them."""
    found = [(one.name, one.version, one.build) for one in cuda_records(prefix)]
    try:
        names = [entry.name for entry in os.scandir(prefix / "conda-meta")]
    except OSError:
        names = []
    for name in names:
        match = re.fullmatch(r"(cuda-version)-([^-]+)-([^-]+)\.json", name)
        if match:
            found.append((match[1], match[2], match[3]))
    return sorted(found)


def version_of(packages: Sequence[tuple[str, str, str]]) -> CudaVersion | None:
    """Which release some packages are; None when no runtime is among them.

    `cuda-version` alone says what may be installed, and not that anything is. Two updates may have
    the same runtime: a metapackage tells them apart.
    """
    by_name = {name: version for name, version, _ in packages}
    monolith, runtime = by_name.get("cudatoolkit"), by_name.get("cuda-cudart")
    if monolith is not None:
        return release_of_cudart(monolith) and CudaVersion.parse(monolith)
    if runtime is None:
        return None
    version = release_of_cudart(runtime, channel=True)
    if version is not None:
        for name in lists():
            with contextlib.suppress(KeyError, ValueError):
                listed = CudaVersion.parse(by_name[name])
                if listed.release == version.release:
                    return listed
    return version


def has_compiler(packages: Sequence[tuple[str, str, str]]) -> bool:
    """Whether nvcc is among some packages."""
    return any(re.match(r"cuda-nvcc(-tools|-impl|_|$)", name) for name, _, _ in packages)
