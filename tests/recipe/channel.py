"""A conda channel made of the throwaway base: all that the recipe needs to build and to run.

Every distribution that pip has put into the base becomes a conda package, with its files and its
requirements; `python` is the machine's interpreter, wrapped as a virtual environment wraps it;
`conda` is the one that tests/base/assemble.py unpacks. The project itself is left out.

usage: python -m tests.recipe.channel BASE FOLDER, with the base's own Python
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

from ..channel.package import PLACEHOLDER, CondaPackage, write_channel

PROJECT_NAME = "conda-cuda"
VERSION = ".".join(map(str, sys.version_info[:3]))
SHORT = ".".join(map(str, sys.version_info[:2]))
SITE_PACKAGES = f"lib/python{SHORT}/site-packages"
PYTHON = f"python {SHORT}.*"

CONDA_NEEDS = (
    *("archspec", "boltons", "charset-normalizer", "conda-package-handling"),
    *("conda-package-streaming", "distro", "frozendict", "jsonpatch", "packaging", "platformdirs"),
    *("pluggy", "pycosat", "requests", "ruamel.yaml", "setuptools", "tqdm", "truststore"),
    "zstandard",
)
"""conda 24.7.1's own requirements; the carrier that it is unpacked from has others."""
CONDA_ROOT_FILES = (
    *("bin/conda", ".condarc", "etc/profile.d/conda.sh", "etc/profile.d/conda.csh"),
    "etc/fish/conf.d/conda.fish",
)
"""What conda has outside of site-packages."""


def conda_name(name: str) -> str:
    """What the conda package of a distribution is called: its own name, dots kept."""
    return re.sub(r"[-_]+", "-", name).lower()


def depends(distribution: Distribution) -> Iterator[str]:
    """A distribution's requirements here, as conda writes them."""
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield f"{conda_name(requirement.name)} {requirement.specifier}".strip()


def python_package() -> CondaPackage:
    """The machine's interpreter: links to it, and the file that makes a prefix of the folder."""
    interpreter = Path(sys.base_prefix, "bin", f"python{SHORT}")
    config = (
        f"home = {interpreter.parent}\ninclude-system-site-packages = false\nversion = {VERSION}\n"
    )
    links = {f"bin/{name}": f"python{SHORT}" for name in ("python", "python3")}
    return CondaPackage(
        "python",
        VERSION,
        files={"pyvenv.cfg": config.encode(), f"{SITE_PACKAGES}/README.txt": b""},
        links={f"bin/python{SHORT}": str(interpreter), **links},
    )


def distribution_package(distribution: Distribution, base: Path) -> CondaPackage:
    """A conda package with the files of a distribution."""
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        path = Path(file.locate()).resolve()
        if "__pycache__" not in file.parts:
            files[path.relative_to(base).as_posix()] = _content(path, base)
    name, version = distribution.metadata["Name"], distribution.version
    needs = (PYTHON, *depends(distribution))
    return CondaPackage(conda_name(name), version, needs, files=files)


def conda_package(distribution: Distribution, base: Path) -> CondaPackage:
    """conda itself, which has no list of its files."""
    site_packages = base / SITE_PACKAGES
    found = [base / name for name in CONDA_ROOT_FILES]
    for folder in ("conda", f"conda-{distribution.version}.dist-info"):
        found += (path for path in (site_packages / folder).rglob("*") if path.is_file())
    files = {
        path.relative_to(base).as_posix(): _content(path, base)
        for path in found
        if path.parent.name != "__pycache__"
    }
    # Whoever looks at the package can see what it holds, pip too.
    record = "".join(
        f"{PurePosixPath(name).relative_to(SITE_PACKAGES)},,\n"
        for name in sorted(files)
        if name.startswith(SITE_PACKAGES)
    )
    files[f"{SITE_PACKAGES}/conda-{distribution.version}.dist-info/RECORD"] = record.encode()
    return CondaPackage("conda", distribution.version, (PYTHON, *CONDA_NEEDS), files=files)


def packages(base: Path) -> Iterator[CondaPackage]:
    """Every package of the channel."""
    yield python_package()
    for distribution in distributions(path=[str(base / SITE_PACKAGES)]):
        name = conda_name(distribution.metadata["Name"])
        if name == "conda":
            yield conda_package(distribution, base)
        elif name != PROJECT_NAME:
            yield distribution_package(distribution, base)


def _content(path: Path, base: Path) -> bytes:
    """A file's bytes, with the placeholder for the base's own path."""
    return path.read_bytes().replace(str(base).encode(), PLACEHOLDER.encode())


def main() -> None:
    """Write the channel."""
    from conda.base.context import context

    base, folder = (Path(word).resolve() for word in sys.argv[1:])
    write_channel(folder, context.subdir, packages(base))


if __name__ == "__main__":
    main()
