"""What the packages are filled with: NVIDIA's own files, and small stand-ins compiled here."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RUNTIME_WHEELS = {
    "11.8.89": "nvidia-cuda-runtime-cu11",
    "12.4.127": "nvidia-cuda-runtime-cu12",
    "13.0.96": "nvidia-cuda-runtime",
}
"""The distributions that hold NVIDIA's runtime, by its version; there is none before 11.7."""
HEADERS = ("cuda_runtime.h", "cuda_runtime_api.h", "driver_types.h", "vector_types.h")

_RUNTIME = """
int cudaRuntimeGetVersion(int *version) { *version = %d; return 0; }
"""
# What conda's packages drag in must never reach a program of the system.
_FOREIGN = """
#include <unistd.h>
__attribute__((constructor)) static void refuse(void) {
    static const char text[] = "%s of the toolkit's dependencies was loaded\\n";
    if (write(2, text, sizeof text - 1)) {}
    _exit(97);
}
"""
_PROBE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        void *library = dlopen(names[i], RTLD_NOW);
        if (!library) { printf("%s none\\n", names[i]); continue; }
        int (*ask)(int *) = (int (*)(int *))dlsym(library, "cudaRuntimeGetVersion");
        int version = 0, error = ask ? ask(&version) : 0;
        Dl_info where = {0};
        if (ask) dladdr((void *)ask, &where);
        printf("%s ", names[i]);
        if (error) printf("error %d ", error); else if (ask) printf("%d ", version);
        printf("%s\\n", where.dli_fname ? where.dli_fname : "loaded");
    }
    return 0;
}
"""


@dataclass
class Compiler:
    """gcc with a folder for what it makes; each library is made once.

    Args:
        folder: an existing folder.
    """

    folder: Path

    def runtime(self, soname: str, version: int) -> bytes:
        """A CUDA runtime that does nothing but say its version."""
        return self._library(f"{soname}-{version}", soname, _RUNTIME % version)

    def library(self, soname: str) -> bytes:
        """A library that loads and does nothing."""
        return self._library(soname, soname, "")

    def foreign(self, soname: str) -> bytes:
        """A library that ends every program that loads it."""
        return self._library(f"foreign-{soname}", soname, _FOREIGN % soname)

    def probe(self) -> Path:
        """A program that loads libraries by plain name and says what it got."""
        return self._compile("probe", _PROBE, "-ldl")

    def _library(self, name: str, soname: str, source: str) -> bytes:
        return self._compile(name, source, "-shared", "-fPIC", f"-Wl,-soname,{soname}").read_bytes()

    def _compile(self, name: str, source: str, *options: str) -> Path:
        output = self.folder / name
        if not output.exists():
            command = ["gcc", "-s", "-O1", "-x", "c", "-", "-o", output, *options]
            subprocess.run(command, input=source, text=True, check=True)
        return output


@dataclass(frozen=True)
class Runtime:
    """The CUDA runtime of one release.

    Args:
        soname: its name for the loader.
        library: the shared library.
        headers: headers by name.
        static: the library for static linking.
    """

    soname: str
    library: bytes
    headers: Mapping[str, bytes]
    static: bytes = b"!<arch>\n"


def nvidia_runtimes(folder: Path) -> dict[str, Runtime]:
    """NVIDIA's own runtimes, by version, downloaded as pip is configured to."""
    wheels = [f"{name}=={version}" for version, name in RUNTIME_WHEELS.items()]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run(
        [*command, "--only-binary=:all:", *wheels], check=True, stdout=subprocess.DEVNULL
    )
    found = {}
    for version in RUNTIME_WHEELS:
        (wheel,) = folder.glob(f"nvidia_cuda_runtime*-{version}-*.whl")
        found[version] = _read(wheel)
    return found


def _read(wheel: Path) -> Runtime:
    with zipfile.ZipFile(wheel) as archive:
        by_name = {name.rsplit("/")[-1]: name for name in archive.namelist()}
        (soname,) = (name for name in by_name if name.startswith("libcudart.so."))
        headers = {name: archive.read(by_name[name]) for name in HEADERS}
        return Runtime(soname, archive.read(by_name[soname]), headers)


def stand_in_runtime(compiler: Compiler, soname: str, version: int) -> Runtime:
    """A runtime for a release that the package index does not have."""
    macro = f"#define CUDART_VERSION {version}\n".encode()
    return Runtime(soname, compiler.runtime(soname, version), dict.fromkeys(HEADERS, macro))
