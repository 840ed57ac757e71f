"""Toolkits that are adopted: CUDA packages which the environment itself holds."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..addons import NONE, addons, addons_of, agrees
from ..environment import Environment
from ..packages.cuda_packages import cuda_records, is_nvcc, lists
from ..toolkit import Flavor, Origin, release_of_cudart
from ..versions import CudaVersion
from .base import AvailableFlavor, NotOffered, Offer, Package, Search, ToolkitRequest, flavors_here

_WHERE = "packages of this environment"


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
            _WHERE,
            location=environment.prefix,
        )

    def available(self, search: Search) -> Sequence[AvailableFlavor]:
        """See `Source.available`."""
        if search.environment is None:
            return []
        packages = cuda_packages(search.environment.prefix)
        version, nvcc = version_of(packages), has_compiler(packages)
        return flavors_here(version, _WHERE, nvcc) if version is not None else []


def cuda_packages(prefix: Path) -> list[tuple[str, str, str]]:
    """The CUDA packages of a prefix as (name, version, build), `cuda-version` among them."""
    found = [(one.name, one.version, one.build) for one in cuda_records(prefix)]
    for path in (prefix / "conda-meta").glob("cuda-version-*.json"):
        name, version, build = path.stem.rsplit("-", 2)
        if name == "cuda-version":
            found.append((name, version, build))
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
    return any(is_nvcc(name) for name, _, _ in packages)


def check_adopted(
    request: ToolkitRequest,
    present: Mapping[str, str],
    source: str,
    version: CudaVersion,
    what: str,
) -> None:
    """Refuse to change the add-ons of an adopted toolkit.

    Args:
        request: what is wanted.
        present: the add-ons that it has, with their versions.
        source: the source that has it.
        version: its release.
        what: what the source has, as the beginning of the reason.

    Raises:
        NotOffered: unless everything is there as it was asked for.
    """
    for name, wanted in request.addons.items():
        title, have = addons()[name].title, present.get(name)
        if (have is None) == (wanted == NONE) and (have is None or agrees(wanted, have)):
            continue
        hint = f"conda cuda use {version.release} --from channel   (installs one without it)"
        if wanted != NONE:
            hint = (
                f"conda cuda use {version.release} --{name} {wanted} --from channel   (installs a "
                "toolkit with it, for this environment alone; --from pypi too)"
            )
        there = f"with {title} {have}" if have else f"without {title}"
        verb = (
            "removes nothing" if wanted == NONE else "replaces nothing" if have else "adds nothing"
        )
        raise NotOffered(source, f"{what} {there}, and conda cuda {verb} there", hints=[hint])
