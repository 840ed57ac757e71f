"""Wrappers for a toolkit's tools, and the compiler that nvcc calls."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ..data import bound_tools
from ..environment import Environment
from ..errors import ForeignFileError
from ..hooks import HookStatus, status_of
from ..quoting import is_plain_name
from ..system.files import Inside
from ..system.reading import read_bytes, read_json

_HEAD = "#!/bin/sh\n# conda-cuda wrapper sha256:{digest}\n"
_HEADER = re.compile(rb"#!/bin/sh\n# conda-cuda wrapper sha256:(?P<digest>[0-9a-f]{64})\n")
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


OWN_TOOLS = "cuda-bin"
"""A folder in the root of a toolkit whose `bin` holds other programs, too."""
LACKING = "cuda-bin-lacking"
"""A folder in a root with the names of the tools that it lacks, each of which says so."""
_REFUSAL = ".lacking"
_REFUSAL_TEXT = """\
#!/bin/sh
# says what is missing, for `conda cuda run`
tool=${0##*/} root=${CUDA_HOME-} release=${CUDA_HOME##*/cuda-}
if [ -x "$root/bin/$tool" ]; then
    exec "$root/bin/$tool" "$@"
fi
echo "$tool: CUDA $release in this environment has no $tool." >&2
echo "  conda cuda run $release -- $tool says how to get it." >&2
exit 127
"""
"""What was added since it was written is found all the same."""
REAL = ".real"
"""Ending of the files of nvcc's package, which lie beside ours."""

_OWN_TEXT = """\
#!/bin/sh
# runs {name} of this toolkit, for `conda cuda run`
exec "${{0%/*}}/../bin/{name}" "$@"
"""


def write_own_tools(root: Path, names: Iterable[str]) -> None:
    """Make the folder that `conda cuda run` puts on PATH, with CUDA's programs only.

    The packages that CUDA's packages need may bring an openssl or a python of their own, which
    must not get in front of the user's.
    """
    files = Inside(root)
    for name in filter(is_plain_name, names):
        files.write(Path(OWN_TOOLS, name), _OWN_TEXT.format(name=name).encode(), mode=0o755)


def write_refusals(root: Path) -> None:
    """Make the folder that `conda cuda run` puts on PATH behind the tools of a root.

    What the toolkit lacks of CUDA's own programs would be found in another toolkit behind it.
    """
    files, folder = Inside(root), Path(LACKING)
    files.write(folder / _REFUSAL, _REFUSAL_TEXT.encode(), mode=0o755)
    for name in bound_tools():
        if not (root / "bin" / name).exists():
            files.link(folder / name, _REFUSAL)


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
    """The state of a wrapper, as that of a hook."""
    plain = is_plain_name(path.name)
    return status_of(path, lambda: wrapper_text(path.name) if plain else b"", _HEADER)


def is_wrapper(path: Path) -> bool:
    """Whether a file is a wrapper of ours, edited or not."""
    return status(path) not in (HookStatus.MISSING, HookStatus.FOREIGN)


def recorded_wrappers(environment: Environment, *, look: bool = False) -> list[str]:
    """The wrappers that were written.

    Args:
        environment: the environment.
        look: whether to search `bin` too, as is done when the record is broken.
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

    An edited one is kept under another name.
    """
    for name in names:
        if status(environment.bin / name) is HookStatus.EDITED:
            environment.kept.append(environment.files.put_aside(environment.bin / name))
        environment.files.write(environment.bin / name, wrapper_text(name), mode=0o755)


def remove_wrappers(
    environment: Environment, names: Iterable[str], keep: Iterable[str] = ()
) -> list[str]:
    """Remove wrappers of ours, but for some; what is not a wrapper any more stays.

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


# The packages have `TOP = $(_HERE_)/..` where the root's own `lib` is meant; conda-forge's have a
# folder below `targets` there, which holds nothing but CUDA.
_TOP_IS_ROOT = re.compile(r"^TOP\s*=\s*\$\(_HERE_\)/\.\.\s*$", re.MULTILINE)
_LOADER = re.compile(r"^(LD_LIBRARY_PATH\s*\+=\s*\$\(TOP\)/lib)(?=:|\s*$)", re.MULTILINE)
_MARK = "# conda-cuda: nvcc with the C++ compiler of this toolkit"
# Every way in which nvcc 11 to 13 can be told a compiler; the user's own choice counts. Of two
# -ccbin the last one does, so that one in a file of options is not overruled either.
_COMPILER_TEXT = """\
#!/bin/sh
{mark}, unless another one is chosen.
{find_here}
nvcc=$here/nvcc{real}
compiler=$here/{compiler}
chosen=${{NVCC_CCBIN-}}
case ${{NVCC_PREPEND_FLAGS-}}${{NVCC_APPEND_FLAGS-}} in
    *-ccbin* | *--compiler-bindir*) chosen=yes ;;
esac
for word do
    case $word in
        -ccbin | -ccbin=* | --compiler-bindir | --compiler-bindir=*) chosen=yes ;;
    esac
done
if [ -n "$chosen" ] || [ ! -x "$compiler" ]; then
    exec "$nvcc" "$@"
fi
exec "$nvcc" -ccbin "$compiler" "$@"
"""


def compiler_in(root: Path) -> Path | None:
    """conda's C++ compiler in a root: `bin/x86_64-conda-linux-gnu-c++`; None without one.

    The oldest packages call it `x86_64-conda_cos6-linux-gnu-c++`.
    """
    found = sorted((root / "bin").glob("*-conda*-linux-gnu-c++"))
    return next(
        (path for path in found if is_plain_name(path.name) and os.access(path, os.X_OK)), None
    )


def wrap_nvcc(root: Path) -> bool:
    """Let nvcc of a root call the compiler of the root, if it has both.

    The package's files are moved and not written to: the package cache holds them too. nvcc puts
    `lib` of its toolkit on the loader's path of all that it runs; the compiler's own libstdc++ is
    there now, so our profile says `lib64`.

    Returns:
        Whether it has both.
    """
    nvcc, compiler = root / "bin" / "nvcc", compiler_in(root)
    if compiler is None or not nvcc.is_file():
        return False
    restore_nvcc(root)
    profile = root / "bin" / "nvcc.profile"
    if profile.is_file():
        _put_aside(root, profile, _own_profile(read_bytes(profile, 2**20).decode()), mode=0o644)
    text = _COMPILER_TEXT.format(mark=_MARK, find_here=FIND_HERE, real=REAL, compiler=compiler.name)
    _put_aside(root, nvcc, text, mode=0o755)
    return True


def restore_nvcc(root: Path) -> None:
    """Put the files of nvcc's package back in their places."""
    for name in ("nvcc", "nvcc.profile"):
        path = root / "bin" / name
        if os.path.lexists(f"{path}{REAL}"):
            Inside(root).rename(Path(f"{path}{REAL}"), path)


def _own_profile(text: str) -> str:
    """The profile, changed so that what nvcc runs loads CUDA's libraries only."""
    return _LOADER.sub(r"\g<1>64", text) if _TOP_IS_ROOT.search(text) else text


def _put_aside(root: Path, path: Path, text: str, mode: int) -> None:
    files = Inside(root)
    files.rename(path, Path(f"{path}{REAL}"))
    files.write(path, text.encode(), mode=mode)
