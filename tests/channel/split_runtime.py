"""The packages of one release that programs run with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .libraries import Compiler, Runtime
from .package import PLACEHOLDER, CondaPackage
from .split_release import Release

_PKG_CONFIG = (
    f"prefix={PLACEHOLDER}\nlibdir=${{{{prefix}}}}/targets/{{target}}/lib\nVersion: {{short}}\n"
)


@dataclass(frozen=True)
class RuntimeWriter:
    """What a program needs to run: the runtime, the math libraries, the profiler's."""

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
