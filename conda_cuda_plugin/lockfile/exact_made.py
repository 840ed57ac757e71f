"""Exact packages that are made of foreign files: wheels, archives and installers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..environment import Environment
from ..errors import CudaError
from ..network.addresses import is_local
from ..network.connections import AnswerError
from ..packages.local_channel import LocalChannel
from ..platforms import Platform
from ..sources.base import ToolkitRequest
from ..sources.pypi.fetch import fetch_wheels
from ..sources.pypi.lookup import Lookup
from ..sources.pypi.wheel import HashMismatchError, IndexFailure, Wheel
from ..sources.redist.fetch import fetch_archives
from ..sources.redist.manifest import Archive
from ..sources.runfile.installers import published_name
from ..sources.table import source
from ..system.files import Inside
from ..toolkit import beyond
from ..versions import CudaVersion, VersionRequest
from .cuda_file import ExactPackage, ExactToolkit
from .exact_files import WRONG, NotObtained, WrongFile, fetch_file, local_path, not_offline


def fetch_wheel(package: ExactPackage, platform: Platform, *, offline: bool) -> Any:
    """A wheel from its address; where a hash tells it, else from the index that pip uses.

    Raises:
        NotObtained: when it cannot be had.
        WrongFile: when there is another file in its place.
    """
    reasons: list[str] = []

    def bring(wheel: Wheel, folder: Path) -> Wheel:
        path = folder / package.filename
        if package.url and fetch_file(package, path, reasons, offline=offline):
            return replace(wheel, url=path.as_uri())
        if package.url and not package.hashes:
            if offline and not reasons:
                raise not_offline(package)
            # Whatever an index gives would pass for it, and nobody has been shown that index.
            raise _not_at_its_address(package, reasons)
        found = Lookup(platform, offline=offline).file_of(wheel)
        if set(package.hashes) == {"sha256"}:
            return found
        # Only the file itself tells its MD5.
        there = replace(package, url=found.url)
        if fetch_file(there, path, reasons, offline=offline):
            return replace(found, url=path.as_uri())
        if WRONG in reasons:
            raise WrongFile(package, f"The file of {package.name} that the index has")
        raise _not_at_its_address(package, reasons)

    wheel = Wheel(package.name, package.version, package.url or package.filename, package.sha256)
    channel = LocalChannel.find(platform.subdir)
    if (found := channel.record_of(wheel.sha256)) is not None:
        return found
    try:
        (record,) = fetch_wheels([wheel], channel, bring)
    except HashMismatchError as error:
        raise WrongFile(package, f"The file of {package.name} that the index has") from error
    except (IndexFailure, AnswerError) as error:
        if WRONG in reasons:
            raise WrongFile(package, str(package.address)) from error
        if offline:
            raise not_offline(package) from error
        raise NotObtained(
            package,
            "; ".join([*reasons, getattr(error, "reason", error.message.rstrip("."))]),
            ["Check the network; pip config list shows the index that was asked."],
        ) from error
    return record


def _not_at_its_address(package: ExactPackage, reasons: Sequence[str]) -> NotObtained:
    hint = "Check the network, or take the file from a machine that has it."
    return NotObtained(package, "; ".join(reasons), [hint])


def fetch_archive(package: ExactPackage, platform: Platform) -> Any:
    """A redist archive, converted as the source `redist` does it.

    Raises:
        NotObtained: when it cannot be had.
        WrongFile: when there is another file in its place.
    """

    release = package.build.removeprefix("cuda").partition("_")[0]
    archive = Archive(
        package.name.removeprefix("cuda-redist-"),
        package.version,
        package.filename,
        package.sha256 or "",
        0,
        CudaVersion.parse(release),
    )
    (record,) = fetch_archives([archive], _Address(package), platform)  # type: ignore[arg-type]
    return record


@dataclass(frozen=True)
class _Address:
    """The place of one redist archive, as far as it is fetched from there."""

    package: ExactPackage

    def url(self, archive: Any) -> str:
        """The address of the archive."""
        return self.package.url or ""

    def fetch(self, archive: Any, part: Path, progress: Any) -> Path:
        """The archive's file, which was checked."""
        reasons: list[str] = []
        Inside(part.parents[1]).make_folder(part.parent)
        if fetch_file(self.package, part, reasons, offline=False):
            return part
        if WRONG in reasons:
            raise WrongFile(self.package, str(self.package.address))
        raise _not_at_its_address(self.package, reasons)


def fetch_from_installer(
    toolkit: ExactToolkit,
    packages: Sequence[ExactPackage],
    platform: Platform,
    environment: Environment,
    beside: Path,
    offline: bool,
) -> dict[ExactPackage, Any]:
    """All packages that are made of one of NVIDIA's installers, unpacked once.

    Raises:
        NotObtained: when it cannot be had.
    """

    first = packages[0]
    request = ToolkitRequest(
        VersionRequest.parse(str(toolkit.version)),
        platform,
        flavor=toolkit.flavor,
        components=beyond(toolkit.flavor, toolkit.components),
        offline=offline,
        location=_installer(first, beside, offline),
        sha256=first.sha256,
    )
    records = source("runfile").offer(request, environment).fetch()
    made = {f"{record.name}-{record.version}-{record.build}": record for record in records}
    for package in packages:
        if package.dist not in made:
            raise CudaError(
                f"{first.filename} gives no {package.dist}.",
                hints=["Export anew with the conda cuda that is here."],
                package=package.name,
            )
    return {package: made[package.dist] for package in packages}


def place_of(package: ExactPackage, beside: Path) -> str | None:
    """Where the file of a package is taken from, as a plan shows it; None where pip finds it."""
    if package.is_foreign and (beside / package.filename).is_file():
        return str(beside / package.filename)
    return package.address


def _installer(package: ExactPackage, beside: Path, offline: bool) -> str:
    """Where an installer lies: beside the exported file, or at its address."""

    if (beside / package.filename).is_file():
        return str(beside / package.filename)
    if package.url and is_local(package.url):
        return str(local_path(package))
    # An installer is a program: none is taken from an address that NVIDIA does not publish.
    if package.url and not offline and published_name(package.sha256 or ""):
        return package.url
    raise NotObtained(
        package,
        "it is not on this machine",
        [f"Put {package.filename} beside the file that you apply, into {beside}."],
    )
