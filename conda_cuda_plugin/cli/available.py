"""`conda cuda list --available`: which source offers which flavor of a release, and how large."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conda import CondaError
from conda.base.context import context

from ..errors import CudaError
from ..network.answers import has_answered, hurried
from ..sources.base import AvailableFlavor
from ..system.conda_compat import first_line
from ..system.progress import Waiting
from ..toolkit import Flavor, Origin, has_instead, nearest, published
from ..versions import VersionRequest
from .common import print_json, say, size, target_environment, this_platform, warn
from .content import source_order
from .layout import table

NOTE = "# sizes are about, ? is unknown; conda cuda list --available 12.4 shows more"


@dataclass(frozen=True)
class _Row:
    """A flavor of a release at one place."""

    source: str
    rank: int
    """The place of the source in the order in which sources are asked."""
    place: int
    """Where it is among the places of its source, which come in the order of their preference."""
    found: AvailableFlavor

    @property
    def release(self) -> str:
        return self.found.version.release


def show_available(args: Namespace) -> int:
    """Show what the sources have: all releases, or every place that has one."""

    request = VersionRequest.parse(args.cuda_available) if args.cuda_available else None
    rows, problems = _ask(args)
    flavors = [flavor for flavor in Flavor if args.cuda_flavor in (None, flavor.value)]
    shown = [
        row
        for row in rows
        if row.found.flavor in flavors and (request is None or request.matches(row.found.version))
    ]
    if request is not None and not shown:
        raise _nothing(request, rows, args.cuda_flavor, problems)
    if context.json:
        print_json(_document(shown, problems))
        return 0
    if request is not None and request.release:
        say(f"# CUDA {request} for {this_platform().subdir}", *table(_places(shown), indent=""))
    else:
        say(*table(_releases(shown, flavors), indent=""), NOTE)
    for problem in problems.values():
        warn(f"# {problem}")
    return 0


def _ask(args: Namespace) -> tuple[list[_Row], dict[str, str]]:
    """What every source has, and what those say that cannot be asked."""

    from ..sources.table import NAMES, ORDER, source

    named = getattr(args, "name", None) or getattr(args, "prefix", None)
    environment = target_environment(args) if context.active_prefix or named else None
    channels = tuple(args.cuda_channels or context.plugins.cuda_channels)
    rows: dict[str, list[_Row]] = {}
    problems: dict[str, str] = {}
    asked = source_order() or ORDER
    # What is here already comes first.
    names = sorted(NAMES, key=lambda name: name != "environment")

    def ask(name: str) -> None:
        # Those that `use` asks only when they are named come last.
        rank = asked.index(name) if name in asked else len(asked) + names.index(name)
        rows[name] = []
        problems.pop(name, None)
        try:
            with Waiting(f"Asking {name}"), hurried(not channels):
                places: dict[str, int] = {}
                for found in source(name).available(
                    this_platform(), environment, channels, bool(context.offline)
                ):
                    place = places.setdefault(found.where, len(places))
                    rows[name].append(_Row(name, rank, place, found))
        except CudaError as error:
            problems[name] = error.message
        except CondaError as error:
            problems[name] = f"{name} cannot be asked: {first_line(error)}"

    for name in names:
        ask(name)
    if has_answered():
        # Slow and no more: it has answered while the others were asked.
        ask("channel")
    return [row for name in names for row in rows[name]], problems


def _releases(rows: Sequence[_Row], flavors: Sequence[Flavor]) -> list[tuple[str, ...]]:
    """A line for each release: the first source that has a flavor, and who else has some."""
    lines = [("release", *(flavor.value for flavor in flavors), "also")]
    for release, group in _by_release(rows).items():
        best = [
            next((row for row in group if row.found.flavor is flavor), None) for flavor in flavors
        ]
        first = {row.source for row in best if row is not None}
        others = dict.fromkeys(row.source for row in group if row.source not in first)
        lines.append((release, *map(_cell, best), _some(list(others))))
    return lines


def _places(rows: Sequence[_Row]) -> list[tuple[str, ...]]:
    """A line for each flavor at each place."""
    lines: list[tuple[str, ...]] = [("flavor", "version", "source", "download", "nvcc", "where")]
    for row in sorted(rows, key=lambda row: (row.found.flavor.rank, *_preference(row))):
        found = row.found
        nvcc = "yes" if found.nvcc else "no"
        version = str(found.version)
        lines.append((found.flavor.value, version, row.source, _download(found), nvcc, found.where))
    return lines


def _document(rows: Sequence[_Row], problems: Mapping[str, str]) -> dict[str, Any]:
    """Everything, for machines."""
    available = []
    for release, group in _by_release(rows).items():
        where: dict[str, list[str]] = {}
        for row in group:
            text = str(row.found.version) if row.source == "pypi" else row.found.where
            places = where.setdefault(row.source, [])
            if text not in places:
                places.append(text)
        offers = [
            {
                "source": row.source,
                "where": row.found.where,
                "version": str(row.found.version),
                "flavor": row.found.flavor.value,
                "size": row.found.size,
                "nvcc": row.found.nvcc,
            }
            for row in group
        ]
        available.append({"release": release, **where, "offers": offers})
    return {
        "platform": this_platform().subdir,
        "available": available,
        "problems": dict(problems),
    }


def _by_release(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    """The places of each release, newest release first, the one to be taken first."""
    found: dict[str, list[_Row]] = {}
    newest = sorted(rows, key=lambda row: row.found.version, reverse=True)
    for row in newest:
        found.setdefault(row.release, []).append(row)
    return {release: sorted(group, key=_preference) for release, group in found.items()}


def _preference(row: _Row) -> tuple[int, int, int]:
    """By source, then by channel, then by version."""
    return row.rank, row.place, -row.found.version.patch


def _some(names: Sequence[str], width: int = 16) -> str:
    """Names, or as many of them as a screen has room for."""
    text = ", ".join(names)
    return text if len(text) <= width else f"{names[0]} and {len(names) - 1} more"


def _cell(row: _Row | None) -> str:
    if row is None:
        return "-"
    # What is adopted where it lies is never downloaded.
    adopted = Origin(row.source).adopted
    return row.source if adopted else f"{row.source} {_download(row.found)}"


def _download(found: AvailableFlavor) -> str:
    if found.size is None:
        return "?"
    return size(found.size) if found.size else "nothing"


def _nothing(
    request: VersionRequest,
    rows: Sequence[_Row],
    flavor: str | None,
    problems: Mapping[str, str],
) -> CudaError:
    """No source has what was named."""
    there = [row for row in rows if flavor in (None, row.found.flavor.value)]
    known = {row.found.version for row in there}
    hints: list[str] = []
    if any(map(request.matches, published())):
        for source in dict.fromkeys(row.source for row in there):
            own = [row.found.version for row in there if row.source == source]
            hints += filter(None, [has_instead(source, request, own)])
    elif request.exact:
        known |= set(published())
    near = nearest(request, known) if request.release and not hints else None
    hints += [near.hint] if near else []
    what = f"CUDA {request}" + (f" of flavor {flavor}" if flavor else "")
    return CudaError(
        f"No source has {what}.", hints=[*hints, *problems.values()], version=str(request)
    )
