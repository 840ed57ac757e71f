"""What of a root that goes is the user's: it moves to where it was, or as near as can be."""

from __future__ import annotations

import os
from pathlib import Path

from ..descent import kept_name
from ..environment import Environment
from ..errors import ForeignFileError, LeftoverError
from ..system import is_link
from .contents import edited, is_same, strangers


def carry(environment: Environment, old: Path, new: Path) -> None:
    """Move the user's files from a root that goes to where it was, or to the one in its place.

    Where something of ours has the place, and where he has edited ours, they get another name: the
    environment says which.

    Raises:
        LeftoverError: when something can be moved nowhere.
    """
    if is_link(old):
        return
    if new == environment.link:
        new = environment.prefix / (environment.current_name() or new.name)
    folders: dict[Path, Path] = {}
    changed = edited(old)
    for name in dict.fromkeys((*strangers(old), *changed)):
        source, place = old / name, new / name
        if is_same(source, place):
            continue
        try:
            target = _folder(environment, folders, source.parent, old, new) / source.name
            if name in changed or os.path.lexists(target):
                target = kept_name(target)
            environment.files.rename(source, target)
        except (OSError, ForeignFileError):
            target = _anywhere(environment, source, new)
        if target != place:
            environment.kept.append(target)


def _folder(
    environment: Environment, folders: dict[Path, Path], source: Path, old: Path, new: Path
) -> Path:
    """The folder in the place of one in the old root, as open as that; all made as needed."""
    if source not in folders:
        target = new
        if source != old:
            target = _folder(environment, folders, source.parent, old, new) / source.name
        if os.path.lexists(target) and (is_link(target) or not target.is_dir()):
            target = kept_name(target)
        if not target.exists():
            environment.files.make_folder(target)
            environment.files.set_facts(target, source.lstat())
        folders[source] = target
    return folders[source]


def _anywhere(environment: Environment, source: Path, new: Path) -> Path:
    try:
        target = kept_name(new / source.name)
        environment.files.rename(source, target)
    except (OSError, ForeignFileError):
        target = kept_name(environment.prefix / source.name)
        try:
            environment.files.rename(source, target)
        except OSError as error:
            raise LeftoverError(source, error) from error
    return target
