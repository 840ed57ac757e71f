"""Wrappers in the environment's `bin` for the tools of the current toolkit.

PATH is never touched: conda computes it before hooks run, so what a hook adds leaks into the next
environment. A wrapper in `$CONDA_PREFIX/bin` rides on conda's own handling. It runs the tool
through the link `cuda`, so switching needs no new wrapper, and a tool that looks for its files
beside itself (nvcc and nvcc.profile) finds them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..environment import Environment
from ..errors import ForeignFileError
from ..files import Inside
from ..hooks import HookStatus
from ..quoting import is_plain_name
from ..reading import read_bytes, read_json

_HEAD = "#!/bin/sh\n# conda-cuda wrapper sha256:{digest}\n"
_HEADER = re.compile(rb"#!/bin/sh\n# conda-cuda wrapper sha256:([0-9a-f]{64})\n")
"""With the hash of all that follows: it tells an older wrapper from an edited one."""
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
{find_here}
tool=$here/../cuda/bin/{name}
if [ -x "$tool" ]; then
    exec "$tool" "$@"
fi
echo "{name}: the CUDA toolkit that this environment uses now has no {name}." >&2
echo "  conda cuda list shows the toolkits; conda cuda use switches." >&2
exit 127
"""


_MOST = 2**16
OWN_TOOLS = "cuda-bin"
"""A folder in the root of a toolkit whose `bin` holds programs of others, too."""
REAL = ".real"
"""Ending of the names under which the files of nvcc's package lie beside ours."""

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
    files = Inside(root)
    for name in filter(is_plain_name, names):
        files.write(Path(OWN_TOOLS, name), _OWN_TEXT.format(name=name).encode(), mode=0o755)


def wrapper_text(name: str) -> bytes:
    """The wrapper of one tool.

    Raises:
        ValueError: when the name would not stand for itself in a script.
    """
    if not is_plain_name(name):
        raise ValueError(name)
    text = _TEXT.format(find_here=FIND_HERE, name=name).encode()
    return _HEAD.format(digest=hashlib.sha256(text).hexdigest()).encode() + text


def status(path: Path) -> HookStatus:
    """What stands at the place of a wrapper; the states are those of hooks."""
    if not os.path.lexists(path):
        return HookStatus.MISSING
    try:
        data = read_bytes(path, _MOST, links=False)
    except OSError:
        return HookStatus.FOREIGN
    if is_plain_name(path.name) and data == wrapper_text(path.name):
        return HookStatus.OK
    header = _HEADER.match(data)
    if header is None:
        return HookStatus.FOREIGN
    fits = hashlib.sha256(data[header.end() :]).hexdigest().encode() == header[1]
    return HookStatus.STALE if fits else HookStatus.EDITED


def is_wrapper(path: Path) -> bool:
    """Whether a file is a wrapper of ours, be it edited by somebody."""
    return status(path) not in (HookStatus.MISSING, HookStatus.FOREIGN)


def recorded_wrappers(environment: Environment, *, look: bool = False) -> list[str]:
    """The wrappers that were written.

    Args:
        environment: the environment.
        look: whether to look for them, and not only where the record is no good.
    """
    found, folder = environment.read_state(), environment.bin
    names = set(found.content.get("wrappers", ()))
    if look or found.problems:
        with contextlib.suppress(OSError):
            names |= {name for name in os.listdir(folder) if is_wrapper(folder / name)}
    return sorted(names)


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
    """Write the wrappers of some tools; those that are right stay as they are.

    One that somebody has edited makes room, under another name.
    """
    for name in names:
        if status(environment.bin / name) is HookStatus.EDITED:
            environment.kept.append(environment.files.put_aside(environment.bin / name))
        environment.files.write(environment.bin / name, wrapper_text(name), mode=0o755)


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
        if os.path.basename(name) != name or not is_wrapper(path):
            continue
        if status(path) is HookStatus.EDITED:
            environment.kept.append(environment.files.put_aside(path))
        else:
            environment.files.remove(path)
        removed.append(name)
    if removed:
        # Made for the wrappers, when it holds nothing else.
        environment.files.remove_folder(environment.bin)
    return removed


def owner_of(environment: Environment, path: Path) -> str | None:
    """The package of the environment that a file belongs to."""
    name = path.relative_to(environment.prefix).as_posix()
    for record in sorted((environment.prefix / "conda-meta").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if name in list(read_json(record)["files"]):
                return record.stem
    return None
