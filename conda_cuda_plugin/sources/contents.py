"""Whether a toolkit has a file: one that is installed, or one that a source offers.

Of an offer only the names of its packages are known. What NVIDIA's wheels leave out is in the data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..addons import addons_of, fits
from ..data import read_data, tools
from ..libraries.names import LibraryFacts, releases_of
from ..platforms import Platform
from ..toolkit import Component, Flavor, Origin, Toolkit, components
from ..versions import CudaVersion
from .base import Offer, Package


class Purpose(Enum):
    """What a file is for."""

    LIBRARY = "library"
    """Programs load it by this name."""
    PLAIN = "plain"
    """A library's name without a version, which linkers ask for."""
    EXACT = "exact"
    """A library's name with the whole version."""
    STATIC = "static"
    STUB = "stub"
    """Stands for a library of the driver when programs are linked."""
    INNER = "inner"
    """A library that programs find through the toolkit's folder, and not through the loader."""
    LIBDEVICE = "libdevice"
    TOOL = "tool"
    HEADER = "header"
    ADDON = "addon"


_LIBRARIES = (Purpose.LIBRARY, Purpose.PLAIN, Purpose.EXACT)
_LINKED = (Purpose.PLAIN, Purpose.STATIC, Purpose.STUB)


@dataclass(frozen=True)
class Part:
    """A file that somebody wants of a toolkit.

    Args:
        name: the name of the file.
        purpose: what it is for.
        component: the component that it belongs to, if one is known.
        packages: the conda packages that have it, where these are not the component's.
        version: of the add-on, or the beginning of one.
    """

    name: str
    purpose: Purpose
    component: str | None = None
    packages: tuple[str, ...] = ()
    version: str = ""

    @classmethod
    def library(cls, facts: LibraryFacts) -> Part | None:
        """A library that a program loads; None when no release has a file of the name."""
        if facts.variants:
            return cls(facts.name, Purpose.PLAIN, facts.component)
        if facts.component == "nvvm":
            return cls(facts.name, Purpose.INNER, facts.component)
        if facts.windows or facts.soname == facts.name:
            return cls(facts.name, Purpose.LIBRARY, facts.component)
        if facts.name.partition(".so")[2].count(".") > 2:
            return cls(facts.name, Purpose.EXACT, facts.component)
        return None

    @classmethod
    def linked(cls, name: str) -> Part:
        """A file that a linker asks for: `libcublas.so`, `libcublas_static.a`."""
        stub = read_data("components.json")["stubs"].get(name)
        if stub is not None:
            return cls(name, Purpose.STUB, stub["component"], tuple(stub["channel"]))
        if name.endswith(".a"):
            return cls(name, Purpose.STATIC, component_of_archive(name))
        return cls(name, Purpose.PLAIN, releases_of(name).component)

    @classmethod
    def tool(cls, name: str) -> Part:
        """A program."""
        row = tools().get(name.removesuffix(".exe"), {})
        return cls(name, Purpose.TOOL, row.get("component"), tuple(row.get("channel", ())))

    @classmethod
    def libdevice(cls) -> Part:
        """The file that XLA and Numba compile for the GPU with."""
        return cls("libdevice.10.bc", Purpose.LIBDEVICE, "nvvm", ("cuda-nvvm-impl", "cuda-nvcc"))

    @classmethod
    def addon(cls, name: str, version: str) -> Part:
        """An add-on, in a version that begins so."""
        return cls(name, Purpose.ADDON, version=version)

    @property
    def in_channels(self) -> bool:
        """Whether conda packages have it."""
        if self.packages or self.purpose is Purpose.ADDON:
            return True
        # Of most libraries no package has the static one.
        return self.component is not None and (
            self.purpose is not Purpose.STATIC or self.component in ("cudart", "nvrtc")
        )

    @property
    def in_cudatoolkit(self) -> bool:
        """Whether `cudatoolkit` has it, which is all of a release up to 11.8 that programs load."""
        part = components().get(self.component or "")
        runtime = part is not None and part.flavor is not Flavor.DEVEL
        return self.purpose in _LIBRARIES and runtime

    def paths(self, platform: Platform, *, loaded: bool = True) -> tuple[str, ...]:
        """Where it may lie in a toolkit root; if not `loaded`, in a prefix of packages."""
        libraries = ("lib64", f"targets/{platform.target}/lib", "lib")
        if self.purpose is Purpose.TOOL:
            folders: tuple[str, ...] = platform.tool_directories
        elif self.purpose is Purpose.HEADER:
            folders = ("include", *platform.include_directories)
        elif self.purpose is Purpose.LIBDEVICE:
            folders = ("nvvm/libdevice", "lib")
        elif self.purpose is Purpose.INNER:
            folders = ("nvvm/bin",) if platform.windows else ("nvvm/lib64",)
        elif self.purpose in _LINKED and loaded:
            folders = (*(f"{folder}/stubs" for folder in libraries), *libraries)
        elif loaded:
            folders = ("bin",) if platform.windows else ("lib64",)
        else:
            folders = platform.library_directories
        return tuple(f"{folder}/{self.name}" for folder in folders)

    def is_in(self, toolkit: Toolkit | Offer, platform: Platform) -> bool:
        """Whether a toolkit has it."""
        if self.purpose is Purpose.ADDON and isinstance(toolkit, Toolkit):
            return fits(self.version, toolkit.addons.get(self.name, ""))
        if isinstance(toolkit, Toolkit):
            return self._lies_in(toolkit.root, platform)
        if toolkit.location is not None:
            return self._lies_in(toolkit.location, platform, loaded=False)
        if self.purpose is Purpose.ADDON:
            names = (f"{package.name}-{package.version}-0" for package in toolkit.packages)
            return fits(self.version, addons_of(names).get(self.name, ""))
        if toolkit.origin in (Origin.REDIST, Origin.RUNFILE):
            have = {package.name.replace("_", "-") for package in toolkit.packages}
            return self.component in toolkit.components or bool(have & set(self.packages))
        return any(self._is_part_of(package, toolkit.version) for package in toolkit.packages)

    def _lies_in(self, root: Path, platform: Platform, *, loaded: bool = True) -> bool:
        return any((root / path).exists() for path in self.paths(platform, loaded=loaded))

    def _is_part_of(self, package: Package, version: CudaVersion) -> bool:
        part = components().get(self.component or "")
        if part is not None and re.sub(r"-cu\d+$", "", package.name) == part.pypi:
            return self._is_in_wheel(version)
        if package.name == "cudatoolkit":
            return (
                self.purpose in _LIBRARIES and part is not None and part.flavor is not Flavor.DEVEL
            )
        # conda-forge splits some packages by platform: cuda-cudart-dev_linux-64.
        name = package.name.partition("_")[0]
        if self.purpose is Purpose.EXACT and not self.name.endswith(f".{package.version}"):
            return False
        return name in (self.packages or (self._packages(part) if part else ()))

    def _packages(self, part: Component) -> tuple[str, ...]:
        """The conda packages that have it, by the rule of their names."""
        if self.purpose in (Purpose.PLAIN, Purpose.HEADER):
            return tuple(part.dev or part.channel)
        if self.purpose is Purpose.STATIC:
            return tuple(f"{name}-static" for name in part.channel)
        return tuple(part.channel)

    def _is_in_wheel(self, version: CudaVersion) -> bool:
        """Whether the wheel of its component has it; all have the libraries and headers."""
        since = "0.0"
        if self.purpose in (Purpose.EXACT, Purpose.STUB):
            return False
        if self.purpose is Purpose.STATIC:
            since = read_data("components.json")["wheels"].get(self.name)
        elif self.purpose is Purpose.TOOL:
            since = tools().get(self.name, {}).get("wheels", since)
        return since is not None and version.numbers >= CudaVersion.parse(since).numbers


def component_of_archive(name: str) -> str | None:
    """The component of a static library: `libcublas_static.a`, `libcudadevrt.a`."""
    own = read_data("components.json")["archives"].get(name)
    return own or releases_of(name.removesuffix(".a").removesuffix("_static")).component
