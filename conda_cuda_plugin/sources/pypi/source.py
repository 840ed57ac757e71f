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
from ...quoting import typed
from ...toolkit import Flavor, Origin, releases
from ...versions import CudaVersion
from ..addon_packages import addon_packages
from ..base import AvailableFlavor, NotOffered, Offer, Search, ToolkitRequest
from .client import NO_ANSWER
from .fetch import find_parts
from .flavors import COMPILER_SINCE, cached_flavors, read_versions, wanted_pins, wheel_flavors
from .lookup import Lookup
from .wheel import IndexFailure

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
        self._check_compiler(request)
        channel = LocalChannel.find(request.platform.subdir)
        lookup = Lookup(request.platform, offline=request.offline)
        try:
            # What is added to is known already; the index is asked for what is new only.
            known = request.offline or request.keep
            release = self._seen(request, channel) if known else None
            if release is None:
                wanted = f"{METAPACKAGE}{request.version.specifier()}"
                (metapackage,) = lookup.resolve([wanted], requires=True)
                release = CudaVersion.parse(metapackage.version), metapackage.requires
            version, requires = release
            addons = addon_packages(request, version, source=self.name, channels=False)
            pins = wanted_pins(requires, request, version)
            parts = find_parts(list(pins.values()), request, channel, lookup)
        except IndexFailure as error:
            raise self._refusal(error, request) from error

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
            tuple(pins),
            rows,
            "PyPI, in the package cache already" if cached else "PyPI",
            specs=(*parts.specs, *addons.specs),
            fetch=fetch,
        )

    def available(self, search: Search) -> Iterator[AvailableFlavor]:
        """See `Source.available`. Takes one look at the index."""
        platform, offline = search.platform, search.offline
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

    def _seen(
        self, request: ToolkitRequest, channel: LocalChannel
    ) -> tuple[CudaVersion, Sequence[str]] | None:
        """The best release whose metapackage was seen before, with its requirements."""
        version = request.version.best(map(CudaVersion.parse, channel.releases()))
        return (version, channel.release(str(version)) or ()) if version is not None else None

    def _refusal(self, error: IndexFailure, request: ToolkitRequest) -> NotOffered:
        """What the failure of an index means for the user."""
        lacks_release = (error.requirement or "").startswith(METAPACKAGE)
        if lacks_release and error.versions:
            known = read_versions(error.versions)
            return NotOffered(self.name, f"has no CUDA {request.version}", known=known)
        if request.offline and error.requirement:
            return self._not_in_cache(request)
        if lacks_release or not error.requirement:
            return self._no_index(error)
        return NotOffered(
            self.name,
            f"lacks {error.requirement} of CUDA {request.version} for {request.platform.subdir}",
        )

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
