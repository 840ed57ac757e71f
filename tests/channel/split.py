"""CUDA from 12.0 on at conda-forge: many packages, tied together by `cuda-version`.

Real files in `targets/<target>`, links to the libraries in `lib`, headers only in `targets`, tools
in `bin`, the compiler's inner parts in `nvvm`. Names, dependencies and layout: the feedstocks
cuda-version, cuda-cudart, cuda-nvcc, cuda-nvcc-impl, cuda-libraries, cuda-toolkit and cudnn, read
2026-11; versions of the parts: the metapackages cuda-toolkit of the same releases.
"""

from __future__ import annotations

from collections.abc import Iterator

from .libraries import Compiler, Runtime
from .package import CondaPackage
from .split_release import Release
from .split_runtime import RuntimeWriter

CUDA_VERSIONS = ("10.2", "11.8", "12.4", "12.9", "13.0")
TOOLS = ("nvcc", "ptxas", "fatbinary", "bin2c", "cudafe++", "nvlink")
"""The programs of cuda-nvcc-tools."""

_NVCC = """\
#!/bin/sh
here=$(dirname "$0")
cat "$here/nvcc.profile" >/dev/null || exit 3
test -f "$here/../nvvm/libdevice/libdevice.10.bc" || exit 4
echo "Cuda compilation tools, release {short}, V{nvcc}"
"""


def cuda_versions() -> Iterator[CondaPackage]:
    """`cuda-version`, which is empty and holds everything together."""
    for short in CUDA_VERSIONS:
        yield CondaPackage(
            "cuda-version",
            short,
            constrains=(f"__cuda >={short.partition('.')[0]}", f"cudatoolkit {short}|{short}.*"),
            noarch=True,
        )


def split_packages(
    release: Release, runtime: Runtime, compiler: Compiler, subdir: str, target: str
) -> Iterator[CondaPackage]:
    """Every package of one release.

    Args:
        release: the release.
        runtime: its CUDA runtime.
        compiler: makes the other libraries.
        subdir: conda's name of the platform.
        target: NVIDIA's name of it.
    """
    writer = _Writer(release, runtime, compiler, subdir, f"targets/{target}")
    yield from writer.cudart()
    for name, (version, sonames) in release.libraries.items():
        yield from writer.library(name, version, sonames)
    yield from writer.cupti()
    yield from writer.compiler_packages()
    yield from writer.tools()
    yield from writer.metapackages()


class _Writer(RuntimeWriter):
    """And what it is built with."""

    def compiler_packages(self) -> Iterator[CondaPackage]:
        """nvcc and all it calls."""
        version, sub, pin = self.release.nvcc, self.subdir, self.release.pin
        nvcc = _NVCC.format(short=self.release.short, nvcc=version).encode()
        tools = {f"bin/{name}": f"#!/bin/sh\necho {name} {version}\n".encode() for name in TOOLS}
        tools |= {
            "bin/nvcc": nvcc,
            "bin/nvcc.profile": b"TOP = $(_HERE_)/../$(_TARGET_DIR_)\n",
            "bin/crt/link.stub": b"// stub\n",
        }
        yield CondaPackage(
            "cuda-nvcc-tools",
            version,
            depends=(
                f"cuda-crt-tools {version}",
                f"cuda-nvvm-tools {version}",
                pin,
                "libgcc-ng >=12",
                "libstdcxx-ng >=12",
            ),
            constrains=(f"gcc_impl_{sub} >=6,<14",),
            files=tools,
        )
        yield CondaPackage("cuda-crt-tools", version, depends=(pin,))
        yield CondaPackage(
            f"cuda-crt-dev_{sub}",
            version,
            depends=(pin,),
            files={f"{self.root}/include/crt/host_defines.h": b"/* crt */\n"},
            noarch=True,
        )
        yield CondaPackage(
            "cuda-nvvm-tools",
            version,
            depends=(pin,),
            files={"nvvm/bin/cicc": f"#!/bin/sh\necho cicc {version}\n".encode()},
        )
        yield CondaPackage(
            "cuda-nvvm-impl",
            version,
            depends=(pin,),
            files={
                "nvvm/lib64/libnvvm.so.4.0.0": self.compiler.library("libnvvm.so.4"),
                "nvvm/libdevice/libdevice.10.bc": b"BC\xc0\xde",
            },
            links={"nvvm/lib64/libnvvm.so.4": "libnvvm.so.4.0.0"},
        )
        yield CondaPackage(
            f"cuda-nvcc-dev_{sub}",
            version,
            depends=(f"cuda-crt-dev_{sub} {version}", pin),
            files={f"{self.root}/include/fatbinary_section.h": b"/* nvcc */\n"},
            noarch=True,
        )
        yield CondaPackage(
            "cuda-nvcc-impl",
            version,
            depends=(
                "cuda-cudart-dev",
                f"cuda-nvcc-dev_{sub} {version}",
                f"cuda-nvcc-tools {version}",
                f"cuda-nvvm-impl {version}",
                pin,
            ),
        )
        yield CondaPackage(
            f"cuda-nvcc_{sub}",
            version,
            depends=(
                f"cuda-cudart-dev_{sub} {self.release.short}.*",
                f"cuda-driver-dev_{sub} {self.release.short}.*",
                f"cuda-nvcc-dev_{sub} {self.release.short}.*",
                f"cuda-nvcc-impl {self.release.short}.*",
                f"cuda-nvcc-tools {self.release.short}.*",
                pin,
            ),
            files={"etc/conda/activate.d/~cuda-nvcc_activate.sh": b"export NVCC_WAS_ACTIVATED=1\n"},
        )
        yield CondaPackage(
            "cuda-nvcc",
            version,
            depends=(f"cuda-nvcc_{sub} {version}", f"gcc_{sub}", f"gxx_{sub}", pin),
        )

    def tools(self) -> Iterator[CondaPackage]:
        """Programs beside the compiler; the debugger brings ncurses."""
        for name in ("cuda-cuobjdump", "cuda-nvdisasm", "cuda-nvprune"):
            program = name.removeprefix("cuda-")
            yield CondaPackage(
                name,
                self.release.cudart,
                depends=(self.release.pin, "libstdcxx-ng >=12"),
                files={f"bin/{program}": f"#!/bin/sh\necho {program}\n".encode()},
            )
        yield CondaPackage(
            "cuda-gdb",
            self.release.cudart,
            depends=(self.release.pin, "ncurses", "libzlib", "libstdcxx-ng >=12"),
            files={"bin/cuda-gdb": b"#!/bin/sh\necho cuda-gdb\n"},
        )
        stub = self.compiler.foreign("libnvidia-ml.so.1")
        yield CondaPackage(
            "cuda-nvml-dev",
            self.release.cudart,
            depends=(self.release.pin,),
            files={
                f"{self.root}/lib/stubs/libnvidia-ml.so": stub,
                f"{self.root}/include/nvml.h": b"/* NVML */\n",
            },
        )

    def metapackages(self) -> Iterator[CondaPackage]:
        """The packages that are nothing but a list; they carry the release's whole version."""
        release, short = self.release, self.release.short
        parts = {"cuda-cudart": release.cudart} | {
            name: version for name, (version, _) in release.libraries.items()
        }
        lists = {
            "cuda-libraries": [f"{name} {version}.*" for name, version in parts.items()],
            "cuda-libraries-dev": [
                *(f"{name}-dev {version}.*" for name, version in parts.items()),
                f"cuda-cccl_{self.subdir} {release.cudart}.*",
                f"cuda-driver-dev {release.cudart}.*",
            ],
            "cuda-compiler": [
                f"cuda-cuobjdump {short}.*",
                f"cuda-nvcc {release.nvcc}.*",
                f"cuda-nvprune {short}.*",
            ],
            "cuda-command-line-tools": [
                f"cuda-cupti-dev {release.cudart}.*",
                f"cuda-gdb {release.cudart}.*",
                f"cuda-nvdisasm {release.cudart}.*",
            ],
            "cuda-tools": [f"cuda-command-line-tools {release.version}.*"],
            "cuda-toolkit": [
                f"cuda-compiler {release.version}.*",
                f"cuda-libraries {release.version}.*",
                f"cuda-libraries-dev {release.version}.*",
                f"cuda-nvml-dev {release.cudart}.*",
                f"cuda-tools {release.version}.*",
            ],
            "cuda-runtime": [f"cuda-libraries {release.version}.*"],
        }
        for name, depends in lists.items():
            yield CondaPackage(name, release.version, depends=(*depends, release.pin), noarch=True)
