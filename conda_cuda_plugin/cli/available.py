"""`conda cuda list --available`: which source offers which flavor of a release, and how large."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from conda import CondaError
from conda.base.context import context

from ..errors import CudaError
from ..network.answers import has_answered, hurried
from ..sources.base import AvailableFlavor, Search
from ..sources.table import NAMES, ORDER, source
from ..system.conda_compat import first_line
from ..system.progress import Waiting
from ..toolkit import Flavor, Origin, has_instead, nearest, published
from ..versions import VersionRequest
from .common import facts, print_json, say, size, target_environment, this_platform, warn
from .content import source_order
from .layout import table

NOTE = "# sizes are approximate, ? is unknown; see conda cuda list --available 12.4"

Row = tuple[str, AvailableFlavor]
"""A source, and a flavor of a release that it has."""


def show_available(args: Namespace) -> int:
    """Show what the sources have: all releases, or every place that has one."""
    request = VersionRequest.parse(args.cuda_available) if args.cuda_available else None
    rows, problems = _ask(args)
    flavors = [flavor for flavor in Flavor if args.cuda_flavor in (None, flavor.value)]
    there = [(name, found) for name, found in rows if found.flavor in flavors]
    shown = [row for row in there if request is None or request.matches(row[1].version)]
    if request is not None and not shown:
        raise _nothing(request, there, args.cuda_flavor, problems)
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


def _ask(args: Namespace) -> tuple[list[Row], dict[str, str]]:
    """What every source has, best first, and the reasons of those that cannot be asked."""
    named = getattr(args, "name", None) or getattr(args, "prefix", None)
    environment = target_environment(args) if context.active_prefix or named else None
    channels = tuple(args.cuda_channels or context.plugins.cuda_channels)
    search = Search(this_platform(), environment, channels, bool(context.offline))
    rows: dict[str, list[AvailableFlavor]] = {}
    problems: dict[str, str] = {}
    # What is here already comes first.
    names = sorted(NAMES, key=lambda name: name != "environment")

    def ask(name: str) -> None:
        found: list[AvailableFlavor] = []
        problems.pop(name, None)
        try:
            with Waiting(f"Asking {name}"), hurried(not channels):
                found += source(name).available(search)
        except CudaError as error:
            problems[name] = error.message
        except CondaError as error:
            problems[name] = f"{name} cannot be asked: {first_line(error)}"
        # Places come in the order of their preference.
        places = list(dict.fromkeys(one.where for one in found))
        found.sort(key=lambda one: (places.index(one.where), -one.version.patch))
        rows[name] = found

    for name in names:
        ask(name)
    if has_answered():
        # It was only slow: it has answered while the others were asked.
        ask("channel")
    # Those that `use` asks only when they are named come last.
    ranked = dict.fromkeys((*(source_order() or ORDER), *names))
    return [(name, one) for name in ranked for one in rows[name]], problems


def _by_release(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each release, newest release first."""
    found: dict[str, list[Row]] = {}
    newest = sorted(rows, key=lambda row: row[1].version, reverse=True)
    for release in dict.fromkeys(row[1].version.release for row in newest):
        found[release] = [row for row in rows if row[1].version.release == release]
    return found


def _releases(rows: Sequence[Row], flavors: Sequence[Flavor]) -> list[tuple[str, ...]]:
    """A line for each release: the first source that has a flavor, and who else has some."""
    lines = [("release", *(flavor.value for flavor in flavors), "also")]
    for release, group in _by_release(rows).items():
        best = [next((row for row in group if row[1].flavor is flavor), None) for flavor in flavors]
        first = {row[0] for row in best if row is not None}
        also = list(dict.fromkeys(name for name, _ in group if name not in first))
        text = ", ".join(also)
        if len(text) > 16:
            text = f"{also[0]} and {len(also) - 1} more"
        lines.append((release, *map(_cell, best), text))
    return lines


def _places(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line for each flavor at each place."""
    lines: list[tuple[str, ...]] = [("flavor", "version", "source", "download", "nvcc", "where")]
    for name, found in sorted(rows, key=lambda row: row[1].flavor.rank):
        nvcc, version = "yes" if found.nvcc else "no", str(found.version)
        download = "-" if Origin(name).adopted else _download(found)
        lines.append((found.flavor.value, version, name, download, nvcc, found.where))
    return lines


def _document(rows: Sequence[Row], problems: Mapping[str, str]) -> dict[str, Any]:
    """Everything, for machines."""
    available = []
    for release, group in _by_release(rows).items():
        where: dict[str, dict[str, None]] = {}
        for name, found in group:
            text = str(found.version) if name == "pypi" else found.where
            where.setdefault(name, {})[text] = None
        offers = [
            {"source": name, **facts(found, "where version flavor size nvcc")}
            for name, found in group
        ]
        places = {name: list(texts) for name, texts in where.items()}
        available.append({"release": release, **places, "offers": offers})
    return {"platform": this_platform().subdir, "available": available, "problems": dict(problems)}


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    name, found = row
    # What is adopted where it lies is never downloaded.
    return name if Origin(name).adopted else f"{name} {_download(found)}"


def _download(found: AvailableFlavor) -> str:
    if found.size is None:
        return "?"
    return size(found.size) if found.size else "cached"


def _nothing(
    request: VersionRequest, rows: Sequence[Row], flavor: str | None, problems: Mapping[str, str]
) -> CudaError:
    """No source has what was named."""
    known = {found.version for _, found in rows}
    hints: list[str] = []
    if any(map(request.matches, published())):
        for name in dict.fromkeys(name for name, _ in rows):
            own = [found.version for one, found in rows if one == name]
            hints += filter(None, [has_instead(name, request, own)])
    elif request.exact:
        known |= set(published())
    near = nearest(request, known) if request.release and not hints else None
    hints += [near.hint] if near else []
    what = f"CUDA {request}" + (f" of flavor {flavor}" if flavor else "")
    return CudaError(
        f"No source has {what}.", hints=[*hints, *problems.values()], version=str(request)
    )
