"""The offers behind the toolkits of an exported file: these very packages, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..cuda_file import ExactToolkit
from ..environment import Environment
from ..errors import CudaError
from ..platforms import Platform
from ..quoting import typed
from ..sources import exact
from ..sources.base import Offer, Package, ToolkitRequest
from ..toolkit import Origin
from ..versions import VersionRequest


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
            )
            for package in wanted.packages
        ),
        "the exact files that it names",
        specs=wanted.specs,
        fetch=lambda: exact.fetch_exactly(wanted, platform, environment, beside, offline=offline),
    )


def _of_machine(wanted: ExactToolkit, environment: Environment, platform: Platform) -> Offer:
    """A toolkit of this machine of the very release, at the same place if it is there."""
    from ..sources.system import SystemSource

    source = SystemSource()
    request = ToolkitRequest(VersionRequest.parse(str(wanted.version)), platform)
    places = [Path(wanted.location)] if wanted.location else []
    for place in (*places, *(found.path for found in source.find(platform, environment))):
        try:
            offer = source.offer(replace(request, path=place), environment)
        except CudaError:
            continue
        if offer.version == wanted.version:
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


def _of_environment(wanted: ExactToolkit, environment: Environment, platform: Platform) -> Offer:
    """The packages of the environment, if they are the very ones."""
    from ..sources.installed import InstalledSource, cuda_packages

    have = {"-".join(package) for package in cuda_packages(environment.prefix)}
    lacks = [package for package in wanted.packages if package.dist not in have]
    if lacks:
        specs = " ".join(typed(f"{one.name}={one.version}={one.build}") for one in lacks)
        raise CudaError(
            "The file describes packages of an environment itself, and this one lacks "
            f"{', '.join(package.dist for package in lacks)}.",
            hints=[
                f"conda install {specs}",
                "conda env export is the tool for whole environments.",
            ],
            lacks=[package.dist for package in lacks],
        )
    request = ToolkitRequest(VersionRequest.parse(str(wanted.version)), platform)
    return InstalledSource().offer(request, environment)
