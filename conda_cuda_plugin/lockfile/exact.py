"""Exactly these packages: from the caches, else from their addresses, every file checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conda.exceptions import ChecksumMismatchError, CondaError, CondaHTTPError, ProxyError

from ..build.unpacked import is_as_unpacked
from ..environment import Environment
from ..errors import CudaError, innermost
from ..network.addresses import is_local
from ..network.connections import AnswerError
from ..packages.cache import cached_packages, fetch_packages
from ..packages.local_channel import LocalChannel
from ..platforms import Platform
from ..system.conda_compat import first_line
from ..toolkit import Origin
from .cuda_file import ExactPackage, ExactToolkit
from .exact_files import NoPackage, NotObtained, WrongFile, agrees, local_path, not_offline
from .exact_made import fetch_archive, fetch_from_installer, fetch_wheel


def at_hand(package: ExactPackage, platform: Platform) -> Any | None:
    """The record of a package whose very file is in a cache of this machine, or None."""
    if not package.hashes:
        # A file of the same name is not the same file.
        return None
    return _cached(package) if package.is_conda else _converted(package, platform)


def fetch_exactly(
    toolkit: ExactToolkit,
    platform: Platform,
    environment: Environment,
    beside: Path,
    *,
    offline: bool,
) -> list[Any]:
    """Bring the packages of a toolkit into the caches.

    Args:
        toolkit: what is wanted.
        platform: what it is for.
        environment: where it goes.
        beside: the folder of the exported file, where an installer may lie too.
        offline: make no connection.

    Returns:
        Their conda records, in their order.

    Raises:
        NotObtained: when a file cannot be had.
        WrongFile: when there is another file in its place.
    """
    packages = toolkit.packages
    found = {package: at_hand(package, platform) for package in packages}
    missing = [package for package in packages if found[package] is None]
    if offline:
        for package in missing:
            if not package.is_wheel and package.url and not is_local(package.url):
                raise not_offline(package)
    installers = [one for one in missing if toolkit.origin is Origin.RUNFILE and one.is_foreign]
    if installers:
        found |= fetch_from_installer(toolkit, installers, platform, environment, beside, offline)
    found |= _fetch_conda([package for package in missing if package.is_conda])
    for package in missing:
        if package.is_wheel:
            found[package] = fetch_wheel(package, platform, offline=offline)
        elif package.is_foreign and package not in installers:
            found[package] = fetch_archive(package, platform)
        _check_name(package, found[package])
    return [found[package] for package in packages]


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

    wanted = []
    for package in packages:
        if is_local(package.url or ""):
            # conda takes files of this machine without a look at their hash.
            path = local_path(package)
            if not agrees(path, package):
                raise WrongFile(package, str(path))
        wanted.append((package.url or "", dict(list(package.hashes.items())[:1])))
    if not wanted:
        return {}
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
    """What a failure of conda's download means; what is no such failure comes back as it is."""

    inner = innermost(error)
    text = str(inner)
    package = next((one for one in packages if one.url and one.url in text), packages[0])
    if isinstance(inner, ChecksumMismatchError):
        return WrongFile(package, str(package.address))
    if isinstance(inner, (AnswerError, CondaHTTPError, ProxyError)):
        return NotObtained(
            package,
            f"no answer from {package.address} ({_said(inner, package)})",
            ["Check the network, or take the file from a machine that has it."],
        )
    if isinstance(inner, CondaError) or (isinstance(inner, OSError) and inner.errno is not None):
        return error
    # Whatever those say who were to unpack it.
    return NoPackage(next((one for one in packages if one.filename in text), package))


def _said(error: BaseException, package: ExactPackage) -> str:
    """What an error of conda's says, without what is secret of an address."""

    return first_line(error).rstrip(".").replace(package.url or "", package.address or "")


def _check_name(package: ExactPackage, record: Any) -> None:
    """Refuse a file that holds another package than the one that it was exported as."""
    name = f"{record.name}-{record.version}-{record.build}"
    if name != package.dist:
        raise CudaError(
            f"{package.filename} holds {name}, not {package.dist}.",
            hints=["Export anew: the file was not written by conda cuda export."],
            package=package.name,
        )
