"""Unfinished work in an environment: what it is called, written down as long as it may be there.

Tidying up takes away what the record names, and nothing that merely looks like it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from .. import schema
from ..environment import LINK, STATE, Environment
from ..errors import ForeignFileError, LeftoverError
from ..reading import read_json

RECORD = STATE / "unfinished.json"
ASIDE = ".conda-cuda-"
"""How the names of folders begin that hold unfinished work, directly inside an environment."""
_SCHEMA = schema.items(schema.text(rf"{re.escape(ASIDE)}{LINK}(-\d{{1,3}}\.\d{{1,4}})?"), 10)
_OLD = ".old"


@contextlib.contextmanager
def aside(environment: Environment, place: Path) -> Iterator[Path]:
    """Another name for what shall have a place in the end, or had it; it is gone afterwards.

    Args:
        environment: the environment; its lock must be held.
        place: a toolkit root, or the link.

    Raises:
        ForeignFileError: when something that nobody has written down has the name.
    """
    path = environment.prefix / f"{ASIDE}{place.name}"
    if os.path.lexists(path):
        clean_up(environment)
    if os.path.lexists(path):
        raise ForeignFileError(path, reason="what is unfinished has to go there")
    environment.files.write(RECORD, json.dumps([path.name]).encode())
    try:
        yield path
    finally:
        discard(environment, path, place)
        environment.files.remove(RECORD)


def discard(environment: Environment, path: Path, place: Path) -> None:
    """Take away what is unfinished or was replaced; the user's files go to where they were.

    The environment says which are not there.

    Raises:
        LeftoverError: when something in it cannot be removed.
    """
    from .carry import carry

    carry(environment, path, place)
    try:
        environment.files.remove_tree(path)
    except OSError as error:
        raise LeftoverError(path, error) from error


def recorded(environment: Environment) -> list[Path]:
    """What the record names, as far as it is there, and the record itself."""
    record = environment.prefix / RECORD
    if not os.path.lexists(record):
        return []
    paths = [environment.prefix / f"{name}{end}" for name in _names(record) for end in ("", _OLD)]
    return [*(path for path in paths if os.path.lexists(path)), record]


def clean_up(environment: Environment) -> list[str]:
    """Take away what a killed command has left; the names of what was removed.

    What cannot be removed, since it belongs to somebody else, stays written down.
    """
    removed, stuck = [], False
    record = environment.prefix / RECORD
    for name in _names(record):
        place = environment.prefix / name.removeprefix(ASIDE)
        for path in (environment.prefix / name, environment.prefix / f"{name}{_OLD}"):
            if not os.path.lexists(path):
                continue
            if path.name.endswith(_OLD) and not os.path.lexists(place):
                # The moment between two renames, on systems that cannot exchange folders.
                environment.files.rename(path, place)
            else:
                try:
                    discard(environment, path, place)
                except LeftoverError:
                    stuck = True
                    continue
            removed.append(path.name)
    if not stuck:
        environment.files.remove_tree(RECORD)
    return removed


def _names(record: Path) -> list[str]:
    try:
        names, _ = schema.read(_SCHEMA, read_json(record, links=False))
    except (OSError, ValueError):
        return []
    return names or []
