"""What is written down in a package cache about the packages that were made here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import schema
from .channel_index import INDEX
from .others import is_open
from .reading import read_json

NAME = "conda-cuda"
"""Our folder in a package cache."""
RELEASES = "releases.json"
MADE_OF = "conda_cuda"
"""The key of a record that says which foreign file the package was made of."""
SEAL = "conda_cuda_seal"
"""The key of a record that says what the package was like when it was put there."""

_WORD = schema.text(r"[A-Za-z0-9_.+!~-]{1,200}")
_SPEC = schema.text(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,500}")
_ROW = schema.record(
    {
        **dict.fromkeys(("name", "version", "build", "subdir"), _WORD),
        **dict.fromkeys(("build_number", "size", "timestamp"), schema.number),
        **dict.fromkeys(("depends", "constrains"), schema.items(_SPEC)),
        **dict.fromkeys(("license", "license_family"), schema.text()),
        "md5": schema.text("[0-9a-f]{32}"),
        "sha256": schema.text("[0-9a-f]{64}"),
        SEAL: schema.text("[0-9a-f]{64}"),
        MADE_OF: schema.table(_WORD, schema.text()),
    },
    ("name", "version", "build", "build_number", "sha256"),
)
_SCHEMAS = {
    RELEASES: schema.table(schema.text(r"\d[\d.]{0,20}"), schema.items(_SPEC)),
    INDEX: schema.record({"packages.conda": schema.table(schema.NAME, _ROW)}),
}


def rows_in(folder: Path) -> dict[str, dict[str, Any]]:
    """What the index of a folder says of each package, as far as it can be used.

    Where others may write the index, no seal in it counts.
    """
    found, _ = read(folder / INDEX)
    rows: dict[str, dict[str, Any]] = found.get("packages.conda", {})
    if is_open(folder / INDEX):
        for row in rows.values():
            row.pop(SEAL, None)
    # Files and folders are looked for under these names.
    return {
        name: row
        for name, row in rows.items()
        if name == f"{row['name']}-{row['version']}-{row['build']}.conda"
    }


def broken_files(cache: Path) -> list[Path]:
    """What of the local channel in a package cache cannot be read in full."""
    try:
        names = sorted(os.listdir(cache / NAME))
    except OSError:
        # It is not there, or another user keeps it to himself.
        return []
    paths = [cache / NAME / RELEASES, *(cache / NAME / name / INDEX for name in names)]
    return [path for path in paths if read(path)[1]]


def read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What of one of these files can be used, and what is wrong with it."""
    try:
        content = read_json(path, links=False)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # What another user keeps to himself is not there.
        return {}, ()
    except (OSError, ValueError) as error:
        return {}, (str(error),)
    found, problems = schema.read(_SCHEMAS[path.name], content)
    return found or {}, problems
