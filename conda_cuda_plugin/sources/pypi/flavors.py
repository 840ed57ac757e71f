"""The flavors of a release on PyPI: by rule, sizes, and NVIDIA's metapackage."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...data import read_data
from ...packages.local_channel import LocalChannel
from ...platforms import Platform
from ...quoting import typed
from ...toolkit import Flavor, components, in_flavor, in_words
from ...versions import CudaVersion
from ..base import AvailableFlavor, NotOffered, ToolkitRequest

WHERE = "PyPI"
COMPILER_SINCE = CudaVersion(13, 0)
"""The first release whose wheels hold a compiler that works."""
_PIN = re.compile(r"(?:==|>=)\s*(\d+(?:\.\d+)*)")


def read_versions(texts: Iterable[str]) -> list[CudaVersion]:
    """The releases among some versions of the metapackage; pre-releases are passed over."""
    found = []
    for text in texts:
        with contextlib.suppress(ValueError):
            found.append(CudaVersion.parse(text))
    return found


def wheel_flavors(
    version: CudaVersion, platform: Platform, local: LocalChannel | None
) -> Iterator[AvailableFlavor]:
    """What the index has of a release, with the sizes that are known."""
    wheels = known_wheels(version, platform)
    if wheels is not None and not wheels:
        return
    here = {offered.flavor for offered in cached_flavors(version, platform, local)}
    for flavor in _flavors(version):
        size = 0 if flavor in here else _size(wheels, flavor)
        yield AvailableFlavor(version, flavor, WHERE, size, nvcc=flavor is Flavor.DEVEL)


def cached_flavors(
    version: CudaVersion, platform: Platform, local: LocalChannel | None
) -> Iterator[AvailableFlavor]:
    """What the package cache has all of, of a release."""
    if local is None:
        return
    pins = component_pins(local.release(str(version)) or (), platform)
    here = {name for name, pin in pins.items() if local.record_named(*pin.split("=="))}
    for flavor in _flavors(version):
        wanted = {name for name in in_flavor(flavor) if name in pins}
        if wanted and wanted <= here:
            yield AvailableFlavor(version, flavor, WHERE, 0, nvcc=flavor is Flavor.DEVEL)


def known_wheels(version: CudaVersion, platform: Platform) -> dict[str, float] | None:
    """The download of each component in megabytes (source: data/sizes.json).

    Returns:
        Nothing when the release has no wheels for the platform; None when it is not in the table.
    """
    table: dict[str, Any] = read_data("sizes.json")
    row = table["pypi"].get(str(version))
    if row is None or platform.subdir not in table["platforms"]:
        return None
    column = table["platforms"].index(platform.subdir)
    return {name: sizes[column] for name, sizes in row.items() if sizes[column] is not None}


def _flavors(version: CudaVersion) -> tuple[Flavor, ...]:
    return tuple(
        flavor for flavor in Flavor if flavor is not Flavor.DEVEL or version >= COMPILER_SINCE
    )


def _size(wheels: dict[str, float] | None, flavor: Flavor) -> int | None:
    if wheels is None:
        return None
    return round(sum(wheels.get(name, 0) for name in in_flavor(flavor)) * 1e6)


def component_pins(requires: Sequence[str], platform: Platform) -> dict[str, str]:
    """The exact requirement behind each component of a release, for one platform.

    Returns:
        `{"cudart": "nvidia-cuda-runtime-cu12==12.4.127.*", ...}`; a lower bound counts as the
        release's own version, since the metapackage would let a newer one in.
    """
    machine = {"amd64": "AMD64"}.get(platform.machine, platform.machine)
    found: dict[str, str] = {}
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        for name, part in components().items():
            if re.sub(r"-cu\d+$", "", requirement.name) != part.pypi or name in found:
                continue
            marker = requirement.marker
            environment = {
                "extra": name,
                "sys_platform": platform.sys_platform,
                "platform_machine": machine,
            }
            if marker is not None and not marker.evaluate(environment):
                continue
            pin = _PIN.search(str(requirement.specifier))
            if pin:
                found[name] = f"{requirement.name}=={pin[1]}.*"
    return {name: found[name] for name in components() if name in found}


def wanted_pins(
    requires: Sequence[str], request: ToolkitRequest, version: CudaVersion
) -> dict[str, str]:
    """The requirements behind the components to install, of those that a release has.

    Raises:
        NotOffered: when the release lacks a component that was named.
    """
    pins = component_pins(requires, request.platform)
    lacking = [name for name in request.components if name not in pins]
    if lacking:
        what = "component" if len(lacking) == 1 else "components"
        asked = typed(",".join(request.components))
        raise NotOffered(
            "pypi",
            f"has no {what} {in_words(lacking)} for CUDA {version}",
            hints=[
                f"It has: {', '.join(pins)}.",
                f"conda cuda use {version.release} --components {asked} --from channel"
                "   (conda-forge and nvidia have them from 12.0 on)",
            ],
        )
    wanted = request.components_of(version)
    return {name: pin for name, pin in pins.items() if name in wanted}
