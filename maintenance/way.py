"""Print how often the code changes files on the way of `conda cuda use 12.4 --from pypi`.

The request is run with the throwaway conda, for one wheel with one file in it, and every call of a
function of the package is written down. A stay is a run of calls within one file; a climb is a
step from one stay to another on a higher floor. What all rooms share and only ask questions
(`SHARED`) is passed over.

usage: python -m maintenance.way BASE [--list] [--index]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from pathlib import Path

from tests.sources.index.server import Index, serve_index
from tests.sources.wheelhouse import COMPONENTS, only_folder, only_index, write_wheel

from .house import PROJECT, floor

START = Path(__file__).with_name("way_start.py")
SHARED = ("system", "data", "network/addresses.py")
"""Rooms and files that are no stations, beside those that stand at the top of the package."""
_WHEEL = ("nvidia-cuda-runtime-cu12", "12.4.127")
_LIBRARY = "nvidia/cuda_runtime/lib/libcudart.so.12"
_CONDARC = """\
channels: []
default_channels: []
auto_update_conda: false
notify_outdated_conda: false
number_channel_notices: 0
report_errors: false
"""
PARTS = {
    "offer": (("call", "offer"), ("return", "offer")),
    "fetch": (("call", "install"), ("call", "build_aside")),
    "link": (("call", "build_aside"), ("return", "make_package_view")),
}
"""The parts of the way of a wheel, and the events at which they begin and end."""
_OF = {
    "offer": "sources/pypi/source.py",
    "install": "install/root.py",
    "build_aside": "install/root.py",
    "make_package_view": "install/view.py",
}


@dataclass(frozen=True)
class Step:
    """A function of the package is called, or returns."""

    event: str
    file: str
    function: str


@dataclass(frozen=True)
class Stay:
    """Calls within one file, one behind the other."""

    file: str
    functions: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """What was passed through."""

    stays: tuple[Stay, ...]

    @property
    def visits(self) -> Counter[str]:
        """How often each file was come to."""
        return Counter(stay.file for stay in self.stays)

    @property
    def climbs(self) -> int:
        """How often the next file stands on a higher floor."""
        floors = [floor(stay.file) for stay in self.stays]
        return sum(before < after for before, after in pairwise(floors))


def way_of(steps: Iterable[Step]) -> Way:
    """The stays in the order of some steps."""
    calls = [step for step in steps if step.event == "call" and not _is_shared(step.file)]
    stays = []
    for file, run in groupby(calls, key=lambda step: step.file):
        stays.append(Stay(file, tuple(name for name, _ in groupby(one.function for one in run))))
    return Way(tuple(stays))


def _is_shared(file: str) -> bool:
    return "/" not in file or file.startswith(SHARED)


def part(steps: list[Step], name: str) -> list[Step]:
    """The steps of one part of the way."""
    begin, end = (_place(steps, *event) for event in PARTS[name])
    return steps[begin : end + 1]


def _place(steps: list[Step], event: str, function: str) -> int:
    return steps.index(Step(event, _OF[function], function))


def follow(base: Path, folder: Path, *, index: bool = False) -> list[Step]:
    """Run the request in a new folder; every call and return.

    Args:
        base: the throwaway conda.
        folder: where its home, its package cache and its environment go.
        index: whether the wheels come from a web index, and not from a folder.
    """
    wheels, prefix, cache = folder / "wheels", folder / "env", folder / "pkgs"
    for path in (wheels, prefix / "conda-meta", cache):
        path.mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    (cache / "urls.txt").touch()
    (folder / "condarc.yml").write_text(_CONDARC, encoding="utf-8")
    name, version = _WHEEL
    requires = [f"{name}=={version}.*; extra == 'cudart'"]
    write_wheel(wheels, "cuda-toolkit", "12.4.1", requires=requires, tag="py3-none-any")
    write_wheel(wheels, name, version, {_LIBRARY: COMPONENTS[_WHEEL][_LIBRARY]})
    words = ("cuda", "use", "12.4", "--from", "pypi", "--flavor", "base", "-yq", "-p", prefix)
    # The same way on every machine.
    words += ("--for", "driver=550,cc=8.9")
    with _served(wheels, index) as places:
        done = subprocess.run(
            [base / "bin" / "python", "-I", START, folder / "steps.json", *words],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "CONDARC": str(folder / "condarc.yml"),
                "CONDA_PKGS_DIRS": str(cache),
                "THROWAWAY_ENVIRONMENTS_TXT": str(folder / "environments.txt"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **places,
            },
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    rows = json.loads((folder / "steps.json").read_text(encoding="utf-8"))
    return [Step(*row) for row in rows]


@contextlib.contextmanager
def _served(wheels: Path, index: bool) -> Iterator[dict[str, str]]:
    """The variables with which pip finds the wheels."""
    if not index:
        yield only_folder(wheels)
        return
    with serve_index(Index(wheels)) as served:
        yield only_index(served.address)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("base", type=Path, help="the throwaway conda")
    parser.add_argument("--index", action="store_true", help="take the wheel from a web index")
    parser.add_argument("--list", action="store_true", help="print each stay, with its functions")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=PROJECT / "build") as folder:
        steps = follow(args.base.resolve(), Path(folder), index=args.index)
    parts = {name: part(steps, name) for name in PARTS}
    ways = {name: way_of(found) for name, found in parts.items()}
    ways["from the offer to the linked toolkit"] = whole = way_of(chain(*parts.values()))
    ways["the whole of use"] = way_of(steps)
    print(f"{'':40}{'stays':>8}{'files':>8}{'climbs':>8}{'most visits':>13}")
    for name, way in ways.items():
        visits = way.visits
        print(f"{name:40}{len(way.stays):8}{len(visits):8}{way.climbs:8}{max(visits.values()):13}")
    print("\nvisits of a file, from the offer to the linked toolkit")
    for file, count in whole.visits.most_common():
        print(f"{count:4}  {file}")
    if args.list:
        print("\nstays, with the functions that are called")
        for number, stay in enumerate(whole.stays, 1):
            print(f"{number:4}  {stay.file}: {', '.join(stay.functions)}")


if __name__ == "__main__":
    main()
