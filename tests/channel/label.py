"""NVIDIA's own channel: split packages since 11.3, in the classic folders `lib` and `include`.

Parts ask for `>=` their version only, so that just the label of a release, which holds nothing
else, gives that release. Source: the pages of the channel and of its labels, read 2024 and 2026.
"""

from __future__ import annotations

from collections.abc import Iterator

from .libraries import Compiler, Runtime
from .package import CondaPackage

_NVCC = """\
#!/bin/sh
cat "$(dirname "$0")/nvcc.profile" >/dev/null || exit 3
echo "Cuda compilation tools, release {short}, V{version}"
"""


def label_packages(compiler: Compiler, runtime: Runtime) -> Iterator[CondaPackage]:
    """What lies under the label cuda-11.8.0: the compiler too, which conda-forge has not."""
    version = "11.8.89"
    full, soname = f"libcudart.so.{version}", runtime.soname
    headers = {f"include/{name}": data for name, data in runtime.headers.items()}
    yield CondaPackage(
        "cuda-cudart",
        version,
        files={f"lib/{full}": runtime.library},
        links={f"lib/{soname}": full},
        old=True,
    )
    yield CondaPackage(
        "cuda-cudart-dev",
        version,
        depends=(f"cuda-cudart >={version}", f"cuda-cccl >={version}"),
        files={
            **headers,
            "lib/libcudart_static.a": b"!<arch>\n",
            "lib/stubs/libcuda.so": compiler.foreign("libcuda.so.1"),
        },
        links={"lib/libcudart.so": soname},
        old=True,
    )
    yield CondaPackage("cuda-cccl", version, files={"include/cub/cub.cuh": b"// CUB\n"}, old=True)
    yield CondaPackage(
        "libcublas",
        "11.11.3.6",
        files={"lib/libcublas.so.11": compiler.library("libcublas.so.11")},
        old=True,
    )
    yield CondaPackage(
        "cuda-nvrtc",
        version,
        files={"lib/libnvrtc.so.11.2": compiler.library("libnvrtc.so.11.2")},
        old=True,
    )
    yield from nvcc_packages("11.8", version)
    yield CondaPackage("cuda-compiler", "11.8.0", depends=(f"cuda-nvcc >={version}",), old=True)
    yield CondaPackage(
        "cuda-libraries",
        "11.8.0",
        depends=(
            f"cuda-cudart >={version}",
            f"cuda-nvrtc >={version}",
            "libcublas >=11.11.3.6",
        ),
        old=True,
    )
    yield CondaPackage(
        "cuda-libraries-dev",
        "11.8.0",
        depends=(f"cuda-cudart-dev >={version}", f"cuda-cccl >={version}"),
        old=True,
    )
    yield CondaPackage(
        "cuda-toolkit",
        "11.8.0",
        depends=(
            "cuda-compiler >=11.8.0",
            "cuda-libraries >=11.8.0",
            "cuda-libraries-dev >=11.8.0",
        ),
        old=True,
    )


def nvcc_packages(short: str, version: str) -> Iterator[CondaPackage]:
    """The compiler; a newer one on the same channel is what the label keeps out."""
    nvcc = _NVCC.format(short=short, version=version).encode()
    yield CondaPackage(
        "cuda-nvcc",
        version,
        files={
            "bin/nvcc": nvcc,
            "bin/ptxas": f"#!/bin/sh\necho ptxas {version}\n".encode(),
            "bin/nvcc.profile": b"TOP = $(_HERE_)/..\n",
            "nvvm/bin/cicc": b"#!/bin/sh\n",
            "nvvm/libdevice/libdevice.10.bc": b"BC\xc0\xde",
        },
        old=True,
    )
