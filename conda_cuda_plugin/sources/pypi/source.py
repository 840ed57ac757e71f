"""NVIDIA's wheels on the Python package index, from 11.8 on.

The map from a release to its components is NVIDIA's metapackage `cuda-toolkit`. Every component
is named explicitly: in some releases the metapackage leaves parts of the compiler unpinned, and
pip would fill the gap with parts of a newer CUDA.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...environment import Environment
from ...packages.local_channel import LocalChannel
from ...platforms import Platform
from ...quoting import typed
from ...toolkit import Flavor, Origin, in_words, releases
from ...versions import CudaVersion
from ..addon_packages import addon_packages, check_addons_early
from ..base import AvailableFlavor, NotOffered, Offer, ToolkitRequest
from ..parts import Parts
from .client import NO_ANSWER
from .flavors import COMPILER_SINCE, cached_flavors, component_pins, read_versions, wheel_flavors
from .lookup import Lookup
from .parts import find_parts
from .wheel import IndexFailure, Wheel

METAPACKAGE = "cuda-toolkit"


class PypiSource:
    """The source `pypi`."""

    name = "pypi"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Takes two looks at the index and downloads nothing.

        Where the index does not answer, what is in the package cache does as well.
        """
        try:
            return self._offer(request)
        except NotOffered as refusal:
            if request.offline or not refusal.unreachable:
                raise
            with contextlib.suppress(NotOffered):
                return self._offer(replace(request, offline=True))
            raise

    def _offer(self, request: ToolkitRequest) -> Offer:
        check_addons_early(request)
        self._check_compiler(request)
        channel = LocalChannel.find(request.platform.subdir)
        version, requires = self._release(request, channel)
        addons = addon_packages(request, version, source=self.name, channels=False)
        pins = component_pins(requires, request.platform)
        names = self._choose(request, version, pins)
        parts = self._parts(request, [pins[name] for name in names], channel)

        def fetch() -> Sequence[Any]:
            records = parts.fetch()
            channel.remember_release(str(version), requires)
            return [*records, *addons.fetch()]

        rows = (*parts.packages, *addons.packages)
        cached = rows and all(row.size == 0 for row in rows)
        return Offer(
            Origin.PYPI,
            version,
            request.wanted_flavor,
            names,
            rows,
            "PyPI, in the package cache already" if cached else "PyPI",
            specs=(*parts.specs, *addons.specs),
            fetch=fetch,
        )

    def available(
        self,
        platform: Platform,
        environment: Environment | None,
        channels: Sequence[str],
        offline: bool,
    ) -> Iterator[AvailableFlavor]:
        """See `Source.available`. Takes one look at the index."""
        local, refusal = LocalChannel.find(platform.subdir), None
        on_index: list[CudaVersion] = []
        try:
            on_index = read_versions(Lookup(platform, offline=offline).versions(METAPACKAGE))
        except IndexFailure as error:
            reason = "is not asked under --offline, but for what is in the package cache"
            refusal = (
                NotOffered(self.name, reason, unreachable=True)
                if offline
                else self._no_index(error)
            )
        for version in on_index:
            yield from wheel_flavors(version, platform, local)
        for version in read_versions(local.releases()):
            if version not in on_index:
                yield from cached_flavors(version, platform, local)
        if refusal is not None:
            raise refusal

    def _check_compiler(self, request: ToolkitRequest) -> None:
        """Refuse early what no wheel holds: the compiler of a release before 13.0."""
        if not request.compiles:
            return
        known = [row.version for row in releases() if row.pypi]
        version = request.version.best(known)
        if version is not None and version < COMPILER_SINCE:
            asked = "the flavor devel" if request.flavor is Flavor.DEVEL else "nvcc"
            raise NotOffered(
                self.name,
                f"has no nvcc before CUDA 13.0, so it cannot give {asked} of {version.release}",
                hints=[
                    f"conda cuda use {typed(str(request.version))} --from channel --flavor devel"
                    "  (conda-forge or nvidia have nvcc from 11.3 on)",
                    f"conda cuda use {typed(str(request.version))} --from pypi --flavor runtime"
                    "  (the libraries without the compiler)",
                ],
            )

    def _release(
        self, request: ToolkitRequest, channel: LocalChannel
    ) -> tuple[CudaVersion, Sequence[str]]:
        """The release to install and the requirements of its metapackage."""
        if request.offline or request.keep:
            # What is added to is known already; the index is asked for what is new only.
            seen = request.version.best(map(CudaVersion.parse, channel.releases()))
            if seen is not None:
                return seen, channel.release(str(seen)) or ()
        metapackage = self._metapackage(request)
        return CudaVersion.parse(metapackage.version), metapackage.requires

    def _metapackage(self, request: ToolkitRequest) -> Wheel:
        try:
            (release,) = Lookup(request.platform, offline=request.offline).resolve(
                [f"{METAPACKAGE}{request.version.specifier()}"], requires=True
            )
        except IndexFailure as error:
            if error.versions:
                known = read_versions(error.versions)
                raise NotOffered(
                    self.name, f"has no CUDA {request.version}", known=known
                ) from error
            if request.offline and error.requirement:
                raise self._not_in_cache(request) from error
            raise self._no_index(error) from error
        return release

    def _choose(
        self, request: ToolkitRequest, version: CudaVersion, pins: dict[str, str]
    ) -> tuple[str, ...]:
        """The components to install, of those the release has."""
        wanted = request.components_of(version)
        lacking = [name for name in request.components if name not in pins]
        if lacking:
            what = "component" if len(lacking) == 1 else "components"
            asked = typed(",".join(request.components))
            raise NotOffered(
                self.name,
                f"has no {what} {in_words(lacking)} for CUDA {version}",
                hints=[
                    f"It has: {', '.join(pins)}.",
                    f"conda cuda use {version.release} --components {asked} --from channel"
                    "   (conda-forge and nvidia have them from 12.0 on)",
                ],
            )
        return tuple(name for name in pins if name in wanted)

    def _parts(self, request: ToolkitRequest, pins: Sequence[str], channel: LocalChannel) -> Parts:
        try:
            return find_parts(pins, request, channel)
        except IndexFailure as error:
            if not error.requirement:
                raise self._no_index(error) from error
            if request.offline:
                raise self._not_in_cache(request) from error
            raise NotOffered(
                self.name,
                f"lacks {error.requirement} of CUDA {request.version} "
                f"for {request.platform.subdir}",
            ) from error

    def _no_index(self, error: IndexFailure) -> NotOffered:
        reason = f"cannot be asked: {error.reason}"
        if error.requirement:
            reason = f"has no {METAPACKAGE} on the index that pip is configured to use"
        elif error.reason == NO_ANSWER:
            reason = f"cannot be reached: {NO_ANSWER}"
        return NotOffered(self.name, reason, hints=error.hints, unreachable=error.unreachable)

    def _not_in_cache(self, request: ToolkitRequest) -> NotOffered:
        return NotOffered(
            self.name,
            f"has nothing of CUDA {request.version} in the package cache, and --offline forbids "
            "to ask the index",
            hints=[
                "Run the command without --offline once, on this machine or on one that shares "
                "its package cache."
            ],
            unreachable=True,
        )
