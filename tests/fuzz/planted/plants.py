"""What somebody may put in the place of a file or folder of ours, and what of it must not change."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

Entry = tuple[object, ...]
HUGE = 3 * 2**30


def make_outside(outside: Path) -> None:
    """A tree that no command may change; all may write to some of it, so that modes tempt."""
    for folder in ("folder", "empty"):
        (outside / folder).mkdir(parents=True)
        (outside / folder).chmod(0o777)
    for name, mode in (
        ("precious", 0o666),
        ("secret", 0o600),
        ("tool", 0o777),
        ("folder/inner", 0o666),
        ("folder/libcudart.so.12", 0o666),
        ("folder/.0123abcd.conda-cuda-tmp", 0o644),
        ("folder/toolkit.yaml", 0o644),
    ):
        (outside / name).write_text("precious\n")
        (outside / name).chmod(mode)


def look(folder: Path) -> dict[str, Entry]:
    """Every entry below a folder: kind, mode, owner, number of names, content or target."""
    found: dict[str, Entry] = {}
    todo, cut = [str(folder)], len(str(folder)) + 1
    while todo:
        for entry in os.scandir(todo.pop()):
            facts = entry.stat(follow_symlinks=False)
            what: object = None
            if stat.S_ISLNK(facts.st_mode):
                what = os.readlink(entry.path)
            elif stat.S_ISDIR(facts.st_mode):
                todo.append(entry.path)
            elif stat.S_ISREG(facts.st_mode):
                what = facts.st_mtime_ns if facts.st_size > 2**22 else _hash(entry.path)
            else:
                what = facts.st_rdev
            names = facts.st_nlink if what is not None else 0
            found[entry.path[cut:]] = (
                facts.st_mode, facts.st_uid, facts.st_gid, what, names
            )  # fmt: skip
    return found


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def changes(
    before: dict[str, Entry], after: dict[str, Entry], *, more_names: bool = False
) -> list[str]:
    """What differs. A name less is no change: one that lay in the environment may go.

    Args:
        before: as `look` has found it.
        after: the same later.
        more_names: whether a file may have more names than before.
    """
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        same = old is not None and new is not None and old[:-1] == new[:-1]
        if not (same and (more_names or new[-1] <= old[-1])):  # type: ignore[index, operator]
            found.append(f"{name}: {old} -> {new}")
    return found


def clear(place: Path) -> None:
    """Take away whatever is there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _put_away(place: Path, outside: Path) -> Path:
    """Move what is there out of the environment; where nothing is, something like it."""
    moved = outside / "moved"
    if os.path.lexists(place):
        os.rename(place, moved)
    else:
        moved.write_text("precious\n")
    return moved


def _copy_to_link(place: Path, outside: Path) -> None:
    place.symlink_to(_put_away(place, outside))


def _copy_to_hard_link(place: Path, outside: Path) -> None:
    moved = _put_away(place, outside)
    if moved.is_file() and not moved.is_symlink():
        os.link(moved, place)
    else:
        place.symlink_to(moved)


def _to(target: str) -> Callable[[Path, Path], None]:
    def plant(place: Path, outside: Path) -> None:
        clear(place)
        place.symlink_to(target.replace("OUTSIDE", str(outside)))

    return plant


def _hard(place: Path, outside: Path) -> None:
    clear(place)
    os.link(outside / "precious", place)


def _special(kind: int, device: int = 0) -> Callable[[Path, Path], None]:
    def plant(place: Path, outside: Path) -> None:
        clear(place)
        os.mknod(place, kind | 0o666, device)

    return plant


def _socket(place: Path, outside: Path) -> None:
    clear(place)
    here = os.getcwd()
    os.chdir(place.parent)
    try:
        # A path may be longer than a socket's.
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(place.name)
    finally:
        os.chdir(here)


def _file(data: bytes, size: int = 0) -> Callable[[Path, Path], None]:
    def plant(place: Path, outside: Path) -> None:
        clear(place)
        place.write_bytes(data)
        if size:
            os.truncate(place, size)

    return plant


def _folder(*names: str) -> Callable[[Path, Path], None]:
    def plant(place: Path, outside: Path) -> None:
        clear(place)
        place.mkdir()
        for name in names:
            (place / name).write_text("mine\n")

    return plant


def _mode(mode: int) -> Callable[[Path, Path], None]:
    def plant(place: Path, outside: Path) -> None:
        if not os.path.lexists(place):
            place.write_text("mine\n")
        if not place.is_symlink():
            place.chmod(mode)

    return plant


def _owner(place: Path, outside: Path) -> None:
    if not os.path.lexists(place):
        place.write_text("theirs\n")
    os.chown(place, 0, 0, follow_symlinks=False)
    if not place.is_symlink():
        place.chmod(0o755 if place.is_dir() else 0o644)


def _their_secret(place: Path, outside: Path) -> None:
    _owner(place, outside)
    if not place.is_symlink():
        place.chmod(0o700 if place.is_dir() else 0o600)


KINDS: dict[str, Callable[[Path, Path], None]] = {
    "link to a file outside": _to("OUTSIDE/precious"),
    "link to a folder outside": _to("OUTSIDE/folder"),
    "link to its copy outside": _copy_to_link,
    "link to nothing outside": _to("OUTSIDE/nothing"),
    "link to a file inside": _to("PREFIX/conda-meta/history"),
    "link to a folder inside": _to("PREFIX/share"),
    "link to nothing": _to("nothing-here"),
    "link to a loop": _to("./loop-a"),
    "link to itself": _to("SELF"),
    "hard link": _hard,
    "hard link to its copy": _copy_to_hard_link,
    "pipe": _special(stat.S_IFIFO),
    "socket": _socket,
    "device null": _special(stat.S_IFCHR, os.makedev(1, 3)),
    "device zero": _special(stat.S_IFCHR, os.makedev(1, 5)),
    "empty folder": _folder(),
    "folder": _folder("mine", "toolkit.yaml"),
    "file": _file(b"mine\n"),
    "empty": _file(b""),
    "huge": _file(b"#!/bin/sh\n", HUGE),
    "noise": _file(bytes(range(256)) * 4),
    "deep": _file(b"[" * 100_000),
    "absent": lambda place, outside: clear(place),
    "no rights": _mode(0),
    "read only": _mode(0o444),
    "open to all": _mode(0o777),
    "of root": _owner,
    "of root alone": _their_secret,
}
AS_OTHER = ("no rights", "read only", "of root", "of root alone")
"""What means nothing to root."""
NEEDS_ROOT = ("device null", "device zero", "of root", "of root alone")


def plant(kind: str, place: Path, prefix: Path, outside: Path) -> None:
    """Put something in a place; the folders above it are made where they are missing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind in ("link to a file inside", "link to a folder inside"):
        clear(place)
        place.symlink_to(prefix / ("share" if "folder" in kind else "conda-meta/history"))
    elif kind == "link to itself":
        clear(place)
        place.symlink_to(place.name)
    else:
        KINDS[kind](place, outside)


def give(place: Path, user: int) -> None:
    """Let what was planted belong to a user, with what lies in it."""
    inside = list(place.iterdir()) if place.is_dir() and not place.is_symlink() else []
    for path in (place, *inside):
        if os.path.lexists(path):
            os.chown(path, user, user, follow_symlinks=False)
