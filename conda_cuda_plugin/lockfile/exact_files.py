"""Fetch the file of an exact package, check its hash, and convert it where need be.

A file that is not available raises NotObtained, another file in its place WrongFile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conda.exceptions import CondaError

from ..environment import Environment
from ..errors import FULL, CudaError
from ..network.addresses import is_local, path_of
from ..network.connections import AnswerError
from ..network.download import download_file
from ..packages.archives import sums_of
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
from ..system.conda_compat import first_line
from ..system.files import Inside
from ..system.reading import hash_of
from ..toolkit import beyond
from ..versions import CudaVersion, VersionRequest
from .cuda_file import ExactPackage, ExactToolkit


class NotObtained(CudaError):
    """The file of a package is not available.

    Args:
        package: the package.
        reason: why, as the end of a sentence.
        hint: what to do.
    """

    def __init__(self, package: ExactPackage, reason: str, hint: str) -> None:
        super().__init__(
            f"{package.filename} of {package.name} {package.version} cannot be had: {reason}.",
            hints=[hint],
            package=package.name,
            url=package.address,
        )
        self.reason = reason


class WrongFile(CudaError):
    """What lies at an address, or in a cache, is another file than the exported one."""

    def __init__(self, package: ExactPackage, place: str) -> None:
        super().__init__(
            f"{place} is not the file that was exported: its hash is another one, so it was not "
            "used and nothing was changed.",
            hints=[
                "Whoever offers it has replaced it, or something in between alters files.",
                f"conda cuda use takes {package.name} {package.version} as it is offered now.",
            ],
            package=package.name,
            expected=next(iter(package.hashes.values()), None),
        )


def not_offline(package: ExactPackage) -> NotObtained:
    """The error where a connection would be needed and must not be made."""
    return NotObtained(
        package,
        "it is in no cache of this machine, and --offline forbids to ask for it",
        "Run the command without --offline once.",
    )


def no_answer(package: ExactPackage, error: BaseException) -> NotObtained:
    """The error where an address gives no file."""
    # Without what is secret of the address.
    said = first_line(error).rstrip(".").replace(package.url or "", package.address or "")
    hint = "Check the network, or take the file from a machine that has it."
    return NotObtained(package, f"no file from {package.address} ({said})", hint)


def agrees(path: Path, package: ExactPackage) -> bool:
    """Whether a file is the exported one: every hash holds; without any, it may be."""
    return all(hash_of(path, name) == value for name, value in package.hashes.items())


def file_of(package: ExactPackage) -> Path:
    """The file on this machine that an address names."""
    path = path_of(package.url or "")
    if not path.is_file():
        raise NotObtained(
            package,
            f"there is no file {path} on this machine",
            "Put it there, or export anew from a toolkit that was downloaded.",
        )
    return path


def fetch_file(package: ExactPackage, path: Path, *, offline: bool) -> Path:
    """Get a file from its address and check it.

    Args:
        package: whose file.
        path: where it goes; nothing stays there when it went wrong.
        offline: make no connection.

    Raises:
        OSError: when the disk is full.
    """
    url = package.url or ""
    if offline and not is_local(url):
        raise not_offline(package)
    try:
        if is_local(url):
            sums_of(file_of(package), path)
        else:
            download_file(url, path)
        if agrees(path, package):
            return path
    except (CondaError, OSError) as error:
        Inside(path.parent).remove(path)
        if isinstance(error, NotObtained) or (isinstance(error, OSError) and error.errno in FULL):
            raise
        raise no_answer(package, error) from error
    Inside(path.parent).remove(path)
    raise WrongFile(package, str(package.address))


def fetch_wheel(package: ExactPackage, platform: Platform, *, offline: bool) -> Any:
    """A wheel from its address or, if it has a hash, from the index that pip uses."""
    lookup = Lookup(platform, offline=offline)
    problem: NotObtained | WrongFile | None = None
    on_index = f"The file of {package.name} that the index has"

    def bring(wheel: Wheel, folder: Path) -> Wheel:
        nonlocal problem
        if package.url:
            try:
                path = fetch_file(package, folder / package.filename, offline=offline)
                return replace(wheel, url=path.as_uri())
            except (NotObtained, WrongFile) as error:
                if not package.hashes:
                    # Whatever an index gives would pass for it, and nobody has seen that index.
                    raise
                problem = error
        found = lookup.file_of(wheel)
        if set(package.hashes) <= {"sha256"}:
            return found
        # Only the file itself tells its MD5.
        there = replace(package, url=found.url)
        try:
            path = fetch_file(there, folder / package.filename, offline=offline)
        except WrongFile as error:
            raise WrongFile(package, on_index) from error
        return replace(found, url=path.as_uri())

    wheel = Wheel(package.name, package.version, package.url or package.filename, package.sha256)
    channel = LocalChannel.find(platform.subdir)
    if (known := channel.record_of(wheel.sha256)) is not None:
        return known
    try:
        (record,) = fetch_wheels([wheel], channel, lookup, bring)
    except HashMismatchError as error:
        raise WrongFile(package, on_index) from error
    except (IndexFailure, AnswerError) as error:
        if isinstance(problem, WrongFile):
            raise problem from error
        if offline:
            raise not_offline(package) from error
        reasons = [problem.reason] if problem else []
        raise NotObtained(
            package,
            "; ".join([*reasons, getattr(error, "reason", error.message.rstrip("."))]),
            "Check the network; pip config list shows the index that was asked.",
        ) from error
    return record


@dataclass(frozen=True)
class _Address:
    """The place of one redist archive, for `fetch_archives`."""

    package: ExactPackage

    def url(self, archive: Any) -> str:
        """The address of the archive."""
        return self.package.url or ""

    def fetch(self, archive: Any, part: Path, progress: Any) -> Path:
        """The archive's file, which was checked."""
        Inside(part.parents[1]).make_folder(part.parent)
        return fetch_file(self.package, part, offline=False)


def fetch_archive(package: ExactPackage, platform: Platform) -> Any:
    """A redist archive, converted as the source `redist` does it."""
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


def fetch_from_installer(
    toolkit: ExactToolkit,
    packages: Sequence[ExactPackage],
    platform: Platform,
    environment: Environment,
    beside: Path,
    offline: bool,
) -> dict[ExactPackage, Any]:
    """All packages that are made from one of NVIDIA's installers, unpacked once."""
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
        return str(file_of(package))
    # An installer is a program: none is taken from an address that NVIDIA does not publish.
    if package.url and not offline and published_name(package.sha256 or ""):
        return package.url
    raise NotObtained(
        package,
        "it is not on this machine",
        f"Put {package.filename} beside the file that you apply, into {beside}.",
    )
