"""What every foreign archive becomes: members that are safe."""

from __future__ import annotations

import contextlib
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from ..errors import CudaError
from ..quoting import quoted

MOST_BYTES = 16 * 2**30
"""No archive of NVIDIA's unpacks to more: the largest installers stay below 10 GB."""
MOST_MEMBERS = 500_000
"""A whole toolkit has some 30 000 files."""
TOO_MUCH = "it would unpack to more than any real one"

_NO_NAME = re.compile(r"[\x00-\x1f\x7f:]")
"""What breaks lists of files, and names on Windows."""
_LONGEST_NAME, DEEPEST = 255, 64
"""Bytes that a file system takes in one name; parts of a path, of which NVIDIA's have 12."""
_CONDAS_OWN = ("info", "conda-meta")
"""Folders of a package and of a prefix in which conda keeps its own records."""
_CONDA_RUNS = re.compile(r"(?:.*/)?\.[^/]*-(?:pre|post)-(?:un)?link\.(?:sh|bat)|menu/.*", re.I)
"""Scripts that conda runs, and menus that it makes, when it links a package."""
LICENSES = "info/licenses/"

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    KeyError,
    ValueError,
    OverflowError,
)
"""What tarfile and zipfile raise on a file that is no proper archive."""

Progress = Callable[[int, int], None]
"""Is called with bytes done and bytes in all."""


class Refused(Exception):
    """Something in an archive must not be unpacked; the reason is the end of a sentence."""


class ArchiveError(CudaError):
    """A foreign archive that is damaged, or that must not be unpacked.

    Args:
        reason: why, as the end of a sentence.
    """

    hint = "Take the file from NVIDIA again; a mirror may hold a damaged one."

    def __init__(self, archive: str, reason: str) -> None:
        super().__init__(f"{archive} cannot be used: {reason}.", hints=[self.hint], file=archive)


@contextlib.contextmanager
def refusing(archive: str, error: Callable[[str, str], Exception]) -> Iterator[None]:
    """Say of which archive it is that something is wrong.

    Args:
        error: makes the error from the name and the reason.
    """
    try:
        yield
    except Refused as reason:
        raise error(archive, str(reason)) from reason
    except (*DAMAGE, OSError) as problem:
        # zipfile and tarfile raise an OSError without a number, and the system one with it.
        if getattr(problem, "errno", None) is not None:
            raise
        raise error(archive, f"it is damaged ({problem})") from problem


@dataclass(frozen=True)
class Member:
    """One file or link of a package."""

    target: str
    """The path in the package: relative, with forward slashes."""
    size: int
    """Bytes; 0 for links."""
    open: Callable[[], BinaryIO] | None
    """Opens the content; None for links."""
    link: str | None = None
    """Where a symbolic link leads to."""
    executable: bool | None = False
    """None where its first bytes tell."""
    sha256: str | None = None
    """What the content has to hash to, where somebody says so."""
    place: int = 0
    """Where it lies in an archive that is read from front to back."""


def check_members(members: Iterable[Member]) -> list[Member]:
    """All members, in the order of their targets; errors are those of `checked`."""
    return sorted(checked(members), key=lambda member: member.target)


def checked(members: Iterable[Member]) -> Iterator[Member]:
    """Refuse what would leave its place, pose as something else or fill the disk.

    Returns:
        Each file as soon as nothing is wrong with it and those before it; links when all is known.

    Raises:
        Refused: with the first reason found.
    """
    seen: dict[str, Member] = {}
    folders: set[str] = set()
    links: list[Member] = []
    total = 0
    for member in members:
        reason = _wrong_name(member.target)
        if reason:
            raise Refused(f"its member {quoted(member.target)} {reason}")
        total += member.size
        if total > MOST_BYTES or member.size < 0 or len(seen) >= MOST_MEMBERS:
            raise Refused(TOO_MUCH)
        key = member.target.lower()
        before = seen.setdefault(key, member)
        if before is not member:
            both = f"{quoted(before.target)} and {quoted(member.target)}"
            raise Refused(f"its members {both} are the same file")
        above = [str(parent) for parent in PurePosixPath(key).parents]
        two = next((name for name in above if name in seen), key if key in folders else None)
        if two is not None:
            raise Refused(f"its member {quoted(seen[two].target)} is a file and a folder")
        folders.update(above)
        if member.link is None:
            yield member
        else:
            links.append(member)
            _check_links([member], seen)
    # Now it is known what else they could pass through.
    _check_links(links, seen)
    yield from links


def _check_links(links: Iterable[Member], seen: Mapping[str, Member]) -> None:
    for member in links:
        if reason := _wrong_link(member, seen):
            raise Refused(f"its link {quoted(member.target)} {reason}")


def _wrong_name(target: str) -> str | None:
    path = PurePosixPath(target)
    if path.is_absolute() or ".." in path.parts or "\\" in target:
        return "would leave its place"
    if str(path) != target or target == "." or _NO_NAME.search(target):
        return "has no proper name"
    try:
        longest = max(len(part.encode()) for part in path.parts)
    except UnicodeEncodeError:
        return "has no proper name"
    if longest > _LONGEST_NAME or len(path.parts) > DEEPEST:
        return "has no proper name"
    own = path.parts[0].lower() in _CONDAS_OWN and not target.startswith(LICENSES)
    if own or _CONDA_RUNS.fullmatch(target):
        return "would pose as conda's own"
    return None


def _wrong_link(member: Member, members: Mapping[str, Member]) -> str | None:
    """What is wrong with a link: it may lead to whatever lies in the package, step by step."""
    link = member.link or ""
    if not link or link.startswith("/") or "\\" in link or _NO_NAME.search(link):
        return "leads out of the package"
    if member.target.startswith(LICENSES):
        return "is not a regular file"
    at = list(PurePosixPath(member.target).parent.parts)
    parts = [part for part in link.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts, 1):
        if part == "..":
            if not at:
                return "leads out of the package"
            at.pop()
        else:
            at.append(part)
            passed = members.get("/".join(at).lower())
            if passed is not None and passed.link is not None and number < len(parts):
                return "passes through another link"
    return None
