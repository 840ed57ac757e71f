"""pip as the way to a Python package index.

Index, mirrors, proxies, certificates, credentials, find-links and no-index are whatever pip is
configured to use: pip runs with the user's own configuration and environment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CudaError
from ..platforms import Platform

_UNREACHABLE = re.compile(
    r"Retrying \(|Could not fetch URL|connection broken|Connection refused|Network is unreachable"
    r"|Temporary failure in name resolution|Max retries exceeded|ProxyError|SSLError"
)
_MISMATCH = "DO NOT MATCH THE HASHES"
_NO_SPACE = "No space left on device"
_VERSIONS = re.compile(r"\(from versions: ([^)]*)\)")
_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)")

# A user may have set these for other purposes; they would change what the commands below mean.
_NEUTRAL = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_USER": "0",
    "PIP_REPORT": "",
    "PIP_LOG": "",
    "PYTHONIOENCODING": "utf-8",
}


class PipError(CudaError):
    """pip could not do what it was asked."""

    def __init__(self, message: str, *, unreachable: bool, versions: Sequence[str] = ()) -> None:
        super().__init__(message, hints=[])
        self.unreachable = unreachable
        self.versions = list(versions)


class HashMismatchError(CudaError):
    """A download is not the file that the index promised."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The downloaded file of {name} does not have the hash that the index gives for it, "
            "so it was thrown away and nothing was changed.",
            hints=[
                "Run the command again. If it happens again, the mirror or proxy in between "
                "alters or truncates files.",
            ],
            package=name,
        )


@dataclass(frozen=True)
class Wheel:
    """A file that an index offers."""

    name: str
    version: str
    url: str
    sha256: str | None
    requires: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """The last part of its address."""
        from urllib.parse import unquote, urlsplit

        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])


def resolve(requirements: Sequence[str], platform: Platform, *, offline: bool) -> list[Wheel]:
    """What an index would give for some requirements, without their own requirements.

    Raises:
        PipError: when there is no such file or the index cannot be reached.
        HashMismatchError: when the index hands out something else than it says.
    """
    output = _run(
        [
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
    )
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
    listing.write_text("".join(lines), encoding="utf-8")
    _run(
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
    )
    listing.unlink()
    return [folder / wheel.filename for wheel in wheels]


def index_versions(name: str, *, offline: bool) -> list[str]:
    """Every version of a package that the index has, newest first.

    Raises:
        PipError: when the index cannot be asked or knows no such package.
    """
    words = ["index", "versions", name]
    output = _run([*words, "--no-index"] if offline else words)
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


def _run(words: Sequence[str], progress: Callable[[int, int], None] | None = None) -> str:
    """Run pip; its standard output.

    Raises:
        PipError: when pip fails, with the gist of what it said.
    """
    command = [sys.executable, "-m", "pip", *words]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **_NEUTRAL},
    )
    try:
        output, errors = _communicate(process, progress)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode == 0:
        return output
    raise _error(errors)


def _communicate(
    process: subprocess.Popen[bytes], progress: Callable[[int, int], None] | None
) -> tuple[str, str]:
    if progress is None:
        output, errors = process.communicate()
        return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")
    import threading

    collected: list[bytes] = []
    stdout, stderr = process.stdout, process.stderr
    assert stdout is not None and stderr is not None
    # Both pipes are read at once: pip blocks when one of them is full.
    reader = threading.Thread(target=lambda: collected.append(stderr.read()))
    reader.start()
    for line in stdout:
        match = _PROGRESS.search(line)
        if match:
            progress(int(match[1]), int(match[2]))
    process.wait()
    reader.join()
    return "", b"".join(collected).decode("utf-8", "replace")


def _error(text: str) -> CudaError:
    if "No module named pip" in text:
        return CudaError(
            "The source pypi downloads with pip, which conda's base environment lacks.",
            hints=["conda install --name base pip"],
        )
    if _NO_SPACE in text:
        return CudaError(
            "The disk is full, so nothing was changed.",
            hints=["conda clean --all frees the package cache."],
        )
    if _MISMATCH in text:
        names = re.findall(r"^\s+(\S+)==\S+ from ", text, re.MULTILINE) or re.findall(
            r"^\s+(\S+) from ", text, re.MULTILINE
        )
        return HashMismatchError(names[0] if names else "a package")
    found = _VERSIONS.search(text)
    versions = [v.strip() for v in found[1].split(",")] if found else []
    versions = [version for version in versions if version and version != "none"]
    unreachable = not versions and bool(_UNREACHABLE.search(text))
    gist = [line for line in text.splitlines() if line.startswith("ERROR")]
    message = gist[0].removeprefix("ERROR: ") if gist else (text.strip().splitlines() or ["?"])[-1]
    return PipError(f"pip says: {message}", unreachable=unreachable, versions=versions)
