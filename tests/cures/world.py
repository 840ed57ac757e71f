"""Small sources with libraries that load, and environments made of what they have."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..channel import foreign, split, split_release
from ..channel.compilers import compiler_packages
from ..channel.libraries import Compiler, stand_in_runtime
from ..channel.package import write_channel
from ..conftest import Conda
from ..sources.wheelhouse import COMPONENTS, NVCC, RELEASES, only_folder, write_wheel

_MACHINES = {"x86_64": ("linux-64", "x86_64-linux"), "aarch64": ("linux-aarch64", "sbsa-linux")}
SUBDIR, TARGET = _MACHINES[platform.machine()]
SOURCES: Mapping[str, tuple[str, ...]] = {
    "all": ("environment", "channel", "pypi", "system"),
    "pypi": ("environment", "pypi", "system"),
    "channel": ("environment", "channel", "system"),
    "none": ("environment", "system"),
}
"""Which sources are asked, under a name."""
# The components of real wheels that the tests' metapackages leave out: names and versions of the
# real metapackages, read 2026-11.
_MORE = {
    "12.4.1": ("nvidia-cufft-cu12==11.2.1.3.*; extra == 'cufft'",),
    "12.9.1": (
        "nvidia-cuda-runtime-cu12==12.9.79.*; extra == 'cudart'",
        "nvidia-cublas-cu12==12.9.1.4.*; extra == 'cublas'",
        "nvidia-cufile-cu12==1.14.1.1.*; extra == 'cufile'",
        "nvidia-cuda-nvcc-cu12==12.9.86.*; extra == 'nvcc'",
    ),
    "13.2.0": (
        "nvidia-cuda-runtime==13.2.51.*; extra == 'cudart'",
        "nvidia-cuda-cuobjdump==13.2.51.*; extra == 'cuobjdump'",
    ),
}
_LIBRARIES = {
    "nvidia-cufft-cu12": "cufft/lib/libcufft.so.11",
    "nvidia-cufile-cu12": "cufile/lib/libcufile.so.0",
}


def _tools(*names: str) -> dict[str, bytes]:
    return {f"nvidia/cu13/bin/{name}": f"#!/bin/sh\necho {name}\n".encode() for name in names}


def write_wheels(folder: Path, compiler: Compiler) -> Path:
    """The tests' wheels with libraries that load, and a few components more; the folder."""
    releases = {version: (*RELEASES.get(version, ()), *more) for version, more in _MORE.items()}
    for version, requires in {**RELEASES, **releases}.items():
        write_wheel(folder, "cuda-toolkit", version, requires=requires, tag="py3-none-any")
        for line in requires:
            name, _, number = line.split(".*")[0].partition("==")
            files = dict(COMPONENTS.get((name, number), {}))
            if not files and "runtime" in name:
                place = "cuda_runtime" if name.endswith("cu12") else "cu13"
                files = {f"nvidia/{place}/lib/libcudart.so.{version[:2]}": b""}
                files[f"nvidia/{place}/lib/libcudart_static.a"] = b"!<arch>\n"
            if not files and "cublas" in name:
                files = {
                    f"nvidia/cublas/lib/{lib}.so.12": b"" for lib in ("libcublas", "libcublasLt")
                }
            if name in _LIBRARIES:
                files = {f"nvidia/{_LIBRARIES[name]}": b""}
            if name == "nvidia-cuda-nvcc":
                files |= _tools("fatbinary", "nvlink", "bin2c", "cudafe++") | {
                    "nvidia/cu13/bin/nvcc": NVCC
                }
            if name == "nvidia-cuda-nvcc-cu12":
                files = {"nvidia/cuda_nvcc/bin/ptxas": b"#!/bin/sh\n"}
            if name == "nvidia-nvvm":
                files["nvidia/cu13/nvvm/libdevice/libdevice.10.bc"] = b"BC\xc0\xde"
            if name == "nvidia-cuda-cuobjdump":
                files = _tools("cuobjdump")
            loading = {
                path: compiler.library(path.rpartition("/")[2]) if ".so." in path else content
                for path, content in files.items()
            }
            if not list(folder.glob(f"{name.replace('-', '_')}-{number}-*")):
                write_wheel(folder, name, number, loading)
    for name, number, file in (
        ("nvidia-cudnn-cu12", "9.1.0.70", "nvidia/cudnn/lib/libcudnn.so.9"),
        ("nvidia-nccl-cu13", "2.27.7", "nvidia/nccl/lib/libnccl.so.2"),
    ):
        write_wheel(folder, name, number, {file: compiler.library(file.rpartition("/")[2])})
    return folder


def build_channel(folder: Path, compiler: Compiler) -> str:
    """A channel with the releases 12.4.1 and 13.0.2 in parts; its address."""
    packages = [*foreign.foreign_packages(compiler), *split.cuda_versions()]
    packages += compiler_packages(SUBDIR)
    for release in split_release.RELEASES:
        if release.version in ("12.4.1", "13.0.2"):
            soname = f"libcudart.so.{release.major}"
            runtime = stand_in_runtime(compiler, soname, int(release.major) * 1000)
            packages += split.split_packages(release, runtime, compiler, SUBDIR, TARGET)
    return write_channel(folder, SUBDIR, packages).as_uri()


@dataclass(frozen=True)
class World:
    """A conda with these sources, and environments made by it."""

    conda: Conda = field(repr=False)
    folder: Path
    compiler: Compiler
    made: dict[tuple[tuple[str, ...], ...], Path] = field(default_factory=dict, repr=False)

    def environment(self, toolkits: tuple[tuple[str, ...], ...]) -> Path:
        """A fresh environment named `mine` for which `use` was called with these words, in turn."""
        if toolkits not in self.made:
            prefix = self.conda.create(self.folder / "made" / str(len(self.made)))
            for words in toolkits:
                self.conda.cuda("use", prefix, *words, "--yes", CONDARC=self.condarc("all"))
            self.made[toolkits] = prefix
        mine = self.conda.envs / "mine"
        shutil.rmtree(mine, ignore_errors=True)
        shutil.copytree(self.made[toolkits], mine, symlinks=True, copy_function=os.link)
        return mine

    def condarc(self, sources: str) -> str:
        """conda's settings under which only some sources are asked."""
        return str(self.folder / f"{sources}.yml")

    def ask(self, verb: str, *words: str, **variables: str | None) -> Any:
        """The answer of `which` or `doctor` to `mine`."""
        return self.conda.cuda(
            verb, self.conda.envs / "mine", *words, "--json", check=False, **variables
        ).json


def build_world(conda: Conda, folder: Path) -> World:
    """The sources, and a file of settings for each choice of them."""
    for name in ("compiled", "wheels", "made"):
        (folder / name).mkdir()
    compiler = Compiler(folder / "compiled")
    conda.variables.update(only_folder(write_wheels(folder / "wheels", compiler)))
    conda.empty_cache(folder / "pkgs")
    address = build_channel(folder / "channel", compiler)
    settings = (conda.home / "condarc.yml").read_text()
    for name, order in SOURCES.items():
        more = "".join(f"    - {source}\n" for source in order)
        plugins = f"plugins:\n  cuda_channels: ['{address}']\n  cuda_sources:\n{more}"
        (folder / f"{name}.yml").write_text(settings + plugins)
    return World(conda, folder, compiler)


def active(prefix: Path) -> dict[str, str | None]:
    """What a shell has after activation of an environment."""
    link = prefix / "cuda"
    folders = [str(link / "lib64")] if link.is_dir() else []
    return {
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": "1",
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "LD_LIBRARY_PATH": ":".join(folders) or None,
        "CUDA_HOME": str(link) if folders else None,
        "CUDA_PATH": str(link) if folders else None,
    }


def pip_wheel(prefix: Path, compiler: Compiler, name: str, version: str, file: str) -> None:
    """One of NVIDIA's wheels as pip installs it."""
    site = prefix / "lib" / "python3.12" / "site-packages"
    target = site / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(compiler.library(target.name))
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text(f"{file},,\n")


def cures(found: Any) -> Iterator[tuple[str, str]]:
    """Each finding of doctor that a `use` shall cure: its rule and the command."""
    for one in found["findings"]:
        if one["cure"].startswith("conda cuda use "):
            yield one["rule"], one["cure"]
