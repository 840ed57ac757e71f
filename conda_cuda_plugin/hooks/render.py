"""From a template to the bytes of a hook, and what a hook's header says about it."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from .shells import Direction, Shell

FORMAT_VERSION = 1
"""Raised when the state that the hooks keep in the environment changes its meaning."""

_HEADER = re.compile(rb"(?:# |@REM )conda-cuda hook (\d+) sha256:([0-9a-f]{64})\r?\n")


def template_path(shell: Shell, direction: Direction) -> Path:
    """The template of one hook: inside the installed package, or at the repository's root.

    Raises:
        FileNotFoundError: The installation lacks its templates.
    """
    package = Path(__file__).parent.parent
    for root in (package, package.parent):
        path = root / direction.value / shell.filename
        if path.is_file():
            return path
    raise FileNotFoundError(f"hook template {direction.value}/{shell.filename}")


@cache
def render(shell: Shell, direction: Direction) -> bytes:
    """The hook as it is written today: a header line, then the template's body.

    The header replaces the template's first line. It carries the format version and the hash of
    all that follows, so that a later version can tell an older hook from an edited one.
    """
    text = template_path(shell, direction).read_text(encoding="utf-8")
    _, _, body = text.replace("\r\n", "\n").partition("\n")
    data = body.replace("\n", shell.newline).encode()
    digest = hashlib.sha256(data).hexdigest()
    header = f"{shell.comment}conda-cuda hook {FORMAT_VERSION} sha256:{digest}{shell.newline}"
    return header.encode() + data


def is_ours(data: bytes) -> bool:
    """Whether a file's content begins with a header of ours."""
    return _HEADER.match(data) is not None


def is_unedited(data: bytes) -> bool:
    """Whether a hook of ours, of whatever version, still has the body it was written with."""
    header = _HEADER.match(data)
    if header is None:
        return False
    return hashlib.sha256(data[header.end() :]).hexdigest().encode() == header.group(2)
