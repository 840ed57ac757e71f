"""Check that the packages of an exported toolkit are what the file calls them.

A digest is not a signature: whoever writes a file may call anything CUDA 11.8. What an environment
records, and what is judged for its machine, has to be what the packages give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..convert.archive import ENDINGS
from ..convert.wheel import BUILD
from ..sources.runfile.installers import InstallerName
from ..sources.runfile.packages import PREFIX, build_of
from ..toolkit import Flavor, Origin, components, releases
from ..versions import CudaVersion
from .cuda_file import ExactPackage, ExactToolkit

_REDIST = "cuda-redist-"
_WHEEL_FOR = re.compile(r"nvidia-.+-cu(\d{2})")
_COMPILER = re.compile(r"cuda-nvcc(-tools|-impl|_.*|-dev_.*|-\d.*)?")
_MONOLITHS = ("cudatoolkit", "cuda-version")
"""Packages whose version is that of the release itself."""
_LIKE_THE_RELEASE = ("cudart", "nvcc", "nvrtc")
"""Components whose versions begin with that of the release."""


def disagreement(toolkit: ExactToolkit) -> str | None:
    """The first contradiction in a toolkit, as the end of a sentence; None where there is none."""
    return next(_disagreements(toolkit), None)


def _disagreements(toolkit: ExactToolkit) -> Iterator[str]:
    if toolkit.origin is Origin.SYSTEM:
        if toolkit.packages:
            yield f"says that CUDA {toolkit.version} is of the machine, and lists packages of it"
        return
    for name in toolkit.components:
        if name not in components():
            yield f"names {name!r}, which is not a component of the CUDA toolkit"
    parts = {package: _component(package) for package in toolkit.packages}
    for package, part in parts.items():
        if _is_of_another_release(package, part, toolkit.version):
            yield f"says that {package.name} {package.version} is of CUDA {toolkit.version}"
        if not toolkit.origin.adopted:
            yield from _wrong_file(package, toolkit)
    installers = {(one.filename, one.sha256) for one in toolkit.packages if _is_installer(one)}
    if len(installers) > 1:
        yield f"makes CUDA {toolkit.version} of more than one installer"
    yield from _missing(toolkit, {part for part in parts.values() if part})


def _component(package: ExactPackage) -> str | None:
    """The component that a package holds, by its name."""
    name = package.name
    if _COMPILER.fullmatch(name):
        return "nvcc"
    bare = re.sub(r"-cu\d{2}$", "", name)
    for part, row in components().items():
        ours = {f"{_REDIST}{part}", f"{_REDIST}lib{part}", f"{PREFIX}{part}", row.pypi}
        if bare in ours or name in row.channel or name in row.dev:
            return part
    return None


def _is_of_another_release(package: ExactPackage, part: str | None, wanted: CudaVersion) -> bool:
    match = _WHEEL_FOR.fullmatch(package.name)
    if match and int(match[1]) != wanted.major:
        return True
    if part not in _LIKE_THE_RELEASE and package.name not in _MONOLITHS:
        return False
    try:
        found = CudaVersion.parse(".".join(package.version.split(".")[:3]))
    except ValueError:
        return True
    if found.release != wanted.release:
        return True
    if part != "cudart" or package.name.startswith(PREFIX):
        return False
    # Two updates may have the same runtime, and one that is in no table may have any.
    shipped = {row.version: (row.cudart, row.channel_cudart) for row in releases() if row.cudart}
    others = any(package.version in versions for versions in shipped.values())
    return wanted in shipped and others and package.version not in shipped[wanted]


def _wrong_file(package: ExactPackage, toolkit: ExactToolkit) -> Iterator[str]:
    """Why a file cannot be the one of a package, by their names."""
    if package.is_conda:
        return
    file = f"gives {package.filename} as the file of {package.dist}"
    if package.is_wheel:
        if package.build != BUILD:
            yield f"{file}, and a wheel becomes another build"
        return
    if not package.sha256:
        # The cache finds what was made from it by this hash.
        yield f"{file} without a SHA-256, which every archive and installer has"
    elif _is_installer(package):
        if toolkit.origin is not Origin.RUNFILE or package.build != build_of(package.sha256):
            yield f"{file}, and this installer becomes other packages"
    elif not package.filename.endswith(ENDINGS):
        yield f"{file}, which is neither a package nor a wheel, an archive or an installer"
    elif package.build != f"cuda{toolkit.version}_0" or toolkit.origin is not Origin.REDIST:
        yield f"{file}, and an archive of CUDA {toolkit.version} becomes another build"


def _is_installer(package: ExactPackage) -> bool:
    return package.name.startswith(PREFIX) or (
        package.is_foreign and InstallerName.parse(package.filename) is not None
    )


def _missing(toolkit: ExactToolkit, parts: set[str]) -> Iterator[str]:
    """The packages that a toolkit of its flavor has to have, and does not."""
    if any(package.name == "cudatoolkit" for package in toolkit.packages):
        parts = {*parts, "cudart", "cublas"}
    wanted = ["nvcc"] if "nvcc" in toolkit.components else []
    if toolkit.flavor is not None:
        wanted.append("cudart")
        # Of packages of the environment itself any runtime is called one.
        whole = toolkit.flavor.rank > Flavor.BASE.rank and not toolkit.origin.adopted
        wanted += ["cublas"] if whole else []
        wanted += ["nvcc"] if toolkit.flavor is Flavor.DEVEL else []
    what = toolkit.flavor.value if toolkit.flavor else "with nvcc"
    for part in wanted:
        if part not in parts:
            yield f"calls CUDA {toolkit.version} {what}, and has no {part} for it"
