"""What a folder holds, to be compared with what it held before."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any


def listing(folder: Path) -> dict[str, str]:
    """Everything below a folder: kind, mode, and the content's hash or the link's target."""
    found = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                text = f"link {os.readlink(path)}"
            elif stat.S_ISDIR(mode):
                text = f"folder {stat.S_IMODE(mode):o}"
            else:
                text = (
                    f"file {stat.S_IMODE(mode):o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                )
            found[str(path.relative_to(folder))] = text
    return found


def records(prefix: Path) -> dict[str, Any]:
    """What the records of a toolkit's packages say; conda and we lay the text out differently."""
    return {
        str(path.relative_to(prefix)): json.loads(path.read_text())
        for path in prefix.glob("cuda-*/conda-meta/*.json")
    }


def leftovers(folder: Path) -> list[str]:
    """What unfinished work of ours is called, found anywhere below a folder."""
    return sorted(
        name
        for name in listing(folder)
        if "conda-cuda-tmp" in name or "/.conda-cuda-" in f"/{name}"
    )
