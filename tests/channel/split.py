"""CUDA from 12.0 on at conda-forge: many packages, tied together by `cuda-version`.

Real files in `targets/<target>`, links to the libraries in `lib`, headers only in `targets`, tools
in `bin`, the compiler's inner parts in `nvvm`. Names, dependencies and layout: the feedstocks
cuda-version, cuda-cudart, cuda-nvcc, cuda-nvcc-impl, cuda-libraries, cuda-toolkit and cudnn, read
2026-11; versions of the parts: the metapackages cuda-toolkit of the same releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .libraries import Compiler, Runtime
from .package import PLACEHOLDER, CondaPackage


@dataclass(frozen=True)
class Release:
    """One release of CUDA.

    Args:
        version: all three numbers.
        cudart: the version of the runtime's package.
        nvcc: the version of the compiler's packages.
        libraries: version and sonames of the math libraries' packages.
    """

    version: str
    cudart: str
    nvcc: str
    libraries: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def short(self) -> str:
        """`X.Y`."""
        return self.version.rpartition(".")[0]

    @property
    def major(self) -> str:
        """`X`."""
        return self.version.partition(".")[0]

    @property
    def pin(self) -> str:
        """The dependency that ties a part to its release."""
        major, minor = self.short.split(".")
        return f"cuda-version >={self.short},<{major}.{int(minor) + 1}.0a0"


def _cuda12(
    nvrtc: str, cublas: str, cufft: str, cufile: str, curand: str, cusolver: str, cusparse: str
) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        "cuda-nvrtc": (nvrtc, ("libnvrtc.so.12",)),
        "libcublas": (cublas, ("libcublas.so.12", "libcublasLt.so.12")),
        "libcufft": (cufft, ("libcufft.so.11",)),
        "libcufile": (cufile, ("libcufile.so.0",)),
        "libcurand": (curand, ("libcurand.so.10",)),
        "libcusolver": (cusolver, ("libcusolver.so.11",)),
        "libcusparse": (cusparse, ("libcusparse.so.12",)),
        "libnvjitlink": (nvrtc, ("libnvJitLink.so.12",)),
    }


RELEASES = (
    Release(
        "12.4.0",
        "12.4.99",
        "12.4.99",
        _cuda12(
            "12.4.99", "12.4.2.65", "11.2.0.44", "1.9.0.20", "10.3.5.119", "11.6.0.99", "12.3.0.142"
        ),
    ),
    Release(
        "12.4.1",
        "12.4.127",
        "12.4.131",
        _cuda12(
            "12.4.127", "12.4.5.8", "11.2.1.3", "1.9.1.3", "10.3.5.147", "11.6.1.9", "12.3.1.170"
        ),
    ),
    Release(
        "12.9.1",
        "12.9.79",
        "12.9.86",
        _cuda12(
            "12.9.86", "12.9.1.4", "11.4.1.4", "1.14.1.1", "10.3.10.19", "11.7.5.82", "12.5.10.65"
        ),
    ),
    Release(
        "13.0.2",
        "13.0.96",
        "13.0.88",
        {
            "cuda-nvrtc": ("13.0.88", ("libnvrtc.so.13",)),
            "libcublas": ("13.1.0.3", ("libcublas.so.13", "libcublasLt.so.13")),
            "libcufft": ("12.0.0.61", ("libcufft.so.12",)),
            "libcufile": ("1.15.1.6", ("libcufile.so.0",)),
            "libcurand": ("10.4.0.35", ("libcurand.so.10",)),
            "libcusolver": ("12.0.4.66", ("libcusolver.so.12",)),
            "libcusparse": ("12.6.3.3", ("libcusparse.so.12",)),
            "libnvjitlink": ("13.0.88", ("libnvJitLink.so.13",)),
        },
    ),
)
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
_PKG_CONFIG = (
    f"prefix={PLACEHOLDER}\nlibdir=${{{{prefix}}}}/targets/{{target}}/lib\nVersion: {{short}}\n"
)


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


@dataclass(frozen=True)
class _Writer:
    release: Release
    runtime: Runtime
    compiler: Compiler
    subdir: str
    root: str

    def cudart(self) -> Iterator[CondaPackage]:
        """The runtime, its headers, and the driver's stub that comes with them."""
        version, sub, pin = self.release.cudart, self.subdir, self.release.pin
        soname, full = self.runtime.soname, f"libcudart.so.{version}"
        yield CondaPackage(
            f"cuda-cudart_{sub}",
            version,
            depends=(pin,),
            files={f"{self.root}/lib/{full}": self.runtime.library},
            links={f"{self.root}/lib/{soname}": full},
            noarch=True,
        )
        yield CondaPackage(
            "cuda-cudart",
            version,
            depends=(f"cuda-cudart_{sub} {version}", pin, "libgcc-ng >=12", "libstdcxx-ng >=12"),
            links={f"lib/{name}": f"../{self.root}/lib/{name}" for name in (soname, full)},
        )
        headers = {f"{self.root}/include/{k}": v for k, v in self.runtime.headers.items()}
        yield CondaPackage(
            f"cuda-cudart-dev_{sub}",
            version,
            depends=(f"cuda-cudart_{sub}", f"cuda-cudart-static_{sub}", f"cuda-cccl_{sub}", pin),
            files=headers,
            links={f"{self.root}/lib/libcudart.so": soname},
            noarch=True,
        )
        config = _PKG_CONFIG.format(target=self.root.rpartition("/")[2], short=self.release.short)
        yield CondaPackage(
            "cuda-cudart-dev",
            version,
            depends=(
                f"cuda-cudart {version}",
                f"cuda-cudart-dev_{sub} {version}",
                f"cuda-cudart-static {version}",
                pin,
            ),
            files={f"lib/pkgconfig/cudart-{self.release.short}.pc": config.encode()},
            links={"lib/libcudart.so": f"../{self.root}/lib/libcudart.so"},
        )
        yield CondaPackage(
            f"cuda-cudart-static_{sub}",
            version,
            depends=(pin,),
            files={
                f"{self.root}/lib/libcudart_static.a": self.runtime.static,
                f"{self.root}/lib/libcudadevrt.a": self.runtime.static,
            },
            noarch=True,
        )
        yield CondaPackage(
            "cuda-cudart-static",
            version,
            depends=(f"cuda-cudart-static_{sub} {version}", pin),
            links={"lib/libcudart_static.a": f"../{self.root}/lib/libcudart_static.a"},
        )
        yield CondaPackage(
            f"cuda-driver-dev_{sub}",
            version,
            depends=(pin,),
            files={f"{self.root}/lib/stubs/libcuda.so": self.compiler.foreign("libcuda.so.1")},
            noarch=True,
        )
        yield CondaPackage(
            "cuda-driver-dev",
            version,
            depends=(f"cuda-driver-dev_{sub} {version}", pin),
            links={"lib/stubs/libcuda.so": f"../../{self.root}/lib/stubs/libcuda.so"},
        )
        yield CondaPackage(
            f"cuda-cccl_{sub}",
            version,
            depends=(pin,),
            files={
                f"{self.root}/include/cub/cub.cuh": b"// CUB\n",
                f"{self.root}/include/thrust/version.h": b"// Thrust\n",
            },
            noarch=True,
        )

    def library(self, name: str, version: str, sonames: tuple[str, ...]) -> Iterator[CondaPackage]:
        """A math library and its `-dev` package."""
        needs = [self.release.pin, "libgcc-ng >=12", "libstdcxx-ng >=12"]
        if name == "libcufile":
            # rdma-core is a dependency in reality; OpenSSL stands for what comes with it.
            needs += ["rdma-core", "openssl"]
        if name == "libcusolver":
            needs += ["libcublas", "libcusparse", "libnvjitlink"]
        files, links, dev = {}, {}, {}
        for soname in sonames:
            full, plain = f"{soname}.{version.partition('.')[2]}", soname.split(".so")[0] + ".so"
            files[f"{self.root}/lib/{full}"] = self.compiler.library(soname)
            links[f"{self.root}/lib/{soname}"] = full
            links |= {f"lib/{x}": f"../{self.root}/lib/{x}" for x in (soname, full)}
            dev |= {f"{self.root}/lib/{plain}": soname, f"lib/{plain}": soname}
        yield CondaPackage(name, version, depends=tuple(needs), files=files, links=links)
        header = name.removeprefix("lib").removeprefix("cuda-") + ".h"
        yield CondaPackage(
            f"{name}-dev",
            version,
            depends=(f"{name} {version}", self.release.pin),
            files={f"{self.root}/include/{header}": b"/* NVIDIA */\n"},
            links=dev,
        )

    def cupti(self) -> Iterator[CondaPackage]:
        """The profiling library, which tools look for in `extras/CUPTI`."""
        soname = f"libcupti.so.{self.release.major}"
        yield CondaPackage(
            "cuda-cupti",
            self.release.cudart,
            depends=(self.release.pin, "libstdcxx-ng >=12"),
            files={f"{self.root}/lib/{soname}": self.compiler.library(soname)},
            links={f"lib/{soname}": f"../{self.root}/lib/{soname}"},
        )
        yield CondaPackage(
            "cuda-cupti-dev",
            self.release.cudart,
            depends=(f"cuda-cupti {self.release.cudart}", self.release.pin),
            files={f"{self.root}/include/cupti.h": b"/* CUPTI */\n"},
            links={f"{self.root}/lib/libcupti.so": soname},
        )

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
            "cuda-libraries-dev": [f"{name}-dev {version}.*" for name, version in parts.items()],
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
