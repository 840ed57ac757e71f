"""Everything that lies in a folder, for before and after."""

from __future__ import annotations

import os
from pathlib import Path


def tree(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """Each entry below a folder by its path: kind, permissions, content or target."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(where, name)
            mode = path.lstat().st_mode & 0o7777
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = ("link", 0, os.fsencode(os.readlink(path)))
            elif path.is_dir():
                found[key] = ("folder", mode, b"")
            else:
                found[key] = ("file", mode, path.read_bytes())
    return found


def names(folder: Path) -> set[str]:
    """The names of what lies directly in a folder; empty when there is no such folder."""
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def mentions(folder: Path, text: str) -> list[str]:
    """The files and links below a folder that hold a text."""
    wanted = os.fsencode(text)
    return sorted(path for path, (_, _, data) in tree(folder).items() if wanted in data)
