"""Who else may change what programs and shells take from an environment, judged as ssh does.

A file, and every folder on the way to it, has to belong to the user or to root, and nobody else may
write there. A group that the user is alone in does not count. The sticky bit keeps others from
replacing what they do not own, so a folder with it is open only if everything in it is taken.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .operating_system import HAS_MODES
from .reading import open_regular

if sys.platform != "win32":
    import grp
    import pwd

EVERYONE = "every user of this machine"
_MOST_LINKS = 40


@dataclass(frozen=True)
class Exposed:
    """A file, link or folder that somebody else may change."""

    path: Path
    who: str
    """`every user of this machine`, `the group staff`, `the user eve`."""
    open_bits: int
    """The bits of its mode that let them; 0 when they own it."""
    owner: int
    """The user id of its owner."""

    @property
    def mendable(self) -> bool:
        """Whether its owner, this user, only has to change its mode."""
        return bool(self.open_bits) and self.owner == os.geteuid()

    def __str__(self) -> str:
        return f"{self.who} may change what programs load: {self.path}"


def exposed_toolkit(folder: Path) -> list[Exposed]:
    """What others may change of the programs and libraries of a toolkit, or of a library folder."""
    return _exposed(folder, [folder, folder / "lib64", folder / "lib"], _tools(folder))


def exposed_in_environment(prefix: Path, root: Path, *more: Path) -> list[Exposed]:
    """What others may change of a toolkit in an environment, and of links that lead to it."""
    tools = _tools(root)
    # The wrappers have the same names.
    wrappers = [prefix / "bin" / tool.name for tool in tools]
    return _exposed(prefix, [*more, root, root / "lib64"], [*tools, *wrappers])


def exposed_on_the_way(base: Path, paths: Iterable[Path], taken: Iterable[Path]) -> list[Exposed]:
    """What others may change on the way from a folder to some paths, and at their ends.

    Args:
        base: the folder; nothing above it is looked at.
        paths: files, links and folders below it.
        taken: folders of which every file is used, whatever its name.

    Returns:
        Each place once, in the order of the way; none on Windows.
    """
    if not HAS_MODES:
        return []
    places: dict[str, None] = dict.fromkeys([str(base), os.path.realpath(base)])
    for path in paths:
        _follow(str(base), str(path), places)
    whole = {os.path.realpath(path) for path in taken}
    found = (_judge(place, whole=place in whole) for place in places)
    return [one for one in found if one is not None]


@contextlib.contextmanager
def closed_to_others() -> Iterator[None]:
    """Make new files and folders not writable for every user, whatever the umask is."""
    before = os.umask(0o077)
    os.umask(before | stat.S_IWOTH)
    try:
        yield
    finally:
        os.umask(before)


def _exposed(base: Path, paths: list[Path], tools: list[Path]) -> list[Exposed]:
    """What others may change of some folders, of the libraries in them, and of tools."""
    libraries = []
    for folder in paths:
        with contextlib.suppress(OSError):
            libraries += [folder / name for name in sorted(os.listdir(folder)) if ".so" in name]
    folders = [path for path in paths if path.name in ("lib64", "lib")]
    return exposed_on_the_way(base, [*paths, *libraries, *tools], folders)


def _tools(root: Path) -> list[Path]:
    """The folders of a toolkit's programs, each before the programs in it."""
    found = []
    for folder in (root / "bin", root / "nvvm" / "bin"):
        with contextlib.suppress(OSError):
            found += [folder, *(folder / name for name in sorted(os.listdir(folder)))]
    return found


def _follow(base: str, path: str, places: dict[str, None]) -> None:
    """Add the entries that a path leads through, link by link, to some places."""
    todo, at = os.path.relpath(path, base).split(os.sep)[::-1], base
    links = 0
    while todo and links < _MOST_LINKS:
        name = todo.pop()
        if name in ("", ".", ".."):
            at = os.path.dirname(at) if name == ".." else at
            continue
        at = os.path.join(at, name)
        places.setdefault(at)
        try:
            target = os.readlink(at)
        except OSError:
            continue
        links += 1
        if os.path.isabs(target):
            # The way there is not part of the environment.
            at = os.path.realpath(at)
            places.update(dict.fromkeys([os.path.dirname(at), at]))
        else:
            at = os.path.dirname(at)
            todo += target.split(os.sep)[::-1]


def _judge(path: str, *, whole: bool) -> Exposed | None:
    """Who else may change an entry, or a folder of which every file is used."""
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    if not is_trusted(path):
        return Exposed(Path(path), f"the user {_user(facts.st_uid)}", 0, facts.st_uid)
    sticky = stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX
    # Of a link only the owner counts.
    if stat.S_ISLNK(facts.st_mode) or (sticky and not whole):
        return None
    bits = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if bits & stat.S_IWGRP and _is_private(facts.st_gid, facts.st_uid):
        bits &= ~stat.S_IWGRP
    if not bits:
        return None
    group = str(facts.st_gid)
    with contextlib.suppress(KeyError):
        group = grp.getgrgid(facts.st_gid).gr_name
    who = EVERYONE if bits & stat.S_IWOTH else f"the group {group}"
    return Exposed(Path(path), who, bits, facts.st_uid)


def is_open(path: Path) -> bool:
    """Whether somebody else may change a file; its folder does not count."""
    return HAS_MODES and _judge(str(path), whole=False) is not None


def is_trusted(path: str) -> bool:
    """Whether the owner of a file is root or this user, as far as that can be told."""
    uid = os.lstat(path).st_uid
    return not HAS_MODES or uid in (0, os.geteuid()) or _is_unmapped(uid)


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _is_private(gid: int, owner: int) -> bool:
    """Whether a group is root's, or has no member but the owner and this user."""
    if gid == 0:
        return True
    names = {_user(owner), _user(os.geteuid())}
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        # In a container neither has a name, perhaps; systems give both the same number.
        return str(gid) in names
    return group.gr_name in names and set(group.gr_mem) <= names


def _is_unmapped(uid: int) -> bool:
    """Whether a user id stands for all owners that a user namespace does not show, as for root."""
    try:
        with open_regular("/proc/sys/kernel/overflowuid") as file:
            if int(file.read(20)) != uid:
                return False
        with open_regular("/proc/self/uid_map") as file:
            return file.read(100).split() != [b"0", b"0", b"4294967295"]
    except (OSError, ValueError):
        return False
