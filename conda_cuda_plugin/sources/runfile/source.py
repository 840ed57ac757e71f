"""NVIDIA's installers, the `.run` files: the only way to a compiler of the oldest releases.

An installer is a program, so only the file that NVIDIA publishes is run, or one whose SHA-256 the
user gives. What comes out becomes packages in the local channel; from then on the file is not
needed any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from ...environment import Environment
from ...network.addresses import shown_address
from ...packages.local_channel import LocalChannel
from ...quoting import typed
from ...toolkit import Flavor, Origin, components, in_flavor
from ...versions import CudaVersion
from ..addon_packages import addon_packages
from ..base import AvailableFlavor, NotOffered, Offer, Package, Search, ToolkitRequest
from .installers import (
    EXAMPLE,
    Installer,
    address_of,
    find_installer,
    installer_for,
    no_such_file,
)
from .packages import PREFIX, Converted, build_of, convert, converted, parts_in
from .parts import HEADERS, LICENSE, RELEASE, STATIC, TOOLS, parts

_LICENSE_NOTE = f"under NVIDIA's CUDA EULA, in the root as {LICENSE}"
_NOT_PUBLISHED = "the file is not the one that NVIDIA publishes under this name, as you said"


class RunfileSource:
    """The source `runfile`."""

    name = "runfile"

    def offer(self, request: ToolkitRequest, environment: Environment) -> Offer:
        """See `Source.offer`. Unpacks nothing; hashes the file only when it is not known."""
        if request.platform.windows:
            raise NotOffered(self.name, "takes NVIDIA's installers for Linux only")
        there = converted(LocalChannel.find(request.platform.subdir))
        location = request.location
        if location is None:
            try:
                return self._from_cache(request, there)
            except NotOffered:
                name = installer_for(request.version, request.platform.machine)
                # Of what is here in part the rest comes from the same installer.
                here = any(request.version.matches(one.version) for one in there)
                if name is None or request.offline or here or _kept(request):
                    raise
                location = address_of(name)
        installer = find_installer(
            location,
            request.sha256,
            offline=request.offline,
            trusted={one.sha256 for one in there},
        )
        self._check(installer, request)
        for one in there:
            if one.sha256 == installer.sha256 and _suffice(one.records, request):
                return self._offer(request, one.version, one.records, one.file)
        kept = _kept(request, installer.sha256)
        if _suffice(kept, request):
            return self._offer(request, installer.version, kept, installer.name)
        if installer.url is None and not installer.path.exists():
            raise no_such_file(installer.path)
        return self._to_convert(request, installer)

    def available(self, search: Search) -> Iterable[AvailableFlavor]:
        """See `Source.available`. The releases whose installers were unpacked before."""
        if search.platform.windows:
            return
        for one in converted(LocalChannel.find(search.platform.subdir)):
            nvcc, gone = "nvcc" in one.records, parts_in(one.records[RELEASE]) - set(one.records)
            for flavor in Flavor:
                if (nvcc or flavor is not Flavor.DEVEL) and gone.isdisjoint(in_flavor(flavor)):
                    yield AvailableFlavor(one.version, flavor, one.file, 0, nvcc)

    def _from_cache(self, request: ToolkitRequest, there: Sequence[Converted]) -> Offer:
        """A toolkit whose installer was unpacked before, or that is added to."""
        known = [one for one in there if request.version.matches(one.version)]
        fitting = [one for one in known if _suffice(one.records, request)]
        # What is added to comes from one installer; another one of the same release is not it.
        same = [one for one in fitting if _kept(request, one.sha256)]
        if same or (fitting and not _kept(request)):
            one = (same or fitting)[-1]
            return self._offer(request, one.version, one.records, one.file)
        kept = _kept(request)
        if _suffice(kept, request):
            version = CudaVersion.parse(kept[RELEASE].version)
            return self._offer(request, version, kept, "as installed")
        lacks = (
            f"lacks parts of CUDA {request.version}" if known else f"has no CUDA {request.version}"
        )
        raise NotOffered(
            self.name,
            f"{lacks} in the package cache, and no installer was named",
            known=[one.version for one in there if one not in known],
            hints=[f"conda cuda use {typed(str(request.version))} --from /path/to/{EXAMPLE}"],
        )

    def _check(self, installer: Installer, request: ToolkitRequest) -> None:
        """Refuse an installer of something else than what was asked for."""
        if not request.version.matches(installer.version):
            raise NotOffered(
                self.name,
                f"has CUDA {installer.version} in {installer.name}, not {request.version}",
                known=[installer.version],
                hints=[f"conda cuda use {installer.version} --from {typed(installer.name)}"],
            )
        if installer.machine != request.platform.machine:
            raise NotOffered(
                self.name,
                f"cannot use {installer.name} here: it is for {installer.machine}, and this "
                f"environment is for {request.platform.machine}",
                known=[installer.version],
            )

    def _offer(
        self, request: ToolkitRequest, version: CudaVersion, records: Mapping[str, Any], file: str
    ) -> Offer:
        """An offer of packages that are there."""
        found = [records[part] for part in _choose(request, version, records)]
        rows = [Package(one.name, one.version, 0, one.fn) for one in found]
        return self._whole(
            request, version, rows, f"{file}, unpacked before", _LICENSE_NOTE, lambda: found
        )

    def _to_convert(self, request: ToolkitRequest, installer: Installer) -> Offer:
        """An offer of packages that have to be made first."""
        version, build, url = installer.version, build_of(installer.sha256), installer.url
        expected = [
            name for name, part in parts().items() if part.expected(version, installer.machine)
        ]
        rows = [
            Package(f"{PREFIX}{part}", str(version), None if url else 0, f"{PREFIX}{part}-{build}")
            for part in _choose(request, version, expected)
        ]

        def make() -> list[Any]:
            records = convert(installer, request.platform)
            return [records[part] for part in _choose(request, version, records)]

        where = shown_address(url) if url else str(installer.path)
        note = _LICENSE_NOTE if installer.published else f"{_LICENSE_NOTE}; {_NOT_PUBLISHED}"
        return self._whole(request, version, rows, where, note, make)

    def _whole(
        self,
        request: ToolkitRequest,
        version: CudaVersion,
        rows: Sequence[Package],
        detail: str,
        note: str,
        fetch: Callable[[], Sequence[Any]],
    ) -> Offer:
        """The offer with the add-ons."""
        addons = addon_packages(request, version, source=self.name)
        names = [row.name.removeprefix(PREFIX) for row in rows]
        return Offer(
            Origin.RUNFILE,
            version,
            request.wanted_flavor,
            tuple(name for name in components() if name in names),
            (*rows, *addons.packages),
            ", ".join((detail, *addons.origins)),
            specs=(*(f"{row.name}=={row.version}" for row in rows), *addons.specs),
            fetch=lambda: [*fetch(), *addons.fetch()],
            note=note,
        )


def _choose(request: ToolkitRequest, version: CudaVersion, there: Collection[str]) -> list[str]:
    """The parts of an installer that a request asks for, in their order.

    Raises:
        NotOffered: when the installer lacks a component that was named.
    """
    for name in (*request.components, *(["nvcc"] if request.compiles else [])):
        if name not in there:
            known = ", ".join(part for part in components() if part in there)
            raise NotOffered(
                RunfileSource.name,
                f"has no component {name} in the installer of CUDA {version}",
                hints=[f"It has: {known}."],
            )
    wanted = _parts_of(request, version)
    return [part for part in parts() if part in wanted and part in there]


def _parts_of(request: ToolkitRequest, version: CudaVersion) -> set[str]:
    """The parts of a release that a request asks for."""
    names = request.components_of(version)
    more = {HEADERS} if "nvcc" in names else set()
    if request.wanted_flavor is Flavor.DEVEL:
        more |= {STATIC, TOOLS}
    return {RELEASE, *names, *more}


def _kept(request: ToolkitRequest, sha256: str | None = None) -> dict[str, Any]:
    """The parts of the toolkit that is added to; only those of one installer if one is given."""
    build = build_of(sha256) if sha256 else None
    return {
        record.name.removeprefix(PREFIX): record
        for record in request.keep
        if record.name.startswith(PREFIX) and build in (None, record.build)
    }


def _suffice(kept: Mapping[str, Any], request: ToolkitRequest) -> bool:
    """Whether the installed parts are all that is wanted of their installer."""
    if RELEASE not in kept:
        return False
    wanted = _parts_of(request, CudaVersion.parse(kept[RELEASE].version))
    return wanted & parts_in(kept[RELEASE]) <= set(kept)
