"""Toolkits that are adopted: CUDA packages which the environment itself holds."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..addons import NONE, addons, addons_of, agrees
from ..environment import Environment
from ..packages.cuda_packages import cuda_records, lists
from ..platforms import Platform
from ..toolkit import Flavor, Origin, release_of_cudart
from ..versions import CudaVersion
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


def check_adopted(
    request: ToolkitRequest,
    present: Mapping[str, str],
    source: str,
    version: CudaVersion,
    what: str,
) -> None:
    """Refuse to change the add-ons of a toolkit that is not ours.

    Args:
        request: what is wanted.
        present: the add-ons that are there, with their versions.
        source: the source that has the toolkit.
        version: the toolkit's.
        what: what it has, as the beginning of the reason.

    Raises:
        NotOffered: unless everything is there as it was asked for.
    """
    for name, wanted in request.addons.items():
        title, have = addons()[name].title, present.get(name)
        if have is None and wanted == NONE:
            continue
        if have is not None and wanted != NONE and agrees(wanted, have):
            continue
        hint = f"conda cuda use {version.release} --from channel   (installs one without it)"
        if wanted != NONE:
            hint = (
                f"conda cuda use {version.release} --{name} {wanted} --from channel   (installs a "
                "toolkit with it, for this environment alone; --from pypi too)"
            )
        if wanted == NONE:
            why = f"with {title} {have}, and conda cuda takes nothing away there"
        elif have is None:
            why = f"without {title}, and conda cuda adds nothing there"
        else:
            why = f"with {title} {have}, and conda cuda replaces nothing there"
        raise NotOffered(source, f"{what} {why}", hints=[hint])
