"""Exactly these packages: from the caches, else from their addresses, every file checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..addresses import is_local
from ..cuda_file import ExactPackage, ExactToolkit
from ..environment import Environment
from ..errors import CudaError, innermost
from ..files import Inside
from ..local_channel import LocalChannel
from ..platforms import Platform
from ..toolkit import Origin, beyond
from ..versions import CudaVersion, VersionRequest
from . import pip
from .base import ToolkitRequest
from .exact_files import (
    WRONG,
    NotObtained,
    WrongFile,
    agrees,
    fetch_file,
    hash_of,
    local_path,
    not_offline,
)
from .wheels import fetch_wheels


def at_hand(package: ExactPackage, platform: Platform) -> Any | None:
    """The record of a package whose very file is in a cache of this machine, or None."""
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
        found |= _from_installer(toolkit, installers, platform, environment, beside, offline)
    found |= _fetch_conda([package for package in missing if package.is_conda])
    for package in missing:
        if package.is_wheel:
            found[package] = _fetch_wheel(package, platform, offline)
        elif package.is_foreign and package not in installers:
            found[package] = _fetch_archive(package, platform)
        _check_name(package, found[package])
    return [found[package] for package in packages]


def _cached(package: ExactPackage) -> Any | None:
    from ..conda_packages import cached_packages

    for record in cached_packages(package.name, package.version, package.build):
        if record.fn.endswith(".conda") != package.filename.endswith(".conda"):
            continue
        archive = Path(record.package_tarball_full_path)
        if archive.is_file():
            if agrees(archive, package) and record.get("sha256") in (None, package.sha256):
                return record
        elif record.is_extracted and package.sha256 and record.get("sha256") == package.sha256:
            return record
    return None


def _converted(package: ExactPackage, platform: Platform) -> Any | None:
    channel = LocalChannel.find(platform.subdir)
    record = channel.record_of(package.sha256, package.name)
    if record is None or (record.version, record.build) != (package.version, package.build):
        return None
    place = channel.folder / record.fn
    if hash_of(place) != record.sha256:
        # Damaged on the disk: it is made anew.
        channel.files.remove(place)
        return None
    return record


def _fetch_conda(packages: Sequence[ExactPackage]) -> dict[ExactPackage, Any]:
    """Conda packages, all at once."""
    from ..conda_packages import fetch_packages

    wanted = []
    for package in packages:
        if is_local(package.url or ""):
            # conda takes files of this machine without a look at their hash.
            path = local_path(package)
            if not agrees(path, package):
                raise WrongFile(package, str(path))
        checksums = {"sha256": package.sha256} if package.sha256 else {"md5": package.md5}
        known = {name: value for name, value in checksums.items() if value}
        wanted.append((package.url or "", known))
    try:
        return dict(zip(packages, fetch_packages(wanted), strict=True)) if wanted else {}
    except Exception as error:
        raise _refusal(packages, error) from error


def _refusal(packages: Sequence[ExactPackage], error: Exception) -> Exception:
    """What a failure of conda's download means; what is no such failure comes back as it is."""
    from conda.exceptions import ChecksumMismatchError, CondaHTTPError, ProxyError

    from ..conda_compat import first_line

    inner = innermost(error)
    text = str(inner)
    package = next((one for one in packages if one.url and one.url in text), packages[0])
    if isinstance(inner, ChecksumMismatchError):
        return WrongFile(package, str(package.url))
    if isinstance(inner, (CondaHTTPError, ProxyError)):
        return NotObtained(
            package,
            f"no answer from {package.url} ({first_line(inner).rstrip('.')})",
            ["Check the network, or take the file from a machine that has it."],
        )
    return error


def _fetch_wheel(package: ExactPackage, platform: Platform, offline: bool) -> Any:
    wheel = pip.Wheel(
        package.name, package.version, package.url or package.filename, package.sha256
    )
    reasons: list[str] = []

    def download(
        wheels: Sequence[pip.Wheel],
        folder: Path,
        platform: Platform,
        *,
        offline: bool,
        progress: Callable[[int, int], None],
    ) -> Sequence[Path]:
        path = folder / package.filename
        if package.url and fetch_file(package, path, reasons, offline=offline):
            return [path]
        # The index that pip is configured for may have the same file at another address.
        return pip.download(wheels, folder, platform, offline=offline, progress=progress)

    try:
        (record,) = fetch_wheels([wheel], platform, offline=offline, download=download)
    except pip.HashMismatchError as error:
        raise WrongFile(package, f"The file of {package.name} that pip finds") from error
    except pip.PipError as error:
        if WRONG in reasons:
            raise WrongFile(package, str(package.url)) from error
        if offline:
            raise not_offline(package) from error
        raise NotObtained(
            package,
            "; ".join([*reasons, error.message.rstrip(".")]),
            ["Check the network; pip config list shows the index that was asked."],
        ) from error
    return record


def _fetch_archive(package: ExactPackage, platform: Platform) -> Any:
    """A redist archive, converted as the source `redist` does it."""
    from .redist.fetch import fetch_archives
    from .redist.manifest import Archive

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
            raise WrongFile(self.package, str(self.package.url))
        raise NotObtained(
            self.package,
            "; ".join(reasons),
            ["Check the network, or take the file from a machine that has it."],
        )


def _from_installer(
    toolkit: ExactToolkit,
    packages: Sequence[ExactPackage],
    platform: Platform,
    environment: Environment,
    beside: Path,
    offline: bool,
) -> dict[ExactPackage, Any]:
    """All packages that are made of one of NVIDIA's installers, unpacked once."""
    from .table import source

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


def _installer(package: ExactPackage, beside: Path, offline: bool) -> str:
    """Where an installer lies: beside the exported file, or at its address."""
    from .runfile.names import published_name

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


def _check_name(package: ExactPackage, record: Any) -> None:
    """Refuse a file that holds another package than the one that it was exported as."""
    name = f"{record.name}-{record.version}-{record.build}"
    if name != package.dist:
        raise CudaError(
            f"{package.filename} holds {name}, not {package.dist}.",
            hints=["Export anew: the file was not written by conda cuda export."],
            package=package.name,
        )
