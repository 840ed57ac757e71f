"""`conda cuda export`: describe the CUDA of an environment, exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ..actions.request import recorded_request
from ..environment import Environment
from ..errors import CudaError, FileSystemError
from ..install import pin
from ..network.addresses import is_local, without_credentials
from ..packages.cache import linked_records
from ..packages.cuda_packages import is_cuda_package
from ..packages.provenance import made_of
from ..platforms import Platform
from ..system.files import Inside
from ..system.reading import hash_of
from ..toolkit import Origin, Toolkit
from . import cuda_file
from .check import REQUEST

Others = Callable[[Sequence[Toolkit]], tuple[list[dict[str, Any]], list[str]]]


class Form(Protocol):
    """A kind of file: the module that writes it."""

    def new_text(self, content: Mapping[str, Any], /) -> str:
        """A new file with some content."""

    def updated_text(self, text: str, content: Mapping[str, Any], file: str, /) -> str:
        """The text of an existing file with new content."""


_NAMED = 6
"""How many packages a sentence names."""


def describe(
    environment: Environment,
    platform: Platform,
    *,
    everything: bool = False,
    others: Others | None = None,
) -> dict[str, Any]:
    """The content of an environment's file, with its digest.

    `not-promised` holds what of it another machine may not give, one sentence each.

    Args:
        environment: which.
        platform: its platform.
        everything: all its toolkits, and not the current one alone.
        others: describes its toolkits for other platforms: rows, and what cannot be promised.

    Raises:
        CudaError: when there is nothing to describe.
    """
    current = environment.current()
    toolkits = environment.toolkits() if everything else (current,) if current else ()
    check_toolkits(environment, toolkits)
    rows, doubts = [], []
    for toolkit in toolkits:
        row, more = describe_toolkit(toolkit, environment)
        rows.append(row)
        doubts += more
    elsewhere: list[dict[str, Any]] = []
    if others is not None:
        elsewhere, more = others(toolkits)
        doubts += more
    request = request_of(environment, current or toolkits[0])
    content: dict[str, Any] = {
        cuda_file.FORMAT_KEY: cuda_file.FORMAT,
        "platform": platform.subdir,
        "current": current.version.release if current else None,
        "request": request,
        "toolkits": rows,
        "others": elsewhere,
        "not-promised": doubts,
    }
    content = {key: value for key, value in content.items() if value}
    return {**content, "digest": cuda_file.digest_of(content)}


def request_of(environment: Environment, toolkit: Toolkit) -> dict[str, Any]:
    """What `use` was asked for the last time, as a file says it; without a record, the release."""
    recorded = recorded_request(environment)
    request = {key: recorded[key] for key in REQUEST if recorded.get(key)}
    if not request.get("version"):
        # It was not asked for through `use`, or the record is gone.
        request = {"version": toolkit.version.release}
    if pin.is_pinned(environment):
        request["pin"] = True
    if request.get("channels"):
        request["channels"] = [
            without_credentials(channel) if "://" in channel else channel
            for channel in request["channels"]
        ]
    return request


def check_toolkits(environment: Environment, toolkits: tuple[Toolkit, ...]) -> None:
    """Refuse to export nothing, or what is not whole.

    Raises:
        CudaError: in words.
    """
    if not toolkits:
        others = ", ".join(found.name for found in environment.toolkits())
        what, hint = "installed", "conda cuda use 12.4 installs one."
        if others:
            what, hint = "current", f"conda cuda export --all exports {others}."
        raise CudaError(
            f"No toolkit is {what} in this environment, so there is nothing to export.",
            hints=[hint],
        )
    for toolkit in toolkits:
        if not toolkit.complete:
            raise CudaError(
                f"{toolkit.name} is incomplete, so it cannot be exported.",
                hints=[f"conda cuda use {toolkit.version.release} installs it anew."],
                toolkit=toolkit.name,
            )


def describe_toolkit(
    toolkit: Toolkit, environment: Environment
) -> tuple[dict[str, Any], list[str]]:
    """One toolkit as a file says it, and what cannot be promised about it."""
    assert toolkit.origin is not None
    doubts: list[str] = []
    row: dict[str, Any] = {
        "version": str(toolkit.version),
        "origin": toolkit.origin.value,
        "flavor": toolkit.flavor.value if toolkit.flavor else None,
        "components": list(toolkit.components),
        "specs": [],
        "location": toolkit.location,
        "packages": [],
    }
    root = environment.prefix if toolkit.origin is Origin.ENVIRONMENT else toolkit.root
    records = [] if toolkit.origin is Origin.SYSTEM else linked_records(root)
    if toolkit.origin is Origin.ENVIRONMENT:
        names = {package.rsplit("-", 2)[0] for package in toolkit.packages}
        records = [record for record in records if _belongs(record, names)]
    order = {package: number for number, package in enumerate(toolkit.packages)}
    records.sort(key=lambda record: (order.get(_dist(record), len(order)), record.name))
    origins = made_of(root, records)
    row["packages"] = [_package(record, origins.get(_dist(record))) for record in records]
    if toolkit.origin is Origin.SYSTEM:
        doubts.append(
            f"CUDA {toolkit.version} is adopted from {toolkit.location}: its files belong to that "
            "machine and may change. Another machine has to have this release itself."
        )
    elif toolkit.origin is Origin.ENVIRONMENT:
        doubts.append(
            f"CUDA {toolkit.version} consists of packages of the environment itself: conda "
            "cuda apply adopts these packages where they are, and does not install them; "
            "conda env export exports them together with all others."
        )
    else:
        # What was asked of conda when the root was made.
        specs = {str(record.get("requested_spec") or "") for record in records}
        row["specs"] = sorted(specs - {"", "None"})
        doubts += doubts_of(row["packages"])
    return {key: value for key, value in row.items() if value}, doubts


def _belongs(record: Any, names: set[str]) -> bool:
    """Whether a package of the environment is part of the toolkit adopted from it."""
    return record.name in names or (
        not names and (is_cuda_package(record.name) or record.name == "cuda-version")
    )


def _package(record: Any, origin: Mapping[str, str] | None) -> dict[str, str]:
    """One package and the file that it comes from."""
    row = {"name": record.name, "version": record.version, "build": record.build}
    if origin:
        # The conda package was converted from this file, and can be again.
        address = without_credentials(origin.get("url") or "")
        row["url" if address else "file"] = address or origin.get("file") or record.fn
        row["sha256"] = origin.get("sha256") or ""
    else:
        row["url"] = without_credentials(record.url or "")
        row["file"] = "" if row["url"] else record.fn
        row["sha256"] = record.get("sha256") or _hash_in_cache(record) or ""
        row["md5"] = "" if row["sha256"] else record.get("md5") or ""
    return {key: value for key, value in row.items() if value}


def _hash_in_cache(record: Any) -> str | None:
    """The hash of a package's archive, where the index did not give one and it is still there."""
    archive = Path(str(record.get("package_tarball_full_path") or ""))
    try:
        if archive.is_file() and hash_of(archive, "md5") == record.get("md5"):
            return hash_of(archive)
    except OSError:
        pass
    return None


def doubts_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """What cannot be promised about packages, a sentence for each reason."""
    weak = [row["name"] for row in rows if "sha256" not in row]
    lone = [row["name"] for row in rows if "url" not in row]
    local = [row["name"] for row in rows if is_local(row.get("url", ""))]
    reasons = (
        (weak, "No SHA-256 is known, so another file may pass for that of", ""),
        (lone, "Another machine has to have the file itself of", ""),
        (local, "A folder of this machine holds the files of", ", which another one may not have"),
    )
    return [f"{begin} {_some(names)}{end}." for names, begin, end in reasons if names]


def _some(names: Sequence[str]) -> str:
    """The first of some names, and how many there are besides."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} others" if more > 0 else "")


def _dist(record: Any) -> str:
    return f"{record.name}-{record.version}-{record.build}"


def write(path: Path, content: Mapping[str, Any], form: Form) -> bool:
    """Write a file, or bring one up to date: what a person wrote around the values stays.

    Args:
        path: the file.
        content: what it shall hold.
        form: the kind of file: `cuda_file` or `environment_yml`.

    Returns:
        Whether anything changed.

    Raises:
        CudaError: when the file is there and is not ours, or cannot be written.
    """
    if not path.parent.is_dir():
        raise CudaError(
            f"There is no folder {path.parent}.", hints=["Make it first, or name another file."]
        )
    # A link that a person made stays one.
    place = Path(os.path.realpath(path))
    if not place.exists():
        text, mode = form.new_text(content), 0o644
    else:
        before = cuda_file.text_of(place)
        text = form.updated_text(before, content, str(path))
        mode = place.stat().st_mode & 0o777
        if text == before:
            return False
    try:
        return Inside(place.parent).write(place, text.encode(), mode)
    except OSError as error:
        raise FileSystemError(error, path, "Name a file in another folder.") from error
