"""What packages ask of the driver and the GPUs, which solvers know as `__cuda` and `__cuda_arch`.

Solvers say in many ways that they found no way, and conda's classic one takes a package whatever it
constrains there (conda/conda#10803). An index says it in one way, so the index is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import CudaError
from ..machine.machine import Machine
from ..machine.spec import ARCH, CUDA, overrides, seen_by_solver
from ..quoting import assignments, escaped
from .channel_records import Row, meets, rows_named, spec_of

NAMES = ("__cuda", "__cuda_arch")
_MOST_ROWS, _MOST_SHOWN = 50_000, 4
_LONGEST = 80
"""Characters of a dependency that are shown."""
_DEEPEST = 120
"""How many packages one may come through; an index may be made to go on for ever."""
_BOUND = re.compile(r"(?:^|[>=~])\s*(\d{1,4}(?:\.\d{1,3})?)(?!\d)")

_MEANING = (
    "__cuda is the newest CUDA that the driver runs, __cuda_arch the least compute capability of "
    "the GPUs."
)
_SOME_CUDA, _SOME_ARCH = "12.4", "8.9"
"""Of a machine that is an example."""

System = Mapping[str, str]
"""The versions of the virtual packages that are there, by name; of NAMES alone."""


@dataclass(frozen=True)
class _Step:
    """A package, and the dependency that it was to meet."""

    spec: str
    row: Row


_Way = tuple[_Step, ...]


@dataclass(frozen=True)
class Unmet:
    """A package that asks for another machine."""

    name: str
    version: str
    wants: tuple[str, ...]
    """Such as `__cuda >=13`."""
    through: tuple[str, ...]
    """The packages (`name version`) that bring it along, the nearest first."""
    newest: str | None
    """The newest version of it that the machine can have; None where there is none."""

    @property
    def text(self) -> str:
        """`app 3.0 wants __cuda >=13, through fastlib 2.0`."""
        wants, through = _listed(self.wants), _listed(self.through)
        text = f"{_listed([f'{self.name} {self.version}'])} wants {wants}"
        return f"{text}, through {through}" if through else text

    def example(self, name: str) -> str | None:
        """A version of a virtual package that is wanted; None when it is not about that one."""
        for want in self.wants:
            asked, _, constraint = want.partition(" ")
            bound = _BOUND.search(constraint) if asked == name else None
            version = f"{bound[1]}.0" if bound and "." not in bound[1] else bound and bound[1]
            if version and _meets(want, name, version):
                return version
        return None

    def hints(self, machine: Machine, variables: Mapping[str, str]) -> dict[str, str]:
        """What the machine has, which version it can have, and how to state another machine.

        `variables` are those of the shell that reads it. The keys are codes for the hints.
        """
        stated = self.other_machine(machine)
        where = "There" if machine.nodes else "Stated" if machine.elsewhere else "Here"
        here = f"{where}: {seen_by_solver(machine)}."
        found = {"cuda_here": f"{here} {_MEANING}"}
        if self.newest == self.version:
            found["cuda_newest"] = f"Another build of {self.name} {self.newest} would do."
        elif self.newest is not None:
            found["cuda_newest"] = f"The newest {self.name} that would do: {self.newest}"
        found["cuda_elsewhere"] = f"For another machine: {assignments(stated, variables)}"
        return found

    def other_machine(self, machine: Machine) -> dict[str, str | None]:
        """conda's variables for a machine that is as this one, but has what is wanted."""
        here = overrides(machine)
        return {
            CUDA: self.example("__cuda") or here[CUDA] or _SOME_CUDA,
            ARCH: self.example("__cuda_arch") or str(machine.capability or _SOME_ARCH),
        }


class UnmetError(CudaError):
    """What was asked for wants another machine."""

    def __init__(self, unmet: Unmet) -> None:
        super().__init__(f"{unmet.text}.")
        self.unmet = unmet


def on_system(virtual: Iterable[str]) -> System:
    """What there is of NAMES among virtual packages, `name version build` each."""
    named = (text.split() for text in virtual)
    return {name: version for name, version, *_ in named if name in NAMES}


def find_unmet(
    channels: Sequence[str], subdir: str, specs: Iterable[str], system: System
) -> Unmet | None:
    """The first of some specs that no package of the channels can meet on a machine.

    Returns:
        None when the machine is not what they fail over, or that would take too long to find.

    Raises what `rows_named` raises.
    """
    specs = tuple(specs)
    search = _Search(channels, subdir, specs, system)
    try:
        for spec in specs:
            if way := search.way(spec):
                return _with_the_other(search, spec, search.unmet(way))
    except _TooLongError:
        pass
    return None


def _with_the_other(search: _Search, spec: str, unmet: Unmet) -> Unmet:
    """What a package wants, with what it wants of the other of the two as well."""
    stated = {name: version for name in NAMES if (version := unmet.example(name))}
    there = search.on({**search.system, **stated})
    way = there.way(spec) if len(stated) == 1 else None
    if not way:
        return unmet
    more = there.unmet(way)
    if any(want.partition(" ")[0] in stated for want in more.wants):
        return unmet
    through = tuple(dict.fromkeys((*unmet.through, *more.through)))
    return replace(unmet, wants=(*unmet.wants, *more.wants), through=through)


def first_unfit(records: Iterable[Any], system: System) -> Unmet | None:
    """The first of some packages that itself asks for another machine."""
    for record in records:
        if wants := _lacking(record.depends, record.constrains, system):
            return Unmet(record.name, record.version, wants, (), None)
    return None


def fitting(
    channels: Sequence[str], subdir: str, records: Iterable[Any], system: System
) -> list[str]:
    """For each of some packages that asks for another machine a spec with its versions that do not.

    Raises what `rows_named` raises.
    """
    found = []
    for record in records:
        if first_unfit([record], system) is None:
            continue
        versions: dict[bool, set[str]] = {True: set(), False: set()}
        for channel in channels:
            for row in rows_named(channel, subdir, record.name):
                versions[not _wants(row, system)].add(row.version)
        if good := versions[True] - versions[False]:
            found.append(f"{record.name} {'|'.join(sorted(good))}")
    return found


def _listed(texts: Sequence[str]) -> str:
    """Some texts of an index in a sentence, which may be of any length."""
    shown = [escaped(one if len(one) <= _LONGEST else f"{one[:_LONGEST]}...") for one in texts]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN - 1 :] = [f"{len(shown) - _MOST_SHOWN + 1} more"]
    *most, last = shown or [""]
    return f"{', '.join(most)} and {last}" if most else last


class _TooLongError(Exception):
    """The index is larger than what can be searched while somebody waits."""


class _Search:
    """What packages lack on a machine, themselves or by what they depend on."""

    def __init__(
        self, channels: Sequence[str], subdir: str, specs: Iterable[str], system: System
    ) -> None:
        self._channels, self._subdir, self.system = channels, subdir, system
        self._left = _MOST_ROWS
        self._specs = tuple(specs)
        self._asked: dict[str, list[Any]] = {}
        for spec in filter(None, map(spec_of, self._specs)):
            self._asked.setdefault(spec.name, []).append(spec)
        self._named: dict[str, list[Row]] = {}
        self._ways: dict[str, _Way | None] = {}
        self._beyond: dict[tuple[str, str], _Way | None] = {}

    def on(self, system: System) -> _Search:
        """The same for another machine."""
        found = _Search(self._channels, self._subdir, self._specs, system)
        found._named, found._left = self._named, self._left
        return found

    def way(self, text: str, depth: int = 0) -> _Way | None:
        """The way from a spec to what the machine lacks.

        It goes by the newest version that meets the spec, and by that of its builds that asks for
        least, which has the lowest number. None when some package can be had; empty when none can
        on any machine, together with all that was asked for.
        """
        if text not in self._ways:
            # Packages may depend on each other in a circle.
            self._ways[text] = None
            self._ways[text] = self._way(text, depth)
        return self._ways[text]

    def _way(self, text: str, depth: int) -> _Way | None:
        spec, found = spec_of(text), _Way()
        if depth > _DEEPEST:
            raise _TooLongError
        if spec is None or spec.get_exact_value("name") is None:
            return found
        wanted = [spec, *self._asked.get(spec.name, ())]
        for row in self._rows(spec.name):
            if row.record is None or not all(one.match(row.record) for one in wanted):
                continue
            beyond = self._behind(row, depth)
            if beyond is None:
                return None
            if beyond and (not found or row.version == found[0].row.version):
                found = (_Step(text, row), *beyond[1:])
        return found

    def _behind(self, row: Row, depth: int) -> _Way | None:
        """The way on from a package, which is its first step, under any spec; else as for `way`."""
        key = (row.url, row.file)
        if key not in self._beyond:
            self._beyond[key] = self._on_from(row, depth)
        return self._beyond[key]

    def _on_from(self, row: Row, depth: int) -> _Way | None:
        first = _Step("", row)
        if _wants(row, self.system):
            return (first,)
        ways = [self.way(text, depth + 1) for text in row.depends if text[:2] != "__"]
        if () in ways:
            return ()
        way = next(filter(None, ways), None)
        return (first, *way) if way else None

    def unmet(self, way: _Way) -> Unmet:
        """What to say of a way."""
        first, last = way[0].row, way[-1]
        wants = _wants(last.row, self.system)
        through = [f"{step.row.facts['name']} {step.row.version}" for step in way[1:]]
        spec = spec_of(last.spec)
        asked = str(spec.version or "") if spec is not None else ""
        if asked and (plain := [want for want in wants if want.endswith(f" {last.row.version}")]):
            # `cuda-arch 9.0` constrains `__cuda_arch 9.0`: it stands for it in what asks for it.
            wants = tuple(f"{want.split()[0]} {asked}" if want in plain else want for want in wants)
            through = [*through[:-1], str(last.row.facts["name"])] if through else []
        rows = self._rows(str(first.facts["name"]))
        can = (row for row in rows if self._behind(row, 0) is None)
        newest = next((row.version for row in can), None)
        return Unmet(str(first.facts["name"]), first.version, wants, tuple(through), newest)

    def _rows(self, name: str) -> list[Row]:
        """The packages of a name, the newest first.

        Raises:
            _TooLongError: these are too many.
        """
        if name not in self._named:
            found = [
                row for channel in self._channels for row in rows_named(channel, self._subdir, name)
            ]
            self._named[name] = sorted(found, key=lambda row: row.age, reverse=True)
            self._left -= len(found)
            if self._left < 0:
                raise _TooLongError
        return self._named[name]


def _wants(row: Row, system: System) -> tuple[str, ...]:
    """What a package itself asks for of a machine, and the machine lacks."""
    listed = row.facts.get("constrains")
    constrains = [text for text in listed if isinstance(text, str)] if listed else ()
    return _lacking(row.depends, constrains, system)


def _lacking(depends: Iterable[str], constrains: Iterable[str], system: System) -> tuple[str, ...]:
    named = {text: text.partition(" ")[0] for text in (*depends, *constrains)}
    binding = {
        text: name
        for text, name in named.items()
        # What is constrained need not be there.
        if name in NAMES and (name in system or text in depends)
    }
    return tuple(text for text, name in binding.items() if not _meets(text, name, system.get(name)))


def _meets(want: str, name: str, version: str | None) -> bool:
    """Whether a version of a virtual package is what is wanted. Nothing meets what has no sense."""
    if version is None:
        return False
    return meets(want, {"name": name, "version": version, "build": "0", "build_number": 0})
