"""NVIDIA's installers by name and checksum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...data_files import read_data
from ...errors import CudaError
from ...reading import open_regular
from ...versions import CudaVersion, VersionRequest

# cuda_8.0.61_375.26_linux-run, cuda_10.0.130_410.48_linux, cuda_12.4.1_550.54.15_linux_sbsa.run,
# cuda_7.5.18_linux.run, cuda_6.5.14_linux_64.run; a browser adds (1) to a second copy.
_NAME = re.compile(
    r"cuda_(?P<version>\d+\.\d+\.\d+)(?:_\d+(?:\.\d+)+)?_linux"
    r"(?:_(?P<machine>sbsa|ppc64le|64))?(?: ?\(\d+\))?(?:[.-]run)?",
    re.ASCII,
)
_MACHINES = {None: "x86_64", "64": "x86_64", "sbsa": "aarch64", "ppc64le": "ppc64le"}
EXAMPLE = "cuda_10.2.89_440.33.01_linux.run"


class RunfileError(CudaError):
    """An installer that cannot be used.

    Args:
        file: its name.
        reason: why, as the end of a sentence.
    """

    def __init__(self, file: str, reason: str, *, hints: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"{file} cannot be used: {reason}.",
            hints=hints or ("Nothing was changed. Take the file from NVIDIA again.",),
            file=file,
        )


@dataclass(frozen=True)
class InstallerName:
    """What the name of an installer says."""

    version: CudaVersion
    machine: str
    """As in wheel tags: x86_64, aarch64, ppc64le."""

    @classmethod
    def parse(cls, name: str) -> InstallerName | None:
        """Read a file name; None when it is not one of NVIDIA's."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        return cls(CudaVersion.parse(match["version"]), _MACHINES[match["machine"]])


def published_sha256(name: str) -> str | None:
    """The SHA-256 of the installer that NVIDIA publishes under a name, where it is known."""
    plain = re.sub(r" ?\(\d+\)", "", name)
    found: str | None = read_data("runfiles.json")["sha256"].get(plain)
    return found


def published_name(sha256: str) -> str | None:
    """The name under which NVIDIA publishes the installer with this SHA-256."""
    rows: dict[str, str] = read_data("runfiles.json")["sha256"]
    return next((name for name, known in rows.items() if known == sha256), None)


def installer_for(wanted: VersionRequest, machine: str) -> str | None:
    """The name of the newest installer that NVIDIA publishes of what is wanted, if one is known."""
    found = [
        (said.version, name)
        for name in read_data("runfiles.json")["sha256"]
        if (said := InstallerName.parse(name))
        and said.machine == machine
        and wanted.matches(said.version)
    ]
    return max(found)[1] if found else None


def sha256_of(path: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> str:
    """The SHA-256 of a file.

    Args:
        path: the file.
        progress: called with bytes done and bytes in all.
    """
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with open_regular(path) as file:
        while block := file.read(2**20):
            digest.update(block)
            done += len(block)
            progress(done, total)
    return digest.hexdigest()
