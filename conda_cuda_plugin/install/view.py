"""The classic view of a toolkit root: `lib64`, `include`, `bin`, `extras/CUPTI`, `version.json`.

Packages put their files where conda's conventions want them. Tools that know `/usr/local/cuda`
look elsewhere, so links are added. Which files are CUDA's is decided by the package that owns
them: what CUDA's packages drag in (libstdc++, OpenSSL, ncurses) never gets into `lib64`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..data import is_tool
from ..packages.cuda_packages import cuda_records
from ..platforms import Platform
from ..system.files import Inside
from ..versions import CudaVersion
from . import windows
from .wrappers import LACKING

_LIBRARY = re.compile(r"lib[^/]+\.(?:so(?:\.[0-9A-Za-z_.]+)?|a)")
# ldconfig files such stubs under the driver's names; the loader must never find one of them.
_DRIVER_STUBS = frozenset({"libcuda.so", "libcuda.so.1", "libnvidia-ml.so", "libnvidia-ml.so.1"})
_CUDA = (
    "libcu", "libnv", "libnpp", "libaccinj", "libcheckpoint", "libpcsamplingutil", "libnccl",
    "libOpenCL",
)  # fmt: skip
"""How the names of CUDA's libraries begin, where no package says whose they are."""


class OwnedFile(NamedTuple):
    """A file of a CUDA package: a toolkit has thousands."""

    path: str
    """Relative to the prefix, with forward slashes."""
    package: str


def cuda_files(prefix: Path) -> list[OwnedFile]:
    """Every file in a prefix that a CUDA package owns, from the prefix's package records."""
    return [
        OwnedFile(path, record.name) for record in cuda_records(prefix) for path in record.files
    ]


def library_links(files: Iterable[OwnedFile], platform: Platform) -> dict[str, str]:
    """`{"libcudart.so.12": "targets/x86_64-linux/lib/libcudart.so.12", ...}`.

    Each library once, from the best of the folders that hold it; stubs of the driver's libraries
    are left out.
    """
    return _by_folder(files, platform.library_directories, _is_library)


def _is_library(name: str) -> bool:
    return _LIBRARY.fullmatch(name) is not None and name not in _DRIVER_STUBS


def tool_links(files: Iterable[OwnedFile], platform: Platform) -> dict[str, str]:
    """`{"nvcc": "bin/nvcc", ...}`: the programs, and what lies beside them."""
    return _by_folder(files, platform.tool_directories, lambda name: not name.startswith("."))


def header_links(files: Iterable[OwnedFile], platform: Platform) -> dict[str, str]:
    """`{"cuda.h": "targets/x86_64-linux/include/cuda.h", "cub": ".../include/cub", ...}`."""
    found: dict[str, str] = {}
    paths = [file.path for file in files]
    for folder in platform.include_directories:
        start = f"{folder}/"
        for path in paths:
            if path.startswith(start):
                entry = path.removeprefix(start).split("/")[0]
                # `include/targets` holds the headers of other targets on Windows.
                if entry != "targets":
                    found.setdefault(entry, f"{folder}/{entry}")
    return found


def _by_folder(
    files: Iterable[OwnedFile], folders: Iterable[str], wanted: Callable[[str], bool]
) -> dict[str, str]:
    ranks = {folder: rank for rank, folder in enumerate(folders)}
    best: dict[str, tuple[int, str]] = {}
    for file in files:
        # A toolkit has thousands of files: pathlib would take longer than all the rest.
        folder, _, name = file.path.rpartition("/")
        rank = ranks.get(folder)
        if rank is not None and wanted(name):
            best[name] = min(best.get(name, (rank, file.path)), (rank, file.path))
    return {name: path for name, (_, path) in sorted(best.items())}


def make_package_view(root: Path, version: CudaVersion, platform: Platform) -> None:
    """Add the classic entries to a root that conda packages were linked into."""
    files = cuda_files(root)
    if platform.windows:
        windows.make_view(root, version, [file.path for file in files])
        _write_version_json(root, version)
        return
    _sync_links(root, "lib64", _relative(library_links(files, platform)))
    headers = header_links(files, platform)
    for name, target in _relative(headers).items():
        # Beside what packages have put there.
        if not os.path.lexists(root / "include" / name):
            Inside(root).link(root / "include" / name, target)
    _add_cupti(root, headers)
    _write_version_json(root, version)


def make_adopted_view(root: Path, prefix: Path, platform: Platform) -> None:
    """Make a root of links to the CUDA packages that an environment holds itself.

    The root lies directly inside the environment.
    """
    files = cuda_files(prefix)
    tools, headers = tool_links(files, platform), header_links(files, platform)
    _sync_links(root, "lib64", _relative(library_links(files, platform), "../.."))
    _sync_links(root, "bin", _relative(tools, "../.."))
    _sync_links(root, "include", _relative(headers, "../.."))
    if any(file.path.startswith("nvvm/") for file in files):
        Inside(root).link(root / "nvvm", "../nvvm")
    elif any(file.path == "lib/libdevice.10.bc" for file in files):
        # cudatoolkit puts libdevice among the libraries; XLA and Numba look in nvvm/libdevice.
        Inside(root).link(
            root / "nvvm" / "libdevice" / "libdevice.10.bc", "../../../lib/libdevice.10.bc"
        )
    _add_cupti(root, headers)


def make_system_view(root: Path, location: Path, platform: Platform) -> None:
    """Make a root of links to a toolkit elsewhere on the machine.

    Only `lib64` is a folder of our own, so that nothing but libraries gets onto the loader's path.
    """
    files = Inside(root.parent)
    files.make_folder(root)
    # `bin` is always made: it is also how a root says which toolkit it stands for.
    for name in sorted({*os.listdir(location), "bin"} - {"lib64", LACKING}):
        files.link(root / name, str(location / name))
    libraries: dict[str, str] = {}
    for folder in platform.library_directories:
        for path in sorted((location / folder).glob("*")):
            if _is_library(path.name) and path.name.startswith(_CUDA) and path.exists():
                libraries.setdefault(path.name, str(path))
    _sync_links(root, "lib64", libraries)


def _relative(links: Mapping[str, str], up: str = "..") -> dict[str, str]:
    """Targets as they are written into a folder of the root, from which `up` leads to them."""
    return {name: f"{up}/{target}" for name, target in links.items()}


def _sync_links(root: Path, name: str, links: Mapping[str, str]) -> None:
    """Make a folder of the root hold exactly these links."""
    files, folder = Inside(root), root / name
    if folder.is_symlink():
        files.remove(folder)
    files.make_folder(folder)
    for entry in os.scandir(folder):
        if entry.name not in links and entry.is_symlink():
            files.remove(Path(entry.path))
    for link, target in links.items():
        files.link(folder / link, target)


def _add_cupti(root: Path, headers: Mapping[str, str]) -> None:
    """`extras/CUPTI/{lib64,include}`, where profilers of frameworks look."""
    if "cupti.h" not in headers and not any((root / "lib64").glob("libcupti.so*")):
        return
    for name in ("lib64", "include"):
        path = root / "extras" / "CUPTI" / name
        if (root / name).is_dir() and not os.path.lexists(path):
            Inside(root).link(path, f"../../{name}")


def _write_version_json(root: Path, version: CudaVersion) -> None:
    """What tools read to tell the release of `/usr/local/cuda`."""
    path = root / "version.json"
    if not os.path.lexists(path):
        content = {"cuda": {"name": "CUDA SDK", "version": str(version)}}
        Inside(root).write(path, (json.dumps(content, indent=3) + "\n").encode())


def programs(root: Path, platform: Platform, *, owned: bool) -> Iterator[str]:
    """The tools of a toolkit that deserve a wrapper.

    Args:
        root: the toolkit root.
        platform: its platform.
        owned: whether the root holds packages, whose records then say which programs are CUDA's;
            in a root of links the names alone say it.
    """
    names: Iterable[str] = ()
    if owned:
        links = tool_links(cuda_files(root), platform)
        names = (name for name, path in links.items() if path == f"bin/{name}")
    else:
        with contextlib.suppress(OSError):
            names = sorted(os.listdir(root / "bin"))
    for name in names:
        path = root / "bin" / name
        if is_tool(name) and path.is_file() and os.access(path, os.X_OK):
            yield name


def has_programs_but(root: Path, names: Collection[str]) -> bool:
    """Whether `bin` of a root holds programs besides some."""
    with contextlib.suppress(OSError):
        return any(
            entry.name not in names and entry.is_file() and os.access(entry.path, os.X_OK)
            for entry in os.scandir(root / "bin")
        )
    return False
