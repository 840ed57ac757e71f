"""The text of the hooks: made from the templates in ``activate.d`` and ``deactivate.d``.

A template is a script with three kinds of marks:

* ``<<text>>``, in one line or as two lines around others, repeats the text for each variable, with
  ``NAME`` and ``KEY`` filled in.
* ``[[`` and ``]]``, around lines, repeat them for the levels of conda that are most frequent, with
  ``LEVEL`` filled in.
* ``== word`` and ``==``, around lines of an activate template, give those lines a name. ``== word
  ==`` in the deactivate template of the same shell stands for them.

The result is constant: what differs between environments is read from ``$CONDA_PREFIX`` by the
hook.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .shells import ROOT_VARIABLES, Direction, Shell

FORMAT_VERSION = 1
"""Raised when the state that the hooks keep in the environment changes its meaning."""

_RESTORED = ROOT_VARIABLES | {"XLA_FLAGS": "XF"}

HEADER = re.compile(rb"(?:# |@REM )conda-cuda hook \d+ sha256:(?P<digest>[0-9a-f]{64})\r?\n")
_REPEATED = re.compile(r"^<<\n(.*?)^>>\n|<<([^\n]*?)>>", re.MULTILINE | re.DOTALL)
_LEVELS = re.compile(r"^\[\[\n(.*?)^\]\]\n", re.MULTILINE | re.DOTALL)
_SHARED = re.compile(r"^== (\w+)\n(.*?)^==\n", re.MULTILINE | re.DOTALL)
_USE = re.compile(r"^== (\w+) ==\n", re.MULTILINE)


@cache
def render(shell: Shell, direction: Direction) -> bytes:
    """The hook that this version writes: a header line, then the body of the template.

    The header replaces the first line of the template. Its hash lets a later version tell an
    older hook from an edited one.
    """
    variables = ROOT_VARIABLES if direction is Direction.ACTIVATE else _RESTORED
    body = fill_in(_read(shell, direction), _read(shell, Direction.ACTIVATE), variables)
    data = body.replace("\n", shell.newline).encode()
    digest = hashlib.sha256(data).hexdigest()
    header = f"{shell.comment}conda-cuda hook {FORMAT_VERSION} sha256:{digest}{shell.newline}"
    return header.encode() + data


def fill_in(template: str, activate: str, variables: Mapping[str, str]) -> str:
    """Replace the marks of a template.

    Args:
        template: The text.
        activate: The activate template of the same shell, which has the named lines.
        variables: What marked text is repeated for: names and keys.
    """
    shared = dict(_SHARED.findall(activate))
    text = _USE.sub(lambda match: shared[match[1]], _SHARED.sub(r"\2", template))

    def repeat(match: re.Match[str]) -> str:
        one = match[1] or match[2]
        return "".join(one.replace("NAME", n).replace("KEY", k) for n, k in variables.items())

    text = _LEVELS.sub(lambda match: "".join(match[1].replace("LEVEL", n) for n in "12"), text)
    return _REPEATED.sub(repeat, text)


def is_unedited(data: bytes, header: re.Pattern[bytes] = HEADER) -> bool | None:
    """Whether a file of ours, of any version, still has the body that its header has the hash of.

    None where it does not begin with such a header.
    """
    found = header.match(data)
    if found is None:
        return None
    return hashlib.sha256(data[found.end() :]).hexdigest().encode() == found["digest"]


def template_path(shell: Shell, direction: Direction) -> Path:
    """The template of a hook: inside the installed package, or at the root of the repository.

    Raises:
        FileNotFoundError: The installation lacks its templates.
    """
    package = Path(__file__).parent.parent
    for root in (package, package.parent):
        path = root / direction.value / shell.filename
        if path.is_file():
            return path
    raise FileNotFoundError(f"hook template {direction.value}/{shell.filename}")


def _read(shell: Shell, direction: Direction) -> str:
    """The template of a hook, without its first line."""
    text = template_path(shell, direction).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n").partition("\n")[2]
