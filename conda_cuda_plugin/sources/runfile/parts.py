"""What of an installer's toolkit goes where, and into which package.

A toolkit of NVIDIA's is one tree, in `lib64` or `targets/x86_64-linux/lib`, whose files say by
their names what they belong to.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from ...convert.package import LICENSES, Member, Refused, check_members
from ...convert.unpacked import tree_members
from ...data import read_data
from ...quoting import quoted
from ...versions import CudaVersion

RELEASE, HEADERS, STATIC, TOOLS = "release", "headers", "static", "tools"
"""The parts that are no component: the licence and the release, and what only developers need."""
LICENSE = "EULA.txt"
_KEPT = ("bin", "nvvm", "nvml", "compute-sanitizer", "extras/Sanitizer", "share/gdb")
"""Folders that keep their place."""
_MOVED = {
    "lib64": "lib",
    "lib": "lib",
    "include": "include",
    "extras/CUPTI/lib64": "lib",
    "extras/CUPTI/include": "include",
}
"""Folders whose files go to the target's own; the classic view leads to them from all places."""
_TOP_FILES = {
    LICENSE: LICENSE,
    f"doc/{LICENSE}": LICENSE,
    f"cuda_documentation/{LICENSE}": LICENSE,
    "version.txt": "version.txt",
    "version.json": "version.json",
}
_NO_32_BIT = CudaVersion(7, 0)
"""Up to 6.5 `lib` held the 32-bit libraries beside `lib64`."""


@dataclass(frozen=True)
class Part:
    """One package that is made of an installer."""

    name: str
    files: tuple[str, ...]
    """Patterns of paths, in which `lib` and `include` stand for the target's."""
    since: CudaVersion | None
    """The first release that has it, for the plan; None: all of them."""
    machine: str | None

    def expected(self, version: CudaVersion, machine: str) -> bool:
        """Whether the installer of a release has it, as far as can be told before unpacking."""
        return (self.since is None or version >= self.since) and self.machine in (None, machine)


@dataclass(frozen=True)
class Tree:
    """An unpacked installer.

    Args:
        folders: what together is the toolkit's root, the better ones first.
        top: the folder that holds all of it.
        seen_as: what the installer called that folder.
    """

    folders: tuple[Path, ...]
    top: Path
    seen_as: str


@cache
def parts() -> dict[str, Part]:
    """Every part, in the order in which their patterns count (source: data/runfiles.json)."""
    return {
        row["part"]: Part(
            row["part"],
            tuple(row["files"]),
            CudaVersion.parse(row["since"]) if "since" in row else None,
            row.get("machine"),
        )
        for row in read_data("runfiles.json")["parts"]
    }


def part_of(path: str) -> str | None:
    """The part that a file belongs to; None when it is left out."""
    if any(fnmatchcase(path, pattern) for pattern in read_data("runfiles.json")["left_out"]):
        return None
    for part in parts().values():
        if any(fnmatchcase(path, pattern) for pattern in part.files):
            return part.name
    return None


def place(path: str, target: str, version: CudaVersion) -> str | None:
    """Where a file of the tree goes; None when it has no place in an environment.

    Args:
        path: below the root of the tree, with forward slashes.

    Returns:
        The path with `lib` and `include` for the target's folders.
    """
    if path in _TOP_FILES:
        return _TOP_FILES[path]
    path = path.removeprefix(f"targets/{target}/")
    if version < _NO_32_BIT and path.startswith("lib/"):
        return None
    for folder, moved in _MOVED.items():
        if path.startswith(f"{folder}/"):
            return f"{moved}/{path[len(folder) + 1 :]}"
    return path if path.startswith(tuple(f"{folder}/" for folder in _KEPT)) else None


def members_by_part(tree: Tree, target: str, version: CudaVersion) -> dict[str, list[Member]]:
    """The members of the packages that an unpacked installer becomes, by part.

    Raises:
        Refused: when a member would leave the package or is neither file nor link.
    """
    found: dict[str, _Found] = {}
    for folder in tree.folders:
        for new in _find(folder, target, version):
            known = found.setdefault(new.member.target, new)
            # Several links may lead to one file: the file itself counts.
            if known.member.link is not None and new.member.link is None:
                found[new.member.target] = new
    by_part: dict[str, list[Member]] = {}
    for member in check_members(_settle(found, tree, target, version)):
        part = part_of(_short(member.target, target))
        assert part is not None
        by_part.setdefault(part, []).append(member)
    if LICENSE in found:
        for members in by_part.values():
            members.append(replace(found[LICENSE].member, target=f"{LICENSES}{LICENSE}"))
    return {name: by_part[name] for name in parts() if name in by_part}


@dataclass(frozen=True)
class _Found:
    member: Member
    path: str
    """Below the folder it was found in."""
    folder: Path


def _find(folder: Path, target: str, version: CudaVersion) -> Iterator[_Found]:
    """The files of one folder that have a place."""
    last = ""

    def full(path: str) -> str | None:
        nonlocal last
        last = path
        short = place(path, target, version)
        return _full(short, target) if short is not None and part_of(short) else None

    for member in tree_members(folder, full):
        yield _Found(member, last, folder)


def _settle(
    found: dict[str, _Found], tree: Tree, target: str, version: CudaVersion
) -> Iterator[Member]:
    """The members, with links to where things are now; links to what is left out go with it."""
    folders = {above for name in found for above in _above(name)}
    for entry in found.values():
        member = entry.member
        if member.link is None:
            yield member
            continue
        link = member.link
        if link.startswith(f"{tree.seen_as}/"):
            # Absolute, as the installer saw it.
            link = f"{tree.top}{link[len(tree.seen_as) :]}"
        to = os.path.normpath(entry.folder / posixpath.dirname(entry.path) / link)
        if not to.startswith(f"{tree.top}/"):
            raise Refused(f"its link {quoted(member.target)} leads out of the package")
        for new in _candidates(to, tree, target, version):
            if new != member.target and (new in found or new in folders):
                link = os.path.relpath(new, posixpath.dirname(member.target))
                yield replace(member, link=link)
                break


def _candidates(to: str, tree: Tree, target: str, version: CudaVersion) -> Iterator[str]:
    """Where a file or folder of the unpacked installer may be in the packages."""
    for folder in tree.folders:
        if to.startswith(f"{folder}/"):
            path = to[len(f"{folder}/") :]
            # What lies in a folder says where the folder goes.
            for probe, end in ((path, ""), (f"{path}/x", "/x")):
                short = place(probe, target, version)
                if short is not None:
                    yield _full(short, target).removesuffix(end)


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _full(short: str, target: str) -> str:
    top = short.split("/", 1)[0]
    return f"targets/{target}/{short}" if top in ("lib", "include") else short


def _short(path: str, target: str) -> str:
    return path.removeprefix(f"targets/{target}/")
