"""Which wheels the components of a release are, as NVIDIA's metapackage says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..platforms import Platform
from ..toolkit import components
from ..versions import CudaVersion

COMPILER_SINCE = CudaVersion(13, 0)
"""The first release whose wheels hold a compiler that works."""
_PIN = re.compile(r"(?:==|>=)\s*(\d+(?:\.\d+)*)")


def component_pins(requires: Sequence[str], platform: Platform) -> dict[str, str]:
    """The exact requirement behind each component of a release, for one platform.

    Args:
        requires: the metapackage's `Requires-Dist` lines.
        platform: whose markers hold.

    Returns:
        `{"cudart": "nvidia-cuda-runtime-cu12==12.4.127.*", ...}`; a lower bound counts as the
        release's own version, since the metapackage would let a newer one in.
    """
    from packaging.requirements import InvalidRequirement, Requirement

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
