"""Who else may change what programs and shells take from an environment: judged as ssh does.

A file, and every folder on the way to it, has to belong to the user or to root, and nobody else
may write there. A group that is the user's alone, as most systems give everybody one, is nobody
else. The sticky bit keeps others from replacing what they do not own, so a folder with it is only
open where everything that lies in it is taken.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .operating_system import HAS_MODES
from .reading import open_regular

EVERYONE = "every user of this machine"
_MOST_LINKS = 40


@dataclass(frozen=True)
class Exposed:
    """A file, link or folder that somebody else may change."""

    path: Path
    who: str
    """`every user of this machine`, `the group staff`, `the user eve`."""
    open_bits: int
    """The bits of its mode that let them; none where it is theirs."""
    owner: int
    """The uid of its owner."""

    @property
    def mendable(self) -> bool:
        """Whether its mode is all that is wrong, and its owner is who asks."""
        return bool(self.open_bits) and self.owner == os.geteuid()

    def __str__(self) -> str:
        return f"{self.who} may change what programs load: {self.path}"


def exposed_toolkit(folder: Path) -> list[Exposed]:
    """What others may change of a toolkit, or of a folder of libraries, wherever it lies.

    Its programs and libraries count, and what leads to them.
    """
    libraries = [folder, folder / "lib64", folder / "lib"]
    return _exposed(folder, libraries, _tools(folder))


def exposed_in_environment(prefix: Path, root: Path, *more: Path) -> list[Exposed]:
    """What others may change of a toolkit in an environment, and of what leads to it.

    Args:
        prefix: the environment.
        root: the toolkit's root.
        more: the link to it, where it is taken through one.
    """
    tools = _tools(root)
    # Those of the same name in front of them are our wrappers.
    wrappers = [prefix / "bin" / tool.name for tool in tools]
    return _exposed(prefix, [*more, root, root / "lib64"], [*tools, *wrappers])


def exposed_on_the_way(base: Path, paths: Iterable[Path], taken: Iterable[Path]) -> list[Exposed]:
    """What others may change of what decides to what some paths lead.

    Args:
        base: the folder that they lie below; nothing above it is looked at.
        paths: files, links and folders.
        taken: folders of which everything is taken, whatever it is called.

    Returns:
        Each place once, in the order of the way; empty where modes mean nothing, as on Windows.
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
    """Make no file or folder that every user may write, whatever the umask is."""
    before = os.umask(0o077)
    os.umask(before | stat.S_IWOTH)
    try:
        yield
    finally:
        os.umask(before)


def _exposed(base: Path, paths: list[Path], tools: list[Path]) -> list[Exposed]:
    """What others may change of some folders, the libraries in them, and tools."""
    libraries = []
    for folder in paths:
        with contextlib.suppress(OSError):
            libraries += [folder / name for name in sorted(os.listdir(folder)) if ".so" in name]
    folders = [path for path in paths if path.name in ("lib64", "lib")]
    return exposed_on_the_way(base, [*paths, *libraries, *tools], folders)


def _tools(root: Path) -> list[Path]:
    """The programs of a toolkit, after the folders that they lie in."""
    found = []
    for folder in (root / "bin", root / "nvvm" / "bin"):
        with contextlib.suppress(OSError):
            found += [folder, *(folder / name for name in sorted(os.listdir(folder)))]
    return found


def _follow(base: str, path: str, places: dict[str, None]) -> None:
    """Gather the entries that a path leads through, link by link."""
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
            # What lies elsewhere has its own way there, which is not the environment's.
            at = os.path.realpath(at)
            places.update(dict.fromkeys([os.path.dirname(at), at]))
        else:
            at = os.path.dirname(at)
            todo += target.split(os.sep)[::-1]


def _judge(path: str, *, whole: bool) -> Exposed | None:
    """Who else may change an entry.

    Args:
        path: the entry; of a link, only the owner counts.
        whole: whether it is a folder of which everything is taken.
    """
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    if not is_trusted(path):
        return Exposed(Path(path), f"the user {_user(facts.st_uid)}", 0, facts.st_uid)
    sticky = stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX
    if stat.S_ISLNK(facts.st_mode) or (sticky and not whole):
        return None
    bits = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if bits & stat.S_IWGRP and _is_private(facts.st_gid, facts.st_uid):
        bits &= ~stat.S_IWGRP
    if not bits:
        return None
    who = EVERYONE if bits & stat.S_IWOTH else f"the group {_group(facts.st_gid)}"
    return Exposed(Path(path), who, bits, facts.st_uid)


def is_open(path: Path) -> bool:
    """Whether somebody else may change a file; of its folder they may only take it away."""
    return HAS_MODES and _judge(str(path), whole=False) is not None


def is_trusted(path: str) -> bool:
    """Whether something belongs to root or to who asks, as far as that can be told."""
    uid = os.lstat(path).st_uid
    return not HAS_MODES or uid in (0, os.geteuid()) or _is_unmapped(uid)


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _is_private(gid: int, owner: int) -> bool:
    """Whether a group is root's, or holds nobody but the owner or who asks."""
    import grp

    if gid == 0:
        return True
    names = {_user(owner), _user(os.geteuid())}
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        # In a container neither may have a name; systems give both the same number.
        return str(gid) in names
    return group.gr_name in names and set(group.gr_mem) <= names


def _is_unmapped(uid: int) -> bool:
    """Whether it stands for owners that a user namespace does not show, root among them."""
    try:
        with open_regular("/proc/sys/kernel/overflowuid") as file:
            if int(file.read(20)) != uid:
                return False
        with open_regular("/proc/self/uid_map") as file:
            return file.read(100).split() != [b"0", b"0", b"4294967295"]
    except (OSError, ValueError):
        return False
