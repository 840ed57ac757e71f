"""The offers behind the toolkits of an exported file: these very packages, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..environment import Environment
from ..errors import CudaError
from ..packages.cache import linked_hashes
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.installed import InstalledSource, cuda_packages
from ..sources.system import SystemSource
from ..toolkit import Flavor, Origin
from ..versions import VersionRequest
from . import exact, exact_made
from .cuda_file import ExactToolkit


def offer_of(
    wanted: ExactToolkit,
    environment: Environment,
    platform: Platform,
    beside: Path,
    *,
    offline: bool,
) -> Offer:
    """The offer that gives exactly one toolkit of a file.

    Raises:
        CudaError: when a toolkit to be adopted is not here.
    """
    if wanted.origin is Origin.SYSTEM:
        return _of_machine(wanted, environment, platform)
    if wanted.origin is Origin.ENVIRONMENT:
        return _of_environment(wanted, environment, platform)
    return Offer(
        wanted.origin,
        wanted.version,
        wanted.flavor,
        wanted.components,
        tuple(
            Package(
                package.name,
                package.version,
                None if exact.at_hand(package, platform) is None else 0,
                package.filename,
                exact_made.place_of(package, beside),
                next(iter(package.hashes), None),
            )
            for package in wanted.packages
        ),
        "the package cache, else the addresses below",
        specs=wanted.specs,
        fetch=lambda: exact.fetch_exactly(wanted, platform, environment, beside, offline=offline),
    )


def _of_machine(wanted: ExactToolkit, environment: Environment, platform: Platform) -> Offer:
    """A toolkit of this machine of the very release, at the same place if it is there."""

    source = SystemSource()
    named = SystemSource(runs=False)
    request = ToolkitRequest(VersionRequest.parse(str(wanted.version)), platform)
    # The file names that folder, and not the user: no program of it is run before the plan is seen.
    places = [(named, Path(wanted.location or ""))]
    places += [(source, found.path) for found in source.find(platform, environment)]
    for one, place in places:
        if not place.is_absolute():
            continue
        try:
            offer = one.offer(replace(request, path=place), environment)
        except CudaError:
            continue
        if offer.version == wanted.version and _reaches(offer.flavor, wanted.flavor):
            return replace(offer, flavor=wanted.flavor or offer.flavor)
    raise CudaError(
        f"The file says that CUDA {wanted.version} is adopted from the machine, and there is none "
        "of exactly that release here.",
        hints=[
            "conda cuda list --system shows what is here.",
            f"conda cuda use {wanted.version} installs it from elsewhere.",
        ],
        version=str(wanted.version),
    )


def _reaches(flavor: Flavor | None, wanted: Flavor | None) -> bool:
    """Whether a toolkit is as much as a file says that it is."""
    return wanted is None or (flavor is not None and flavor.rank >= wanted.rank)


def _of_environment(wanted: ExactToolkit, environment: Environment, platform: Platform) -> Offer:
    """The packages of the environment, if they are the very ones."""

    have = {"-".join(package) for package in cuda_packages(environment.prefix)}
    hashes = linked_hashes(environment.prefix)
    lacks = [
        package
        for package in wanted.packages
        if package.dist not in have
        or any(
            hashes.get(package.dist, {}).get(name, value) != value
            for name, value in package.hashes.items()
        )
    ]
    if lacks:
        specs = " ".join(typed(f"{one.name}={one.version}={one.build}") for one in lacks)
        raise CudaError(
            "The file describes packages of an environment itself, and this one lacks "
            f"{', '.join(package.dist for package in lacks)}, or has another one of that name.",
            hints=[
                f"conda install {specs}",
                "conda env export is the tool for whole environments.",
            ],
            lacks=[package.dist for package in lacks],
        )
    version = VersionRequest.parse(str(wanted.version))
    request = ToolkitRequest(version, platform, flavor=wanted.flavor)
    return InstalledSource().offer(request, environment)
