"""The file of an exact package: from where it is exported to come, and with the exported hash."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from conda.exceptions import CondaError

from ..errors import FULL, CudaError
from ..network.addresses import is_local
from ..network.download import download_file
from ..packages.archives import sums_of
from ..system.conda_compat import first_line
from ..system.files import Inside
from ..system.reading import hash_of
from .cuda_file import ExactPackage


class NotObtained(CudaError):
    """The file of a package cannot be had."""

    def __init__(self, package: ExactPackage, reason: str, hints: Sequence[str]) -> None:
        super().__init__(
            f"{package.filename} of {package.name} {package.version} cannot be had: {reason}.",
            hints=hints,
            package=package.name,
            url=package.address,
        )


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


class NoPackage(CudaError):
    """A file is the exported one, or no hash says otherwise, and is no package."""

    def __init__(self, package: ExactPackage) -> None:
        super().__init__(
            f"{package.filename} of {package.name} {package.version} is no conda package, so "
            "nothing was changed.",
            hints=[f"It came from {package.address}; export anew where the toolkit works."],
            package=package.name,
        )


WRONG = "the file there is another one"


def fetch_file(package: ExactPackage, path: Path, reasons: list[str], *, offline: bool) -> bool:
    """Get a file from its address and check it; whether that went well.

    Args:
        package: whose file.
        path: where it goes; nothing stays there when it went wrong.
        reasons: gets what went wrong.
        offline: make no connection.

    Raises:
        OSError: when the disk is full.
    """

    url = package.url or ""
    if offline and not is_local(url):
        return False
    try:
        if is_local(url):
            sums_of(local_path(package), path)
        else:
            download_file(url, path)
    except (CondaError, NotObtained, OSError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        reason = first_line(error).rstrip(".").replace(url, str(package.address))
        reasons.append(f"no file from {package.address} ({reason})")
        Inside(path.parent).remove(path)
        return False
    if agrees(path, package):
        return True
    reasons.append(WRONG)
    Inside(path.parent).remove(path)
    return False


def agrees(path: Path, package: ExactPackage) -> bool:
    """Whether a file is the exported one: every hash holds; without any, it may be."""
    return all(hash_of(path, name) == value for name, value in package.hashes.items())


def local_path(package: ExactPackage) -> Path:
    """The file on this machine that an address names.

    Raises:
        NotObtained: when it is not there.
    """
    path = Path(url2pathname(urlsplit(package.url or "").path))
    if not path.is_file():
        raise NotObtained(
            package,
            f"there is no file {path} on this machine",
            ["Put it there, or export anew from a toolkit that was downloaded."],
        )
    return path


def not_offline(package: ExactPackage) -> NotObtained:
    """The error where a connection would be needed and must not be made."""
    return NotObtained(
        package,
        "it is in no cache of this machine, and --offline forbids to ask for it",
        ["Run the command without --offline once."],
    )
