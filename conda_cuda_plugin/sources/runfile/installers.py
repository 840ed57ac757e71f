"""NVIDIA's installers: by name and checksum, and the file that a user names."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ...data import read_data
from ...errors import CudaError
from ...quoting import typed
from ...system.reading import hash_of, open_regular
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


def address_of(name: str) -> str:
    """Where NVIDIA has the installer that it publishes under a name."""
    said = InstallerName.parse(name)
    assert said is not None
    folders: dict[str, str] = read_data("runfiles.json")["addresses"]
    folder = folders.get(str(said.version), folders["newer"])
    return folder.format(version=said.version) + name


@dataclass(frozen=True)
class Installer:
    """A file that the user named."""

    name: str
    version: CudaVersion
    machine: str
    sha256: str
    """What it has to hash to."""
    path: Path
    url: str | None = None
    published: bool = True
    """Whether it is one that NVIDIA publishes, as far as that is known."""


def find_installer(
    location: str, sha256: str | None, *, offline: bool = False, trusted: Collection[str] = ()
) -> Installer:
    """The installer that a user means.

    Args:
        sha256: what the user says that it hashes to.
        offline: whether a download is forbidden.
        trusted: what the installers hash to that were unpacked before.

    Raises:
        RunfileError: when there is none, when its name does not say what it is, or when nobody
            says what it has to hash to.
    """
    url = location if "://" in location else None
    path = Path(os.path.basename(location) if url else location)
    name = path.name
    if url is None:
        _check_file(path, known=bool(sha256 or published_sha256(name)))
    elif offline:
        raise RunfileError(
            name, "--offline forbids to download it", hints=("Name a file on this machine.",)
        )
    known = published_sha256(name)
    wanted = sha256 or known
    if wanted is None and url is None:
        found = hash_of(path)
        # It may be one of NVIDIA's files under another name.
        official = published_name(found)
        if official is None and found not in trusted:
            raise _unknown(path, found)
        name, wanted, known = official or name, found, official and found
    if wanted is None:
        raise RunfileError(
            name,
            "its checksum is not known, and an installer is a program that would be run",
            hints=(f"conda cuda use ... --from {typed(location)} --sha256 HASH",),
        )
    said = InstallerName.parse(name) or InstallerName.parse(published_name(wanted) or "")
    if said is None:
        raise RunfileError(
            name,
            "its name does not say which release it is",
            hints=(f"Give it the name that NVIDIA gave it, such as {EXAMPLE}.",),
        )
    other = known is not None and known != wanted
    return Installer(name, said.version, said.machine, wanted, path, url, not other)


def _check_file(path: Path, *, known: bool) -> None:
    """Refuse early what is no installer; a known one need not be there any more."""
    if not path.exists():
        if known and not os.path.lexists(path):
            return
        raise no_such_file(path)
    try:
        start = b""
        if path.is_file():
            with open_regular(path) as file:
                start = file.read(2)
    except OSError as error:
        raise RunfileError(
            path.name, f"it cannot be read ({error.strerror})", hints=("Copy it first.",)
        ) from error
    if start != b"#!":
        raise RunfileError(
            path.name,
            "it is not an installer of NVIDIA's, which are shell archives",
            hints=(f"Name the .run file, such as {EXAMPLE}.",),
        )


def no_such_file(path: Path) -> RunfileError:
    """The named file is not there."""
    return RunfileError(
        path.name, f"there is no file {path}", hints=("Name the .run file by its path.",)
    )


def _unknown(path: Path, found: str) -> RunfileError:
    return RunfileError(
        path.name,
        f"its SHA-256, {found}, is none of those that conda cuda knows, and an installer is a "
        "program that would be run",
        hints=(
            "Compare it with the checksum that NVIDIA publishes beside the installer (md5sum.txt "
            f"there: compare with md5sum {path.name}).",
            f"If it is the same, run the command again with --sha256 {found}",
        ),
    )
