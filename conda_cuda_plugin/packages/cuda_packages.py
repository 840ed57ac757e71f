"""Which conda packages are CUDA's: those whose names tell it, and what CUDA's metapackages bring.

A single package is known by its name alone. Of packages that were installed together, metapackages
say what belongs to a release: new parts have names that no table has yet.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..data import read_data
from ..system.reading import read_json

_read_before: dict[tuple[int, ...], tuple[tuple[str, ...], tuple[str, ...]]] = {}
"""Dependencies and files of records, by what tells a file apart: a root may be renamed."""
_PIN = re.compile(r"(?P<operator>==|=|>=)?(?P<version>\d+(?:\.\w+)+?)(?:\.\*)?")


@cache
def is_cuda_package(name: str) -> bool:
    """Whether a conda package holds files of NVIDIA's toolkit or add-ons, by its name."""
    rule = read_data("components.json")["cuda_packages"]
    named = name in rule["exact"] or name.startswith(tuple(rule["prefixes"]))
    return named and name not in rule["not"]


def is_nvcc(name: str) -> bool:
    """Whether a conda package, or one made of a wheel, brings the compiler, by its name."""
    return bool(re.match(r"(nvidia-)?cuda-nvcc(-tools|-impl|-cu\d|_|$)", name))


@cache
def lists() -> tuple[str, ...]:
    """The metapackages of a release that are known by name (source: data/components.json)."""
    return tuple(read_data("components.json")["lists"])


def pinned(depends: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of what a metapackage brings.

    conda-forge's say `libcublas 12.9.1.4.*`, NVIDIA's own `libcublas >=12.4.2.65`: the version
    that the release was published with. What has no version, or a short bound like `libgcc >=14`,
    is no part of CUDA.
    """
    about_cuda = read_data("components.json")["cuda_packages"]["not"]
    for text in depends:
        name, _, rest = text.partition(" ")
        match = _PIN.fullmatch(rest.split(" ")[0])
        if match is None or name.startswith("__") or name in about_cuda:
            continue
        if match["operator"] == ">=" and match["version"].count(".") < 2:
            continue
        yield name, match["version"]


def _siblings(depends: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of what comes from the same recipe: it is asked for by its very build."""
    for text in depends:
        words = text.split(" ")
        if len(words) == 3 and re.fullmatch(r"\d[\w.]*", words[1]):
            yield words[0], words[1]


def cuda_names(names: Iterable[str], depends: Callable[[str], Sequence[str]]) -> set[str]:
    """Those of the packages of an environment, or of a plan, that are CUDA's.

    `depends` gives the dependencies of a package; it is asked about CUDA's own packages only.
    """
    there = set(names)
    pending = [(name, name in lists()) for name in there if is_cuda_package(name)]
    done: dict[str, bool] = {}
    while pending:
        name, is_list = pending.pop()
        if done.get(name, False) or (name in done and not is_list):
            continue
        done[name] = is_list
        needed = depends(name)
        found = [(other, False) for other, _ in _siblings(needed)]
        if is_list:
            brought = dict(pinned(needed))
            found += [(other, is_list_of(other, brought)) for other in brought]
        pending += [(other, listed) for other, listed in found if other in there]
    return set(done)


def is_list_of(name: str, brought: Mapping[str, str]) -> bool:
    """Whether one of the packages that a metapackage brings is a metapackage, too.

    Most share their version. `brought` has the versions, as `pinned` gives them.
    """
    if name in lists():
        return True
    return name.startswith("cuda-") and any(
        brought[other] == brought.get(name) for other in lists() if other in brought
    )


@dataclass(frozen=True)
class CudaRecord:
    """A CUDA package that is installed, as its record in `conda-meta` says."""

    name: str
    version: str
    build: str
    depends: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Relative to the prefix, with forward slashes."""


def cuda_records(prefix: Path) -> list[CudaRecord]:
    """CUDA's packages in a prefix, by name.

    Only their records are read, which keeps this fast in a prefix with hundreds of packages.
    """
    paths: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for entry in os.scandir(prefix / "conda-meta"):
            # The name is the record's own.
            words = entry.name.rsplit("-", 2)
            if len(words) == 3 and entry.name.endswith(".json"):
                paths[words[0]] = entry.path

    def record(name: str) -> CudaRecord:
        _, version, build = paths[name].removesuffix(".json").rsplit("-", 2)
        depends: tuple[str, ...] = ()
        files: tuple[str, ...] = ()
        with contextlib.suppress(OSError):
            facts = os.stat(paths[name])
            key = facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size
            if key not in _read_before:
                _read_before[key] = _read(paths[name])
            depends, files = _read_before[key]
        return CudaRecord(name, version, build, depends, files)

    return [record(name) for name in sorted(cuda_names(paths, lambda name: record(name).depends))]


def _read(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dependencies and files of a record; nothing when it is damaged."""
    try:
        content = read_json(path)
        files = tuple(str(path).replace("\\", "/") for path in content["files"])
        return tuple(str(text) for text in content.get("depends") or ()), files
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return (), ()
