"""Add-ons in a folder that no package record describes: read from headers and file names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from .addons import Addon, addons
from .reading import open_regular

_MOST = 2**20
"""Bytes; the largest of the headers (cudnn.h of 7.x) has a tenth of it."""


def addons_in(root: Path) -> dict[str, str]:
    """The add-ons in a toolkit that is laid out like /usr/local/cuda, with their versions.

    The version is the header's (`8.9.7`), else what the library's file name says (`9`).

    Args:
        root: the toolkit; it may be a folder of links.
    """
    found = {}
    for name, addon in addons().items():
        version = _from_library(root, addon)
        if version is not None:
            # A header without the library is what a removed installation leaves behind.
            found[name] = _from_headers(root, addon) or version
    return found


def _from_headers(root: Path, addon: Addon) -> str | None:
    for name in addon.headers:
        try:
            with open_regular(root / "include" / name) as file:
                text = file.read(_MOST).decode("utf-8", "replace")
        except OSError:
            continue
        matches = [
            re.search(rf"^\s*#\s*define\s+{macro}\s+(\d+)", text, re.MULTILINE | re.ASCII)
            for macro in addon.macros
        ]
        numbers = [match[1] for match in matches if match is not None]
        if len(numbers) == len(matches):
            return ".".join(numbers)
    return None


def _from_library(root: Path, addon: Addon) -> str | None:
    """The longest version among the names of a library and of what its links lead to."""
    versions = [
        match[1]
        for name in _file_names(root, addon.library)
        if (match := re.fullmatch(rf"{re.escape(addon.library)}\.(\d+(?:\.\d+)*)", name))
    ]
    return max(versions, key=len, default=None)


def _file_names(root: Path, beginning: str) -> Iterator[str]:
    for folder in ("lib64", "lib"):
        try:
            names = sorted(os.listdir(root / folder))
        except OSError:
            continue
        for name in names:
            if name.startswith(beginning) and (path := root / folder / name).exists():
                yield name
                yield os.path.basename(os.path.realpath(path))
