"""Which releases of CUDA a channel has, and which version of each package belongs to one.

A library's version says nothing of the release's update (libcublas 12.9.1.4 is of 12.9.1, 12.9.2.10
of 12.9.2), and `cuda-version` ties to `X.Y` at most. Only the metapackages of the exact update
know; where a channel has none, our tables know the runtime and the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...packages.channel_records import meets
from ...packages.cuda_packages import is_cuda_package, is_list_of, lists, pinned
from ...toolkit import releases
from ...versions import CudaVersion, begins_with
from .contents import TIE, ChannelContents, Channels, goes_with, ties

RUNTIME = "cuda-cudart"
COMPILER = "cuda-nvcc"
_OFFSHOOT = re.compile(r"(?:-dev|-static|-impl|-tools|_(?:linux|osx|win)-\w+)$")
"""How the names of packages end that one recipe makes beside the one they begin with."""
_EXACT = re.compile(r"(?:==)?(\d[\w.]*)")


class Incomplete(Exception):
    """A release lacks something on a channel: the text says what."""


@dataclass(frozen=True)
class ChannelRelease:
    """A release on a channel."""

    contents: ChannelContents
    version: CudaVersion
    pins: Mapping[str, str]
    """The version of each package that the metapackages or the tables name; one that is shorter
    than the package's own stands for all that begin with it."""
    listed: bool
    """Whether metapackages say so."""
    _agreed: dict[str, bool] = field(default_factory=dict)

    def version_of(self, name: str) -> str | None:
        """The version of a package that belongs to the release; None when nothing tells."""
        return self._told(name) or self._siblings.get(name)

    def holds(self, record: Any) -> bool:
        """Whether a package belongs to the release, as far as anything tells."""
        version = self.version_of(record.name)
        return goes_with(record, self.version.release) and (
            version is None or begins_with(record.version, version)
        )

    def owns(self, name: str) -> bool:
        """Whether a package is CUDA's own."""
        return (
            self.version_of(name) is not None
            or is_cuda_package(name)
            or any(map(ties, self.contents.rows(name)))
        )

    def with_all_it_needs(self, names: Iterable[str], channels: Channels) -> dict[str, Any]:
        """CUDA's own packages of this release that come with some, by name.

        Everything else may come from any of the channels.

        Raises:
            Incomplete: when something is missing, or nothing tells which version belongs to it.
        """
        chosen: dict[str, Any] = {}
        wanted: dict[str, set[str]] = {}
        others: dict[str, None] = {}
        pending = list(names)
        while pending:
            dependency = pending.pop()
            name = dependency.split(" ")[0]
            if name == TIE or name.startswith("__"):
                continue
            if not self.owns(name):
                others[dependency] = None
                continue
            specs = wanted.setdefault(name, set())
            if dependency in specs:
                continue
            specs.add(dependency)
            if name in chosen and meets(dependency, chosen[name]):
                continue
            found = self._fitting(name, specs)
            if not found:
                version = self.version_of(name)
                raise Incomplete(f"{name} {version}" if version else dependency)
            chosen[name] = found[0]
            pending += found[0].depends
        self._check_told(chosen, wanted)
        for dependency in others:
            if not channels.has(dependency):
                raise Incomplete(dependency)
        return chosen

    def _fitting(self, name: str, specs: Iterable[str]) -> list[Any]:
        found = [
            record
            for record in self._named(name)
            if self.holds(record) and all(meets(spec, record) for spec in specs)
        ]
        # A library may have a build for each of several updates, which differ in what they need.
        return [record for record in found if all(map(self._agrees, record.depends))] or found

    def _named(self, name: str) -> list[Any]:
        """The packages of a name, of the version that belongs to the release if any tells."""
        return self.contents.named(name, self.version_of(name) or "")

    def _agrees(self, dependency: str) -> bool:
        """Whether a dependency can be met by the release, where it is about a part of it."""
        if dependency not in self._agreed:
            name = dependency.split(" ")[0]
            self._agreed[dependency] = self.version_of(name) is None or any(
                self.holds(record) and meets(dependency, record) for record in self._named(name)
            )
        return self._agreed[dependency]

    def _check_told(self, chosen: Mapping[str, Any], wanted: Mapping[str, set[str]]) -> None:
        """Refuse a package of which another version may be the release's."""
        for name in chosen:
            if self.version_of(name) is not None:
                continue
            fitting = self._fitting(name, wanted[name])
            versions, tied = {record.version for record in fitting}, all(map(ties, fitting))
            exact = any(_exact_version(spec) for spec in wanted[name])
            if len(versions) > 1 or not (tied or exact):
                raise Incomplete(f"a metapackage that says which {name} belongs to it")

    def _told(self, name: str) -> str | None:
        if name in lists():
            return self.pins.get(name) or str(self.version)
        return self.pins.get(name) or self._families.get(family_of(name))

    @cached_property
    def _families(self) -> dict[str, str]:
        """The versions of what one recipe makes, by its name; those that agree."""
        found: dict[str, set[str]] = {}
        for name, version in self.pins.items():
            found.setdefault(family_of(name), set()).add(version)
        return {family: next(iter(those)) for family, those in found.items() if len(those) == 1}

    @cached_property
    def _siblings(self) -> dict[str, str]:
        """What the packages of the release ask for by its exact version: parts of nvcc, mostly."""
        found: dict[str, str] = {}
        pending = [name for family in self._families for name in self._offshoots(family)]
        while pending:
            name = pending.pop()
            version = self._told(name) or found.get(name)
            if version is None:
                continue
            for other, exact in self._asked_exactly(name, version):
                if other not in found and self._told(other) is None:
                    found[other] = exact
                    pending.append(other)
        return found

    def _asked_exactly(self, name: str, version: str) -> Iterator[tuple[str, str]]:
        """What a package of the release asks for by version."""
        rows = self.contents.rows(name)
        mine = [row for row in rows if begins_with(row.version, version)]
        for row in mine:
            for dependency in row.depends:
                exact = _exact_version(dependency)
                if exact:
                    yield dependency.split(" ")[0], exact
        for row in rows:
            for dependency in row.depends:
                # What one recipe makes has one version; where this one is not there, others tell.
                if _exact_version(dependency) == row.version:
                    yield dependency.split(" ")[0], version

    def _offshoots(self, family: str) -> Iterator[str]:
        for end in ("", "-dev", "-static", "-impl", "-tools"):
            yield f"{family}{end}"
            yield f"{family}{end}_{self.contents.subdir}"


def releases_on(contents: ChannelContents) -> list[ChannelRelease]:
    """The releases that a channel has packages of, newest first."""
    pins, tables = _listed_pins(contents), _tables()
    found = []
    for version, known in pins.items():
        families = {family_of(name) for name in known}
        told = tables.get(version, {}).items()
        more = {name: text for name, text in told if name not in families}
        found.append(ChannelRelease(contents, version, {**known, **more}, listed=True))
    runtimes = {row.version for row in contents.rows(RUNTIME)}
    claimed = {one.version_of(RUNTIME) for one in found}
    for version, known in tables.items():
        if version not in pins and known.get(RUNTIME) in runtimes:
            found.append(ChannelRelease(contents, version, known, listed=False))
            claimed.add(known[RUNTIME])
    for runtime in sorted(runtimes):
        # A release that is newer than the tables, without a metapackage.
        match = re.match(r"(\d+)\.(\d+)\.", runtime)
        if match and not any(text and begins_with(runtime, text) for text in claimed):
            version = CudaVersion(int(match[1]), int(match[2]))
            found.append(ChannelRelease(contents, version, {RUNTIME: runtime}, listed=False))
    return sorted(found, key=lambda one: (one.version, one.listed), reverse=True)


def _listed_pins(contents: ChannelContents) -> dict[CudaVersion, dict[str, str]]:
    """What the metapackages of a channel say: release to package to version."""
    found: dict[CudaVersion, dict[str, str]] = {}
    names = list(lists())
    for name in names:
        for row in contents.rows(name):
            version = _update(row.version)
            if version is None:
                continue
            pins = found.setdefault(version, {})
            pins[name] = row.version
            brought = dict(pinned(row.depends))
            names += [one for one in brought if one not in names and is_list_of(one, brought)]
            for other, text in brought.items():
                pins.setdefault(other, text)
    return found


def _tables() -> dict[CudaVersion, dict[str, str]]:
    """What our tables know of each release: package to version."""
    return {
        row.version: {
            name: text
            for name, text in ((RUNTIME, row.channel_cudart), (COMPILER, row.channel_nvcc))
            if text
        }
        for row in releases()
    }


def _update(text: str) -> CudaVersion | None:
    """The release that a metapackage's version names, with its update."""
    try:
        version = CudaVersion.parse(text)
    except ValueError:
        return None
    return version if version.patch >= 0 else None


def family_of(name: str) -> str:
    """The name that a recipe's packages share."""
    shorter = _OFFSHOOT.sub("", name)
    return name if shorter == name else family_of(shorter)


def _exact_version(dependency: str) -> str | None:
    words = dependency.split(" ")
    match = _EXACT.fullmatch(words[1]) if len(words) > 1 else None
    return match[1] if match else None
