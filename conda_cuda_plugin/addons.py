"""cuDNN and NCCL: they have versions of their own, and are installed into a toolkit's root."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .data import read_data
from .errors import CudaError, UsageError
from .quoting import quoted
from .system.reading import open_regular

NONE = "none"
"""What a user writes to remove an add-on."""
_VERSION = re.compile(r"\d{1,3}(\.\d{1,4}){0,3}", re.ASCII)


@dataclass(frozen=True)
class Addon:
    """A library of NVIDIA's that is not part of the toolkit."""

    name: str
    title: str
    library: str
    """The beginning of its shared library's name."""
    pypi: str
    """The name of its wheel; `{major}` stands for CUDA's major version."""
    channel: Sequence[str]
    """The conda packages to ask for."""
    packages: Sequence[str]
    """Every conda package that is part of it."""
    needs: Sequence[str]
    """The components of the toolkit that it loads."""
    headers: Sequence[str]
    """The headers with its version, the likeliest first."""
    macros: Sequence[str]
    """The macros in them that hold its numbers."""
    windows: bool
    """Whether it exists for Windows."""
    cuda: Mapping[int, tuple[str, str | None]]
    """CUDA's major version to its first and last version for it; None: the series goes on."""

    def owns(self, package: str) -> bool:
        """Whether a package of this name is part of the add-on."""
        prefix = self.pypi.partition("{")[0]
        return package in self.packages or bool(re.fullmatch(rf"{prefix}\d+", package))

    def wheel(self, major: int) -> str:
        """The name of its wheel for a major version of CUDA."""
        return self.pypi.format(major=major)


@cache
def addons() -> dict[str, Addon]:
    """Every known add-on by name (source: data/addons.json)."""
    found = {}
    for name, row in read_data("addons.json")["addons"].items():
        found[name] = Addon(name, **row | {"cuda": {int(m): s for m, s in row["cuda"].items()}})
    return found


def addon_of(package: str) -> Addon | None:
    """The add-on that a conda package is part of, by its name."""
    return next((addon for addon in addons().values() if addon.owns(package)), None)


def addons_of(packages: Iterable[str]) -> dict[str, str]:
    """The add-ons among some packages (`name-version-build`), with their versions."""
    found: dict[str, str] = {}
    for package in packages:
        name, _, rest = package.rpartition("-")[0].rpartition("-")
        addon = addon_of(name)
        if addon is not None:
            found.setdefault(addon.name, rest)
    return {name: found[name] for name in addons() if name in found}


def needed_components(wanted: Iterable[str]) -> tuple[str, ...]:
    """The components of the toolkit that some add-ons load."""
    return tuple(dict.fromkeys(part for name in wanted for part in addons()[name].needs))


def in_words(wanted: Mapping[str, str]) -> str:
    """`cuDNN 8.9 and NCCL 2.21`; empty for none."""
    return " and ".join(f"{addons()[name].title} {version}" for name, version in wanted.items())


def fits(wanted: str, version: str) -> bool:
    """Whether a version is the wanted one or begins with it (`8.9` and `8.9.7.29`)."""
    return f"{version}.".startswith(f"{wanted}.")


def agrees(wanted: str, version: str) -> bool:
    """Whether a version may be the wanted one, as far as both have numbers.

    Headers state three numbers of four: `8.9.7.29` agrees with `8.9.7`.
    """
    return fits(wanted, version) or fits(version, wanted)


def is_addon_version(text: str) -> bool:
    """Whether a text is a version or `none`."""
    return text == NONE or bool(_VERSION.fullmatch(text))


def check_addons(wanted: Mapping[str, str]) -> None:
    """Refuse what is not an add-on, as a damaged record may have it, or not a version."""
    for name, version in wanted.items():
        if name not in addons():
            raise UsageError(
                f"{quoted(name)} is not an add-on of CUDA, but is recorded as a requested one.",
                hints=["Name the release again, and nothing recorded counts: conda cuda use 12.4"],
                addon=name,
            )
        if not is_addon_version(version):
            title = addons()[name].title
            raise UsageError(
                f"{quoted(version)} is not a version of {title}.",
                hints=[f"Write --{name} 9, --{name} 9.10, --{name} 9.10.2.21 or --{name} none."],
                addon=name,
                version=version,
            )


def check_major(wanted: Mapping[str, str], major: int) -> None:
    """Refuse an add-on that does not exist for a major version of CUDA.

    Raises:
        CudaError: with the versions that exist.
    """
    for name, version in wanted.items():
        addon = addons()[name]
        if version == NONE:
            continue
        if major not in addon.cuda:
            known = ", ".join(str(number) for number in addon.cuda)
            raise CudaError(
                f"There is no {addon.title} for CUDA {major}.",
                hints=[f"{addon.title} exists for CUDA {known}."],
                addon=name,
                version=version,
            )
        first, last = addon.cuda[major]
        if _below(version, first) or (last is not None and _below(last, version)):
            others = [
                str(number)
                for number, (start, end) in addon.cuda.items()
                if not _below(version, start) and not (end is not None and _below(end, version))
            ]
            until = f"goes from {first} to {last}" if last else f"begins with {first}"
            hints = [f"For CUDA {major} it {until}: --{name} {last or first}"]
            if others:
                hints.append(f"{addon.title} {version} was built for CUDA {', '.join(others)}.")
            raise CudaError(
                f"{addon.title} {version} does not exist for CUDA {major}.",
                hints=hints,
                addon=name,
                version=version,
            )


def has_addon(name: str, version: str, major: int) -> bool:
    """Whether an add-on exists in a version for a major version of CUDA."""
    try:
        check_major({name: version}, major)
    except CudaError:
        return False
    return True


def check_platform(wanted: Mapping[str, str], *, windows: bool) -> None:
    """Refuse an add-on that does not exist for a platform.

    Raises:
        CudaError: it does not exist there.
    """
    for name, version in wanted.items():
        addon = addons()[name]
        if windows and not addon.windows and version != NONE:
            raise CudaError(
                f"There is no {addon.title} for Windows.",
                hints=[f"Leave --{name} out; on Linux, WSL among it, {addon.title} exists."],
                addon=name,
                version=version,
            )


def _below(first: str, second: str) -> bool:
    """Whether a version is older than another, as far as both have numbers."""
    one, two = ([int(number) for number in text.split(".")] for text in (first, second))
    length = min(len(one), len(two))
    return one[:length] < two[:length]


_MOST = 2**20
"""Bytes; the largest of the headers (cudnn.h of 7.x) has a tenth of it."""


def addons_in(root: Path) -> dict[str, str]:
    """The add-ons in a toolkit that is laid out like /usr/local/cuda, with their versions.

    The version is the header's (`8.9.7`), else that of the library's file name (`9`).
    """
    found = {}
    for name, addon in addons().items():
        version = _from_library(root, addon)
        if version is not None:
            # A header without the library is what a removed installation leaves behind.
            found[name] = _from_headers(root, addon) or version
    return found


def _from_headers(root: Path, addon: Addon) -> str | None:
    for name in addon.headers:
        try:
            with open_regular(root / "include" / name) as file:
                text = file.read(_MOST).decode("utf-8", "replace")
        except OSError:
            continue
        matches = [
            re.search(rf"^\s*#\s*define\s+{macro}\s+(\d+)", text, re.MULTILINE | re.ASCII)
            for macro in addon.macros
        ]
        numbers = [match[1] for match in matches if match is not None]
        if len(numbers) == len(matches):
            return ".".join(numbers)
    return None


def _from_library(root: Path, addon: Addon) -> str | None:
    """The longest version in the names of a library and of the targets of its links."""
    named, versions = re.compile(rf"{re.escape(addon.library)}\.(\d+(?:\.\d+)*)"), []
    for folder in (root / "lib64", root / "lib"):
        with contextlib.suppress(OSError):
            for path in map(folder.joinpath, sorted(os.listdir(folder))):
                if path.name.startswith(addon.library) and path.exists():
                    names = (path.name, os.path.basename(os.path.realpath(path)))
                    versions += [match[1] for match in map(named.fullmatch, names) if match]
    return max(versions, key=len, default=None)
