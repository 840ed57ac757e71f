"""CUDA up to 11.8 on conda-forge: one package `cudatoolkit`, everything in `lib`, no compiler.

Names, dependencies and files: the channel pages of conda-forge/cudatoolkit and of
numba/cudatoolkit (8.0), and the file lists of the builds of conda-forge, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator

from .libraries import Compiler, Runtime
from .package import CondaPackage

LIBRARIES = {
    "8.0": ("libcublas.so.8.0", "libcufft.so.8.0", "libcurand.so.8.0", "libnvrtc.so.8.0"),
    "10.2.89": ("libcublas.so.10", "libcublasLt.so.10", "libcufft.so.10", "libnvrtc.so.10.2"),
    "11.8.0": ("libcublas.so.11", "libcublasLt.so.11", "libcufft.so.10", "libnvrtc.so.11.2"),
}
FULL_NAMES = {
    "8.0": "libcudart.so.8.0.61",
    "10.2.89": "libcudart.so.10.2.89",
    "11.8.0": "libcudart.so.11.8.89",
}
# It writes where conda says that the prefix is, as the real one does with the licence's address.
_POST_LINK = b"""\
#!/bin/bash
echo "By using the CUDA Toolkit packages, you accept NVIDIA's EULA" >> "$PREFIX/.messages.txt"
"""


def cudatoolkits(compiler: Compiler, runtimes: dict[str, Runtime]) -> Iterator[CondaPackage]:
    """`cudatoolkit` in the versions of LIBRARIES.

    Args:
        compiler: makes the libraries.
        runtimes: the CUDA runtime by the version of the package.
    """
    for version, sonames in LIBRARIES.items():
        runtime, full = runtimes[version], FULL_NAMES[version]
        files = {f"lib/{soname}": compiler.library(soname) for soname in sonames}
        files |= {
            f"lib/{full}": runtime.library,
            "lib/libcudadevrt.a": b"!<arch>\n",
            "lib/libdevice.10.bc": b"BC\xc0\xde",
            "lib/libnvvm.so.4": compiler.library("libnvvm.so.4"),
            "bin/.cudatoolkit-post-link.sh": _POST_LINK,
        }
        links = {f"lib/{runtime.soname}": full, "lib/libcudart.so": full}
        links |= {f"lib/{name.split('.so')[0]}.so": name for name in sonames}
        modern = version == "11.8.0"
        yield CondaPackage(
            "cudatoolkit",
            version,
            # OpenSSL and ncurses are no dependencies in reality; they come with newer parts.
            depends=(
                "libgcc-ng >=10.3.0",
                "libstdcxx-ng >=10.3.0",
                "openssl",
                "ncurses",
                "libzlib",
            ),
            constrains=(
                "__cuda >=11" if modern else f"__cuda >={'.'.join(version.split('.')[:2])}",
            ),
            files=files,
            links=links,
            old=not modern,
            build="12" if version != "8.0" else "3",
        )
