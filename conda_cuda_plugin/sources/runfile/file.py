"""The installer that a user names: which file it is, and whether it may be run."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ...quoting import typed
from ...reading import open_regular
from ...versions import CudaVersion
from .names import (
    EXAMPLE,
    InstallerName,
    RunfileError,
    published_name,
    published_sha256,
    sha256_of,
)


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
        location: a path or an address.
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
        found = sha256_of(path)
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
            "it is no installer of NVIDIA's, which are shell archives",
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
