"""What CUDA's packages drag in: libraries that must never get onto a library path.

Each of them ends any program that loads it, so a test that starts bash, git or ssh notices.
"""

from __future__ import annotations

from collections.abc import Iterator

from .libraries import Compiler
from .package import CondaPackage

SONAMES = {
    "libstdcxx": ("15.1.0", "libstdc++.so.6"),
    "libgcc": ("15.1.0", "libgcc_s.so.1"),
    "libzlib": ("1.3.1", "libz.so.1"),
    "ncurses": ("6.5", "libtinfo.so.6"),
    "rdma-core": ("58.0", "libibverbs.so.1"),
}
LETHAL = (
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libz.so.1",
    "libtinfo.so.6",
    "libibverbs.so.1",
    "libcrypto.so.3",
    "libssl.so.3",
)
"""Every library of these packages."""


def foreign_packages(compiler: Compiler) -> Iterator[CondaPackage]:
    """The packages around CUDA's own on conda-forge, old names and new ones."""
    for name, (version, soname) in SONAMES.items():
        plain = soname.split(".so")[0] + ".so"
        yield CondaPackage(
            name,
            version,
            files={f"lib/{soname}": compiler.foreign(soname)},
            links={f"lib/{plain}": soname},
        )
    yield CondaPackage("libstdcxx-ng", "15.1.0", depends=("libstdcxx 15.1.0",))
    yield CondaPackage("libgcc-ng", "15.1.0", depends=("libgcc 15.1.0",))
    yield CondaPackage(
        "openssl",
        "3.5.4",
        depends=("libgcc",),
        files={
            "bin/openssl": b"#!/bin/sh\necho OpenSSL of the environment\n",
            "lib/libcrypto.so.3": compiler.foreign("libcrypto.so.3"),
            "lib/libssl.so.3": compiler.foreign("libssl.so.3"),
            "include/openssl/ssl.h": b"/* OpenSSL */\n",
        },
        links={"lib/libcrypto.so": "libcrypto.so.3", "lib/libssl.so": "libssl.so.3"},
    )
