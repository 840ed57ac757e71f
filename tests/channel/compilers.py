"""conda's C++ compilers as conda-forge has them, in several versions; each one really compiles.

The programs run this machine's own compiler, after they have noted in the file that the variable
COMPILER_RECORD names which of them was called. Names, dependencies and folders: the feedstocks
ctng-compilers, ctng-compiler-activation, binutils and linux-sysroot, as remembered; only the link <triple>-c++ was looked up.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from .package import CondaPackage

VERSIONS = ("11.4.0", "13.4.0", "14.3.0", "15.2.0")
"""Of the compilers on the test channel conda-forge."""
_PROGRAM = """\
#!/bin/sh
case $1 in -dumpfullversion | -dumpversion) echo {version}; exit ;; esac
if [ -n "$COMPILER_RECORD" ]; then
    echo "{name} {version}" >>"$COMPILER_RECORD"
fi
exec {real} "$@"
"""
_TOO_NEW = """\
#!/bin/sh
case $1 in -dumpfullversion | -dumpversion) echo 99.1.0; exit ;; esac
exec {real} -U__GNUC__ -D__GNUC__=99 "$@"
"""


def write_too_new(folder: Path) -> str:
    """A gcc and a g++ that say of themselves that they are 99, which no nvcc accepts.

    Returns:
        A PATH that finds them first.
    """
    for name in ("gcc", "g++"):
        (folder / name).write_text(_TOO_NEW.format(real=shutil.which(name)))
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def compiler_packages(subdir: str, versions: Sequence[str] = VERSIONS) -> Iterator[CondaPackage]:
    """The packages of some versions.

    Args:
        subdir: conda's name of the platform.
        versions: those of the compilers.
    """
    triple = {"linux-64": "x86_64", "linux-aarch64": "aarch64"}[subdir] + "-conda-linux-gnu"
    yield CondaPackage(
        f"kernel-headers_{subdir}",
        "4.18.0",
        files={f"{triple}/sysroot/usr/include/linux/limits.h": b"/* Linux */\n"},
        noarch=True,
    )
    yield CondaPackage(
        f"sysroot_{subdir}",
        "2.28",
        depends=(f"kernel-headers_{subdir} 4.18.0",),
        files={f"{triple}/sysroot/usr/include/features.h": b"/* glibc */\n"},
        noarch=True,
    )
    yield CondaPackage(
        f"binutils_impl_{subdir}",
        "2.45",
        depends=(f"sysroot_{subdir}",),
        files={
            f"bin/{triple}-ld": b'#!/bin/sh\nexec ld "$@"\n',
            f"{triple}/bin/ld": b'#!/bin/sh\nexec ld "$@"\n',
        },
    )
    for version in versions:
        yield from _one(subdir, triple, version)


def _one(subdir: str, triple: str, version: str) -> Iterator[CondaPackage]:
    major = version.partition(".")[0]
    for name, path in (
        ("libgcc-devel", f"lib/gcc/{triple}/{version}/libgcc.a"),
        ("libstdcxx-devel", f"lib/gcc/{triple}/{version}/include/c++/version"),
    ):
        yield CondaPackage(f"{name}_{subdir}", version, files={path: b"/* GNU */\n"}, noarch=True)
    yield CondaPackage("libsanitizer", version, files={f"lib/libasan.so.{major}": b"\x7fELF"})
    yield CondaPackage(
        f"gcc_impl_{subdir}",
        version,
        depends=(
            f"binutils_impl_{subdir} >=2.40",
            f"libgcc >={major}",
            f"libgcc-devel_{subdir} {version}",
            f"libsanitizer {version}",
            f"libstdcxx >={major}",
            f"sysroot_{subdir}",
        ),
        files=_programs(triple, ("gcc", "cc", "cpp"), version),
    )
    yield CondaPackage(
        f"gxx_impl_{subdir}",
        version,
        depends=(
            f"gcc_impl_{subdir} {version}",
            f"libstdcxx-devel_{subdir} {version}",
            f"sysroot_{subdir}",
        ),
        files=_programs(triple, ("g++", "c++"), version),
    )
    for name, needs in (("gcc", (f"binutils_impl_{subdir}",)), ("gxx", (f"gcc_{subdir}",))):
        activate = f"etc/conda/activate.d/activate-{name}_{subdir}.sh"
        yield CondaPackage(
            f"{name}_{subdir}",
            version,
            depends=(f"{name}_impl_{subdir} {version}", *(f"{need} *" for need in needs)),
            files={activate: f"export COMPILER_WAS_ACTIVATED={name}\n".encode()},
        )


def _programs(triple: str, names: Sequence[str], version: str) -> dict[str, bytes]:
    found = {}
    for name in names:
        real = shutil.which({"c++": "g++", "cc": "gcc"}.get(name, name))
        text = _PROGRAM.format(name=name, version=version, real=real)
        found[f"bin/{triple}-{name}"] = text.encode()
    return found
