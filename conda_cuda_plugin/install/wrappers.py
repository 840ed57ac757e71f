"""Wrappers in the environment's `bin` for the tools of the current toolkit.

PATH is never touched: conda computes it before hooks run, so what a hook adds leaks into the next
environment. A wrapper in `$CONDA_PREFIX/bin` rides on conda's own handling. It runs the tool
through the link `cuda`, so switching needs no new wrapper, and a tool that looks for its files
beside itself (nvcc and nvcc.profile) finds them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from ..environment import Environment
from ..errors import ForeignFileError
from ..files import write_atomically

_MARK = "# conda-cuda wrapper"
# `$0` is what the kernel was given: a path that leads here, perhaps through links.
FIND_HERE = """\
here=$0
while [ -h "$here" ]; do
    to=$(readlink "$here")
    case $to in
        /*) here=$to ;;
        *) here=${here%/*}/$to ;;
    esac
done
case $here in
    */*) here=${here%/*} ;;
    *) here=. ;;
esac"""
"""Lines of sh that set `here` to the folder that the script lies in; no process is started unless
a link leads to it."""
_TEXT = """\
#!/bin/sh
{mark}: runs {name} of the toolkit that this environment uses now.
{find_here}
tool=$here/../cuda/bin/{name}
if [ -x "$tool" ]; then
    exec "$tool" "$@"
fi
echo "{name}: the CUDA toolkit that this environment uses now has no {name}." >&2
echo "  conda cuda list shows the toolkits; conda cuda use switches." >&2
exit 127
"""


OWN_TOOLS = "cuda-bin"
"""A folder in the root of a toolkit made of channel packages, whose `bin` holds more than CUDA."""

_OWN_TEXT = """\
#!/bin/sh
# runs {name} of this toolkit, for `conda cuda run`
exec "${{0%/*}}/../bin/{name}" "$@"
"""


def write_own_tools(root: Path, names: Iterable[str]) -> None:
    """Make the folder that `conda cuda run` puts on PATH: CUDA's programs and no others.

    The packages that CUDA's packages need may bring an openssl or a python of their own, which
    must not get in front of the user's.
    """
    for name in names:
        write_atomically(root / OWN_TOOLS / name, _OWN_TEXT.format(name=name).encode(), mode=0o755)


def wrapper_text(name: str) -> bytes:
    """The wrapper of one tool."""
    return _TEXT.format(mark=_MARK, find_here=FIND_HERE, name=name).encode()


def is_wrapper(path: Path) -> bool:
    """Whether a file is a wrapper of ours."""
    try:
        with open(path, "rb") as file:
            return _MARK.encode() in file.read(200)
    except OSError:
        return False


def check_wrappers(environment: Environment, names: Iterable[str], *, adopted: bool) -> list[str]:
    """The tools that need a wrapper.

    Args:
        environment: the environment.
        names: the tools of the toolkit.
        adopted: whether the toolkit is made of the environment's own packages; what they put into
            `bin` is the tool itself and needs no wrapper.

    Raises:
        ForeignFileError: when something that is not ours stands where a wrapper has to go.
    """
    needed = []
    for name in names:
        path = environment.bin / name
        if os.path.lexists(path) and not is_wrapper(path):
            if adopted:
                continue
            raise ForeignFileError(
                path, owner=owner_of(environment, path), reason="a wrapper has to go there"
            )
        needed.append(name)
    return needed


def write_wrappers(environment: Environment, names: Iterable[str]) -> None:
    """Write the wrappers of some tools; those that are right stay as they are."""
    for name in names:
        write_atomically(environment.bin / name, wrapper_text(name), mode=0o755)


def remove_wrappers(
    environment: Environment, names: Iterable[str], keep: Iterable[str] = ()
) -> list[str]:
    """Take away wrappers of ours, but for some; what is no wrapper any more stays.

    Returns:
        The names of the wrappers that were removed.
    """
    removed = []
    for name in sorted(set(names) - set(keep)):
        path = environment.bin / name
        if os.path.basename(name) == name and not path.is_symlink() and is_wrapper(path):
            path.unlink()
            removed.append(name)
    if removed:
        # Made for the wrappers, when it holds nothing else.
        with contextlib.suppress(OSError):
            environment.bin.rmdir()
    return removed


def owner_of(environment: Environment, path: Path) -> str | None:
    """The package of the environment that a file belongs to."""
    import json

    name = path.relative_to(environment.prefix).as_posix()
    for record in sorted((environment.prefix / "conda-meta").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError):
            if name in json.loads(record.read_text(encoding="utf-8"))["files"]:
                return record.stem
    return None
