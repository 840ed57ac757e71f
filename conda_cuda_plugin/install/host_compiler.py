"""nvcc of a toolkit root calls the C++ compiler that lies in the root.

nvcc takes the first gcc on PATH. It can be told another one, but not for good: `compiler-bindir` in
nvcc.profile is read after nvcc has asked the gcc on PATH for its version (nvcc 13.0), and a
variable would concern every nvcc. So a script takes nvcc's place. It is what `$CUDA_HOME/bin/nvcc`
is for CMake and PyTorch, and what the wrapper in the environment's `bin` runs.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..files import Inside
from ..quoting import is_plain_name
from ..reading import read_bytes
from .wrappers import FIND_HERE, REAL

# The packages have `TOP = $(_HERE_)/..` where the root's own `lib` is meant; conda-forge's have a
# folder below `targets` there, which holds nothing but CUDA.
_TOP_IS_ROOT = re.compile(r"^TOP\s*=\s*\$\(_HERE_\)/\.\.\s*$", re.MULTILINE)
_LOADER = re.compile(r"^(LD_LIBRARY_PATH\s*\+=\s*\$\(TOP\)/lib)(?=:|\s*$)", re.MULTILINE)
_MARK = "# conda-cuda: nvcc with the C++ compiler of this toolkit"
# Every way in which nvcc 11 to 13 can be told a compiler; the user's own choice counts. Of two
# -ccbin the last one does, so that one in a file of options is not overruled either.
_TEXT = """\
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


def lead_nvcc(root: Path) -> bool:
    """Let nvcc of a root call the compiler of the root, when it has both.

    The package's files are moved and not written to: the package cache holds them too. nvcc puts
    `lib` of its toolkit on the loader's path of all that it runs; the compiler's own libstdc++ is
    there now, so our profile says `lib64`.

    Returns:
        Whether it does now.
    """
    nvcc, compiler = root / "bin" / "nvcc", compiler_in(root)
    if compiler is None or not nvcc.is_file():
        return False
    release_nvcc(root)
    profile = root / "bin" / "nvcc.profile"
    if profile.is_file():
        _put_aside(root, profile, _own_profile(read_bytes(profile, 2**20).decode()), mode=0o644)
    text = _TEXT.format(mark=_MARK, find_here=FIND_HERE, real=REAL, compiler=compiler.name)
    _put_aside(root, nvcc, text, mode=0o755)
    return True


def release_nvcc(root: Path) -> None:
    """Put the files of nvcc's package back in their places."""
    for name in ("nvcc", "nvcc.profile"):
        path = root / "bin" / name
        if os.path.lexists(f"{path}{REAL}"):
            Inside(root).rename(Path(f"{path}{REAL}"), path)


def _own_profile(text: str) -> str:
    """The profile, with which what nvcc runs loads CUDA's libraries and not the compiler's too."""
    return _LOADER.sub(r"\g<1>64", text) if _TOP_IS_ROOT.search(text) else text


def _put_aside(root: Path, path: Path, text: str, mode: int) -> None:
    files = Inside(root)
    files.rename(path, Path(f"{path}{REAL}"))
    files.write(path, text.encode(), mode=mode)
