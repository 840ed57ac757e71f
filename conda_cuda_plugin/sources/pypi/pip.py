"""pip, for what our own client leaves to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ...build.wheel import WheelError
from ...errors import FULL, CudaError
from ...network.connections import patience
from ...platforms import Platform
from ...system.files import Inside
from ...system.progress import Waiting
from .pip_answers import Problem, problem_of, without_mark
from .wheel import Wheel


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


_UNREACHABLE = re.compile(
    r"Retrying \(|Could not fetch URL|connection broken|Connection refused|Network is unreachable"
    r"|Temporary failure in name resolution|Max retries exceeded|ProxyError|SSLError"
)
_MISMATCH = "DO NOT MATCH THE HASHES"
_ERRNO = re.compile(r"\[Errno (\d+)\] ")
_VERSIONS = re.compile(r"\(from versions: ([^)]*)\)")
_MISSING = re.compile(r"No matching distribution found for (\S+)")
_INVALID = re.compile(r"located at (\S+) is invalid")
_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)")

# A user may have set these for other purposes; they would change what the commands below mean.
_NEUTRAL = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_USER": "0",
    "PIP_REPORT": "",
    "PIP_LOG": "",
    "PIP_PYTHON": "",
    "PIP_PREFIX": "",
    "PIP_ROOT": "",
    "PIP_CONSTRAINT": "",
    "PIP_REQUIRE_HASHES": "0",
    "PIP_PRE": "0",
    "PIP_QUIET": "0",
    "PIP_VERBOSE": "0",
    "PYTHONIOENCODING": "utf-8",
}
_SCREEN = ("COLUMNS", "LINES")
"""pip lays out its report for a screen of that size, and breaks where there is no such screen."""
_PROGRAM = Path(__file__).parents[2] / "network" / "pip_program.py"


class PipError(CudaError):
    """pip could not do what it was asked."""

    def __init__(
        self,
        message: str,
        *,
        unreachable: bool,
        versions: Sequence[str] = (),
        requirement: str | None = None,
        problem: Problem | None = None,
    ) -> None:
        super().__init__(message, hints=problem.hints if problem else ())
        self.unreachable = unreachable
        self.versions = list(versions)
        self.requirement = requirement
        """What the index has no file for, where that is what is wrong."""
        self.problem = problem
        """What it has answered, where that is what is wrong."""


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


def run(
    words: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
    scratch: Path | None = None,
    *,
    offline: bool = False,
) -> str:
    """Run pip; its standard output.

    Args:
        words: pip's command line.
        progress: called with bytes done and bytes in all.
        scratch: where pip may put what it is working on, so that nothing of it outlasts a killed
            command; the system's folder by default.
        offline: let it make no connection.

    Raises:
        PipError: when pip fails, with the gist of what it said.
        OSError: when a disk is full.
    """
    command = [sys.executable, str(_PROGRAM), str(patience()), str(int(offline)), *words]
    kept = {name: value for name, value in os.environ.items() if name not in _SCREEN}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**kept, **_NEUTRAL, **({"TMPDIR": str(scratch)} if scratch else {})},
    )
    try:
        output, errors = _communicate(process, progress)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode == 0:
        return output
    for number in map(int, _ERRNO.findall(errors)):
        if number in FULL:
            # The path beside it may be that of the file that was copied.
            place = scratch or os.environ.get("TMPDIR") or "/tmp"
            raise OSError(number, os.strerror(number), str(place))
    raise _error(errors, offline)


def _communicate(
    process: subprocess.Popen[bytes], progress: Callable[[int, int], None] | None
) -> tuple[str, str]:
    if progress is None:
        output, errors = process.communicate()
        return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")

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


def _error(text: str, offline: bool) -> CudaError:
    if re.search("No module named '?pip", text):
        return CudaError(
            "The source pypi downloads with pip, which conda's base environment lacks.",
            hints=["conda install --name base pip"],
        )
    if _MISMATCH in text:
        names = re.findall(r"^\s+(\S+)==\S+ from ", text, re.MULTILINE) or re.findall(
            r"^\s+(\S+) from ", text, re.MULTILINE
        )
        return HashMismatchError(names[0] if names else "a package")
    invalid = _INVALID.search(text)
    if invalid:
        return WheelError(Path(invalid[1]).name, "it is damaged")
    found = _VERSIONS.search(text)
    versions = [v.strip() for v in found[1].split(",")] if found else []
    versions = [version for version in versions if version and version != "none"]
    problem = None if versions else problem_of(text)
    text = without_mark(text)
    if problem and not offline:
        message = f"pip cannot get the wheels: {problem.sentence}."
        return PipError(message, unreachable=problem.unreachable, problem=problem)
    unreachable = not offline and not versions and bool(_UNREACHABLE.search(text))
    gist = [line for line in text.splitlines() if line.startswith("ERROR")]
    # Of an error that it has not foreseen pip says no more than that it is one.
    gist = [line for line in gist if line != "ERROR: Exception:"]
    message = gist[0].removeprefix("ERROR: ") if gist else (text.strip().splitlines() or ["?"])[-1]
    missing = None if unreachable else _MISSING.search(text)
    return PipError(
        f"pip says: {message}",
        unreachable=unreachable,
        versions=versions,
        requirement=missing[1] if missing else None,
    )
