"""pip as the way to a Python package index, for what our own client leaves to it.

Index, mirrors, proxies, certificates, credentials, find-links and no-index are whatever pip is
configured to use: pip runs with the user's own configuration and environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..files import Inside
from ..platforms import Platform
from ..progress import Waiting
from .index.wheel import Wheel
from .pip_process import HashMismatchError as HashMismatchError
from .pip_process import PipError as PipError
from .pip_process import run


def resolve(requirements: Sequence[str], platform: Platform, *, offline: bool) -> list[Wheel]:
    """What an index would give for some requirements, without their own requirements.

    Raises:
        PipError: when there is no such file or the index cannot be reached.
        HashMismatchError: when the index hands out something else than it says.
    """
    words = [
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--report",
        "-",
        "--target",
        os.path.join(os.sep, "nonexistent"),
        *_common(platform, offline),
        *requirements,
    ]
    with Waiting("Looking up packages with pip"):
        output = run(words, offline=offline)
    try:
        report: dict[str, Any] = json.loads(output)
        return [_wheel(item) for item in report["install"]]
    except (ValueError, KeyError, TypeError) as error:
        raise PipError(f"pip gave no usable report: {error}.", unreachable=False) from error


def download(
    wheels: Iterable[Wheel],
    folder: Path,
    platform: Platform,
    *,
    offline: bool,
    progress: Callable[[int, int], None],
) -> list[Path]:
    """Download files and check their hashes.

    Args:
        wheels: what to download.
        folder: where to.
        platform: the platform the files are for.
        offline: use local folders only.
        progress: called with bytes done and bytes in all, of the file under way.

    Returns:
        The files, in the order of the wheels.

    Raises:
        PipError: when a file cannot be had.
        HashMismatchError: when a file is not the one the index promised.
    """
    wheels = list(wheels)
    lines = []
    for wheel in wheels:
        pin = f" --hash=sha256:{wheel.sha256}" if wheel.sha256 else ""
        lines.append(f"{wheel.name}=={wheel.version}{pin}\n")
    listing = folder / "requirements.txt"
    Inside(folder).write(listing, "".join(lines).encode())
    run(
        [
            "download",
            "--progress-bar",
            "raw",
            "--dest",
            str(folder),
            "--requirement",
            str(listing),
            *_common(platform, offline),
        ],
        progress=progress,
        scratch=folder,
        offline=offline,
    )
    Inside(folder).remove(listing)
    return [folder / wheel.filename for wheel in wheels]


def index_versions(name: str, *, offline: bool) -> list[str]:
    """Every version of a package that the index has, newest first.

    Raises:
        PipError: when the index cannot be asked or knows no such package.
    """
    words = ["index", "versions", name]
    with Waiting("Looking up releases with pip"):
        output = run([*words, "--no-index"] if offline else words, offline=offline)
    match = re.search(r"Available versions: (.*)", output)
    return [version.strip() for version in match[1].split(",")] if match else []


def _common(platform: Platform, offline: bool) -> list[str]:
    words = ["--no-deps", "--only-binary", ":all:", "--retries", "2"]
    for tag in platform.wheel_tags:
        words += ["--platform", tag]
    return [*words, "--no-index"] if offline else words


def _wheel(item: dict[str, Any]) -> Wheel:
    where = item["download_info"]
    archive = where.get("archive_info") or {}
    hashes = archive.get("hashes") or {}
    return Wheel(
        item["metadata"]["name"],
        item["metadata"]["version"],
        where["url"],
        hashes.get("sha256"),
        tuple(item["metadata"].get("requires_dist") or ()),
    )
