"""Toolkits that are installed on the machine already."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..addons import addons_in
from ..environment import Environment
from ..errors import CudaError
from ..platforms import Platform
from ..system.ownership import exposed_toolkit
from ..system.reading import open_regular
from ..toolkit import Flavor, Origin
from ..versions import CudaVersion
from .base import AvailableFlavor, NotOffered, Offer, Search, ToolkitRequest, flavors_here
from .installed import check_adopted

# Source: CUDA installation guides for Linux and Windows; package contents of Arch (cuda) and
# Debian (nvidia-cuda-toolkit), read 2026-11.
LINUX_PLACES = ("/usr/local/cuda-*", "/usr/local/cuda", "/opt/cuda", "/opt/cuda-*", "/usr/lib/cuda")
WINDOWS_PLACE = "NVIDIA GPU Computing Toolkit/CUDA/v*"
_CUDART_VERSION = re.compile(r"#define\s+CUDART_VERSION\s+(\d+)")
_NVCC_RELEASE = re.compile(r"release (\d+\.\d+), V(\d+\.\d+\.\d+)")
_JSON = re.compile(r"^(\d+\.\d+(?:\.\d{1,3}(?!\d))?)")
_TXT = re.compile(r"CUDA Version (\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class SystemToolkit:
    """A toolkit found on the machine."""

    version: CudaVersion
    path: Path
    evidence: str
    """What the release was read from."""
    has_nvcc: bool


class SystemSource:
    """The source `system`.

    Args:
        root: where the file system begins; another folder than `/` in tests.
        variables: the environment variables to look at; the process's own by default.
        runs: whether nvcc of a folder that is named may be run to learn its release.
    """

    name = "system"

    def __init__(
        self,
        root: Path = Path("/"),
        variables: Mapping[str, str] | None = None,
        *,
        runs: bool = True,
    ) -> None:
        self.root = root
        self.runs = runs
        self.variables = os.environ if variables is None else variables

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`."""
        if request.path is not None:
            found = [read_system_toolkit(request.path, request.platform, runs=self.runs)]
        else:
            found = self.find(request.platform, environment)
        fitting = (
            one for one in found if request.path is not None or request.version.matches(one.version)
        )
        best = next(fitting, None)
        if best is None:
            known = [toolkit.version for toolkit in found]
            raise NotOffered(
                self.name,
                f"has no CUDA {request.version} on this machine, "
                + (f"only {', '.join(map(str, known))}" if known else "nor any other"),
                known=known,
            )
        if request.compiles and not best.has_nvcc:
            raise NotOffered(self.name, f"has CUDA {best.version} in {best.path} without nvcc")
        if request.addons:
            what = f"has CUDA {best.version} in {best.path}"
            check_adopted(request, addons_in(best.path), self.name, best.version, what)
        exposed = exposed_toolkit(best.path)
        return Offer(
            Origin.SYSTEM,
            best.version,
            Flavor.DEVEL if best.has_nvcc else Flavor.RUNTIME,
            (),
            (),
            str(best.path),
            location=best.path,
            note=f"{exposed[0].who} may write to {exposed[0].path}" if exposed else None,
        )

    def available(self, search: Search) -> Sequence[AvailableFlavor]:
        """See `Source.available`."""
        return [
            flavor
            for found in self.find(search.platform, search.environment)
            for flavor in flavors_here(found.version, str(found.path), found.has_nvcc)
        ]

    def find(
        self, platform: Platform, environment: Environment | None = None
    ) -> list[SystemToolkit]:
        """Every toolkit on the machine, newest first, each real folder once."""
        found: dict[Path, SystemToolkit] = {}
        for place in self._places(platform):
            real = Path(os.path.realpath(place))
            if environment is not None and environment.prefix in (real, *real.parents):
                continue
            if real not in found and os.path.isdir(place):
                with contextlib.suppress(CudaError):
                    found[real] = read_system_toolkit(place, platform)
        return sorted(found.values(), key=lambda toolkit: toolkit.version, reverse=True)

    def _places(self, platform: Platform) -> Iterator[Path]:
        for name in sorted(self.variables):
            if name in ("CUDA_PATH", "CUDA_HOME") or re.fullmatch(r"CUDA_PATH_V\d+_\d+", name):
                value = self.variables[name]
                # An active environment's own variables name its own toolkit, or another
                # environment's: neither is the system's.
                if value and os.path.isabs(value) and not _inside_environment(Path(value)):
                    yield Path(value)
        if platform.windows:
            folder = self.variables.get("ProgramFiles", "C:/Program Files")
            yield from map(Path, sorted(glob.glob(f"{glob.escape(folder)}/{WINDOWS_PLACE}")))
            return
        for pattern in LINUX_PLACES:
            root = glob.escape(str(self.root).rstrip("/"))
            yield from map(Path, sorted(glob.glob(f"{root}{pattern}")))


def read_system_toolkit(path: Path, platform: Platform, *, runs: bool = True) -> SystemToolkit:
    """The toolkit in a folder; where no file says its release, its nvcc may be run (`runs`).

    Raises:
        CudaError: when it is not a toolkit, or does not say which release it is.
    """
    path = Path(os.path.abspath(path))
    try:
        return _read_toolkit(path, platform, runs)
    except PermissionError as error:
        why = f"{error.strerror or error} ({error.filename})"
        hint = "Ask its owner to let others read it."
        raise _unusable(path, f"The toolkit {path} cannot be read: {why}.", hint) from error


def _read_toolkit(path: Path, platform: Platform, runs: bool) -> SystemToolkit:
    if not path.is_dir():
        hint = "conda cuda list --system shows the toolkits on this machine."
        raise _unusable(path, f"There is no folder {path}.", hint)
    nvcc = path / "bin" / ("nvcc.exe" if platform.windows else "nvcc")
    libraries = ("bin",) if platform.windows else ("lib64", "lib", f"targets/{platform.target}/lib")
    if not nvcc.is_file() and not any((path / name).is_dir() for name in libraries):
        hint = "Name the folder that holds bin and lib64, such as /usr/local/cuda-13.0."
        what = f"{path} is not a CUDA toolkit: it has neither bin/nvcc nor lib64."
        raise _unusable(path, what, hint)
    for name in libraries:
        # Raises when they are there and others may not read them.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.listdir(path / name)
    for version, evidence in _releases(path, platform, nvcc if runs else None):
        if version is not None:
            return SystemToolkit(version, path, evidence, nvcc.is_file())
    what = f"{path} looks like a CUDA toolkit, but nothing in it says which release it is."
    hint = "version.json, version.txt, include/cuda_runtime_api.h or bin/nvcc would."
    raise _unusable(path, what, hint)


def _unusable(path: Path, what: str, hint: str) -> CudaError:
    return CudaError(what, hints=[hint], path=path)


def _releases(
    path: Path, platform: Platform, nvcc: Path | None
) -> Iterator[tuple[CudaVersion | None, str]]:
    """The release as each file states it, the most exact first; nvcc is run if it is given."""
    content = _read(path / "version.json")
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        # The third number is an update (13.0.2) or a date (11.8.20220929), which says nothing.
        yield _stated(_JSON, str(json.loads(content)["cuda"]["version"])), "version.json"
    yield _stated(_TXT, _read(path / "version.txt")), "version.txt"
    for folder in platform.include_directories:
        match = _CUDART_VERSION.search(_read(path / folder / "cuda_runtime_api.h"))
        number = int(match[1]) if match else 0
        version = CudaVersion(number // 1000, number % 1000 // 10) if match else None
        yield version, "cuda_runtime_api.h"
    if nvcc is not None and os.access(nvcc, os.X_OK):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            output = subprocess.run(
                [nvcc, "--version"],
                capture_output=True,
                text=True,
                timeout=10,
                stdin=subprocess.DEVNULL,
                errors="replace",
            ).stdout
            yield _stated(_NVCC_RELEASE, output), "nvcc"


def _stated(pattern: re.Pattern[str], text: str) -> CudaVersion | None:
    match = pattern.search(text)
    return CudaVersion.parse(match[1]) if match else None


def _read(path: Path) -> str:
    """The first part of a text file; empty when there is none."""
    try:
        with open_regular(path) as file:
            return file.read(2**20).decode("utf-8", "replace")
    except OSError:
        return ""


def _inside_environment(path: Path) -> bool:
    """Whether a folder belongs to a conda environment."""
    return any(os.path.isdir(parent / "conda-meta") for parent in (path, *path.parents))
