"""Change some packages of a toolkit root; the others are neither fetched nor linked again.

The root is copied aside with hard links, conda's transaction changes the copy, and the copy takes
the root's place. So the root is whole at every moment, as with a new one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ..environment import FILES, TOOLKIT_FILE, read_toolkit
from ..errors import ForeignFileError
from ..packages.cache import linked_records
from ..packages.provenance import MADE_OF_FILE
from ..system.files import Inside
from ..system.reading import is_regular
from .contents import strangers
from .wrappers import LACKING, OWN_TOOLS, restore_nvcc

_META = "conda-meta"
_MADE_HERE = (
    FILES,
    "lib64",
    "extras",
    OWN_TOOLS,
    LACKING,
    "version.json",
    TOOLKIT_FILE,
    MADE_OF_FILE,
)
"""Entries of a root that are made anew from the packages, where no package owns them."""


def copy_what_stays(
    root: Path, aside: Path, records: Sequence[Any]
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Copy a root whose packages stay in part; without such packages there is no copy.

    Args:
        root: the root; it need not exist.
        aside: where the copy goes.
        records: the packages that the root has to hold.

    Returns:
        Those of the packages that have to be linked into the copy, and the records of those that
        have to be unlinked from it.
    """
    if not root.is_dir() or not (found := read_toolkit(root)).complete or found.adopted:
        return records, ()
    wanted = {_key_of(record): record for record in records}
    present = linked_records(root)
    kept = {
        _key_of(record)
        for record in present
        # The same name does not make it the same file.
        if (same := wanted.get(_key_of(record)))
        and len({record.get("sha256"), same.get("sha256")} - {None}) < 2
    }
    owned = {path for record in present for path in record.files or ()}
    if not kept or _leads_elsewhere(root, owned):
        return records, ()
    _copy(root, aside)
    restore_nvcc(aside)
    _forget_view(aside, owned)
    missing = [record for key, record in wanted.items() if key not in kept]
    return missing, [record for record in linked_records(aside) if _key_of(record) not in kept]


def _key_of(record: Any) -> tuple[str, str, str]:
    """What makes two package records the same package."""
    return record.name, record.version, record.build


def _leads_elsewhere(root: Path, owned: set[str]) -> bool:
    """Whether a link stands in the place of a folder: packages would be linked through it."""
    folders = {folder.as_posix() for path in owned for folder in PurePosixPath(path).parents}
    places = [root / name for name in {*folders, *strangers(root)}]
    return any(path.is_symlink() and os.path.isdir(path) for path in places)


def _copy(root: Path, aside: Path) -> None:
    try:
        shutil.copytree(root, aside, symlinks=True, copy_function=_link)
        # conda appends to the history in place; a linked one would be the old root's too.
        Inside(aside).remove_tree(Path(_META))
        shutil.copytree(root / _META, aside / _META, symlinks=True, copy_function=_copy_file)
        # Modes are copied with them, owners are not.
        for folder, _, _ in os.walk(root):
            Inside(aside.parent).set_facts(aside / os.path.relpath(folder, root), os.lstat(folder))
    except shutil.Error as error:
        # It holds the texts of the errors only: a list of source, target and text.
        number = re.search(r"\[Errno (\d+)\]", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(aside)) from error


def _link(source: str, target: str, *, follow_symlinks: bool = True) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        if os.path.islink(source):
            shutil.copy2(source, target, follow_symlinks=False)
        else:
            _copy_file(source, target)
    return target


def _copy_file(source: str, target: str) -> str:
    """Copy a file; a device or a pipe has no end."""
    if not is_regular(Path(source)):
        raise ForeignFileError(source, reason="it is not a file")
    return str(shutil.copy2(source, target, follow_symlinks=False))


def _forget_view(aside: Path, owned: set[str]) -> None:
    """Remove what is made from the packages, and the links that they do not hold."""
    files = Inside(aside)
    for name in _MADE_HERE:
        path = aside / name
        if path.is_symlink() or path.is_file():
            if name not in owned:
                files.remove(path)
        elif path.is_dir() and not any(one.startswith(f"{name}/") for one in owned):
            files.remove_tree(path)
    for folder in ("lib64", "include", "extras/CUPTI"):
        if (aside / folder).is_symlink() or not (aside / folder).is_dir():
            continue
        for entry in list(os.scandir(aside / folder)):
            if entry.is_symlink() and f"{folder}/{entry.name}" not in owned:
                files.remove(Path(entry.path))
