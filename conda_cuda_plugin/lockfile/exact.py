"""The offer behind a toolkit of an exported file: exactly these packages, and no others.

They come from the caches, else from their addresses, and every file is checked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conda.exceptions import ChecksumMismatchError, CondaError, CondaHTTPError, ProxyError

from ..convert.unpacked import is_as_unpacked
from ..environment import Environment
from ..errors import CudaError, innermost
from ..network.addresses import is_local
from ..network.connections import AnswerError
from ..packages.cache import cached_packages, fetch_packages, linked_hashes
from ..packages.local_channel import LocalChannel
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import Offer, Package, ToolkitRequest
from ..sources.installed import InstalledSource, cuda_packages
from ..sources.system import SystemSource
from ..toolkit import Origin
from ..versions import VersionRequest
from . import exact_files
from .cuda_file import ExactPackage, ExactToolkit
from .exact_files import WrongFile, agrees


def offer_of(
    wanted: ExactToolkit,
    environment: Environment,
    platform: Platform,
    beside: Path,
    *,
    offline: bool,
) -> Offer:
    """The offer that gives exactly one toolkit of a file.

    Args:
        wanted: the toolkit.
        environment: where it goes.
        platform: what it is for.
        beside: the folder of the exported file, where an installer may lie too.
        offline: make no connection.

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
                None if _at_hand(package, platform) is None else 0,
                package.filename,
                exact_files.place_of(package, beside),
                next(iter(package.hashes), None),
            )
            for package in wanted.packages
        ),
        "the package cache, else the addresses below",
        specs=wanted.specs,
        fetch=lambda: _fetch(wanted, platform, environment, beside, offline=offline),
    )


def _of_machine(wanted: ExactToolkit, environment: Environment, platform: Platform) -> Offer:
    """A toolkit of this machine of exactly that release, at the same place if possible."""
    source, named = SystemSource(), SystemSource(runs=False)
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
        has_flavor = wanted.flavor is None or (
            offer.flavor is not None and offer.flavor.rank >= wanted.flavor.rank
        )
        if offer.version == wanted.version and has_flavor:
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
    """The packages of the environment, if they are exactly those of the file."""
    have = {"-".join(package) for package in cuda_packages(environment.prefix)}
    hashes = linked_hashes(environment.prefix)
    missing = [
        package
        for package in wanted.packages
        if package.dist not in have
        or any(
            hashes.get(package.dist, {}).get(name, value) != value
            for name, value in package.hashes.items()
        )
    ]
    if missing:
        specs = " ".join(typed(f"{one.name}={one.version}={one.build}") for one in missing)
        raise CudaError(
            "The file describes packages of an environment itself, and this one lacks "
            f"{', '.join(package.dist for package in missing)}, or has another one of that name.",
            hints=[
                f"conda install {specs}",
                "conda env export is the tool for whole environments.",
            ],
            lacks=[package.dist for package in missing],
        )
    version = VersionRequest.parse(str(wanted.version))
    request = ToolkitRequest(version, platform, flavor=wanted.flavor)
    return InstalledSource().offer(request, environment)


def _fetch(
    toolkit: ExactToolkit,
    platform: Platform,
    environment: Environment,
    beside: Path,
    *,
    offline: bool,
) -> list[Any]:
    """Bring the packages of a toolkit into the caches; their conda records, in order."""
    found = {package: _at_hand(package, platform) for package in toolkit.packages}
    missing = [package for package, record in found.items() if record is None]
    if offline:
        for package in missing:
            if not package.is_wheel and package.url and not is_local(package.url):
                raise exact_files.not_offline(package)
    installers = [one for one in missing if toolkit.origin is Origin.RUNFILE and one.is_foreign]
    if installers:
        found |= exact_files.fetch_from_installer(
            toolkit, installers, platform, environment, beside, offline
        )
    found |= _fetch_conda([package for package in missing if package.is_conda])
    for package in missing:
        if package.is_wheel:
            found[package] = exact_files.fetch_wheel(package, platform, offline=offline)
        elif found[package] is None:
            found[package] = exact_files.fetch_archive(package, platform)
        record: Any = found[package]
        name = f"{record.name}-{record.version}-{record.build}"
        if name != package.dist:
            raise CudaError(
                f"{package.filename} holds {name}, not {package.dist}.",
                hints=["Export anew: the file was not written by conda cuda export."],
                package=package.name,
            )
    return [found[package] for package in toolkit.packages]


def _at_hand(package: ExactPackage, platform: Platform) -> Any | None:
    """The record of a package whose file is in a cache of this machine; None otherwise."""
    if not package.hashes:
        # A file of the same name is not the same file.
        return None
    return _cached(package) if package.is_conda else _converted(package, platform)


def _cached(package: ExactPackage) -> Any | None:
    for record in cached_packages(package.name, package.version, package.build):
        if record.fn.endswith(".conda") != package.filename.endswith(".conda"):
            continue
        archive = Path(record.package_tarball_full_path)
        if archive.is_file() and os.access(archive, os.R_OK):
            told = package.hashes.items()
            if agrees(archive, package) and all(
                record.get(name) in (None, "", value) for name, value in told
            ):
                return record
        elif record.is_extracted and package.sha256 and record.get("sha256") == package.sha256:
            return record
    return None


def _converted(package: ExactPackage, platform: Platform) -> Any | None:
    channel = LocalChannel.find(platform.subdir)
    while (record := channel.record_of(package.sha256, package.name)) is not None:
        if (record.version, record.build) != (package.version, package.build):
            return None
        unpacked = channel.unpacked(record)
        if unpacked and channel.is_sealed(record) and is_as_unpacked(unpacked):
            return record
        # Damaged on the disk, or altered by whoever may write there: it is made anew.
        channel.pass_over(record)
    return None


def _fetch_conda(packages: Sequence[ExactPackage]) -> dict[ExactPackage, Any]:
    """Conda packages, all at once."""
    for package in packages:
        if is_local(package.url or ""):
            # conda takes files of this machine without a look at their hash.
            path = exact_files.file_of(package)
            if not agrees(path, package):
                raise WrongFile(package, str(path))
    if not packages:
        return {}
    wanted = [(one.url or "", dict(list(one.hashes.items())[:1])) for one in packages]
    try:
        found = dict(zip(packages, fetch_packages(wanted), strict=True))
    except Exception as error:
        raise _refusal(packages, error) from error
    for package, record in found.items():
        archive = Path(record.package_tarball_full_path)
        # The file may have been another one a moment ago, or two hashes were given.
        if archive.is_file() and not agrees(archive, package):
            raise WrongFile(package, str(archive))
    return found


def _refusal(packages: Sequence[ExactPackage], error: Exception) -> Exception:
    """What a failure of conda's download means; any other error is returned as it is."""
    inner = innermost(error)
    text = str(inner)
    package = next((one for one in packages if one.url and one.url in text), packages[0])
    if isinstance(inner, ChecksumMismatchError):
        return WrongFile(package, str(package.address))
    if isinstance(inner, (AnswerError, CondaHTTPError, ProxyError)):
        return exact_files.no_answer(package, inner)
    if isinstance(inner, CondaError) or (isinstance(inner, OSError) and inner.errno is not None):
        return error
    # Any error of the libraries that unpack it.
    package = next((one for one in packages if one.filename in text), package)
    return CudaError(
        f"{package.filename} of {package.name} {package.version} is not a conda package, so "
        "nothing was changed.",
        hints=[f"It came from {package.address}; export anew where the toolkit works."],
        package=package.name,
    )
