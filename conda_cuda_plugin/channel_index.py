"""The index of a conda channel: what lies in the folder of one platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import Inside
from .reading import read_json

INDEX = "repodata.json"
_SECTIONS = {"packages": ".tar.bz2", "packages.conda": ".conda"}
"""The sections of an index, by the ending of the names in them."""


def read_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of the index in a channel's folder for one platform, as `read_index` has them."""
    return read_index(folder / INDEX)


def read_index(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of an index by file name.

    Returns:
        The rows; empty when there is no index.

    Raises:
        ValueError: when what is there is no index.
        OSError: when it cannot be read.
    """
    try:
        content = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no index of a channel")
    rows: dict[str, dict[str, Any]] = {}
    for section in _SECTIONS:
        found = content.get(section, {})
        if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
            raise ValueError(f"{path} is no index of a channel")
        rows |= found
    return rows


def write_rows(files: Inside, folder: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the index of a channel's folder in one step; the same rows give the same bytes.

    Args:
        files: the way to change the channel.
        folder: the folder; its name is the platform's.
        rows: what repodata.json says of each package, by file name.
    """
    content: dict[str, Any] = {"info": {"subdir": folder.name}}
    for section, ending in _SECTIONS.items():
        content[section] = {name: rows[name] for name in sorted(rows) if name.endswith(ending)}
    content |= {"removed": [], "repodata_version": 1}
    files.write(folder / INDEX, json.dumps(content, indent=1).encode())
