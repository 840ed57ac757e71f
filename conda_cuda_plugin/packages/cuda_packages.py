"""Which conda packages are CUDA's: those whose names tell it, and what CUDA's metapackages bring.

A name is all that is known of a single package. Where the packages that came with it are known
too, their metapackages say what belongs to a release: new parts have names that no table has yet.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from ..data import read_data
from ..system.reading import read_json

Depends = Callable[[str], Sequence[str]]
"""Gives the dependencies of a package by its name; none for one that is not there."""

_PIN = re.compile(r"(?P<operator>==|=|>=)?(?P<version>\d+(?:\.\w+)+?)(?:\.\*)?")


@cache
def is_cuda_package(name: str) -> bool:
    """Whether a conda package holds files of NVIDIA's toolkit or add-ons, by its name."""
    rule = read_data("components.json")["cuda_packages"]
    if _is_beside(name):
        return False
    return name in rule["exact"] or name.startswith(tuple(rule["prefixes"]))


def _is_beside(name: str) -> bool:
    """Whether a package is about CUDA, without any of its files."""
    return name in read_data("components.json")["cuda_packages"]["not"]


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
    for text in depends:
        name, _, rest = text.partition(" ")
        match = _PIN.fullmatch(rest.split(" ")[0])
        if match is None or name.startswith("__") or _is_beside(name):
            continue
        if match["operator"] == ">=" and match["version"].count(".") < 2:
            continue
        yield name, match["version"]


def siblings(depends: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and version of what comes from the same recipe: it is asked for by its very build."""
    for text in depends:
        words = text.split(" ")
        if len(words) == 3 and re.fullmatch(r"\d[\w.]*", words[1]):
            yield words[0], words[1]


def cuda_names(names: Iterable[str], depends: Depends) -> set[str]:
    """Those of some packages that are CUDA's.

    Args:
        names: the names of packages that are installed together, or planned to be.
        depends: what each of them depends on. It is asked about CUDA's own packages only.
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
        found = [(other, False) for other, _ in siblings(needed)]
        if is_list:
            brought = dict(pinned(needed))
            found += [(other, is_list_of(other, brought)) for other in brought]
        pending += [(other, listed) for other, listed in found if other in there]
    return set(done)


def is_list_of(name: str, brought: Mapping[str, str]) -> bool:
    """Whether a package that a metapackage brings is one too: most lists share their version.

    Args:
        name: the package.
        brought: the version of each that comes along, as `pinned` gives them.
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
            depends, files = _read(_Record(paths[name], os.stat(paths[name])))
        return CudaRecord(name, version, build, depends, files)

    return [record(name) for name in sorted(cuda_names(paths, lambda name: record(name).depends))]


class _Record:
    """A record's file, which is the same one in a root that has another name since.

    The facts about it are there to notice another file.
    """

    def __init__(self, path: str, facts: os.stat_result) -> None:
        self.path = path
        self.facts = facts.st_dev, facts.st_ino, facts.st_mtime_ns, facts.st_size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Record) and self.facts == other.facts

    def __hash__(self) -> int:
        return hash(self.facts)


@lru_cache(maxsize=256)
def _read(record: _Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dependencies and files of a record; nothing when it is damaged.

    A command asks several times.
    """
    try:
        content = read_json(record.path)
        files = tuple(str(path).replace("\\", "/") for path in content["files"])
        return tuple(str(text) for text in content.get("depends") or ()), files
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return (), ()
