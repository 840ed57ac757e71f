"""Which of the files of an index is the one that pip would take."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...platforms import Platform
from .pages import IndexFile

_MOST_TAGS = 100
"""No wheel has more than 20; a name of 3 kB could stand for a thousand million."""


@dataclass(frozen=True)
class Candidate:
    """A wheel that fits the platform."""

    file: IndexFile
    version: Any
    rank: int
    """How far its tag is from the best one."""
    build: tuple[Any, ...]


def candidates(name: str, files: Iterable[IndexFile], platform: Platform) -> list[Candidate]:
    """The wheels of a package that fit a platform, in the order of the files.

    Which Python they are for does not count beyond their tags: a toolkit has no Python.

    Args:
        name: the package, in its normal form.
        files: what indexes list, other packages too.
        platform: what has to fit.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    ranks = _ranks(platform)
    found = []
    for file in files:
        if not file.filename.endswith(".whl") or _tags_in(file.filename) > _MOST_TAGS:
            continue
        try:
            package, version, build, tags = parse_wheel_filename(file.filename)
        except (InvalidWheelFilename, ValueError):
            continue
        fitting = [ranks[tag] for tag in tags if tag in ranks]
        if package == name and fitting:
            found.append(Candidate(file, version, min(fitting), build))
    return found


def _tags_in(filename: str) -> int:
    """How many tags a name stands for: every combination of those in its three last parts."""
    parts = filename.removesuffix(".whl").split("-")[-3:]
    return math.prod(part.count(".") + 1 for part in parts)


def best(found: Sequence[Candidate], requirement: Any) -> Candidate | None:
    """The wheel that meets a requirement best; None when none does.

    The newest version, and of that the tag that says most, and the last that was found. One that
    was taken back is given only for a requirement that names exactly its version (PEP 592).
    """
    allowed = set(requirement.specifier.filter({one.version for one in found}))
    fitting = [one for one in found if one.version in allowed]
    offered = [one for one in fitting if not one.file.yanked]
    if not offered and _is_exact(requirement.specifier):
        offered = fitting
    order = sorted(offered, key=lambda one: (one.version, -one.rank, one.build))
    return order[-1] if order else None


def _is_exact(specifier: Any) -> bool:
    return any(
        one.operator == "===" or (one.operator == "==" and not one.version.endswith(".*"))
        for one in specifier
    )


@functools.cache
def _ranks(platform: Platform) -> dict[Any, int]:
    """The tags that fit, as `pip install --platform` has them: 0 is the best."""
    import sys

    from packaging.tags import compatible_tags, cpython_tags, interpreter_name

    platforms = platform.wheel_tags
    interpreter = f"{interpreter_name()}{sys.version_info[0]}{sys.version_info[1]}"
    tags = [
        *cpython_tags(platforms=platforms),
        *compatible_tags(interpreter=interpreter, platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
