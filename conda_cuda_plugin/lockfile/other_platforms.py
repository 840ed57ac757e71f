"""The toolkits of an environment for other platforms: asked for here, installed elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..actions import extend
from ..actions.request import recorded_request
from ..environment import Environment
from ..errors import CudaError
from ..platforms import PLATFORMS, Platform
from ..sources.base import ToolkitRequest
from ..system.conda_compat import settings
from ..system.yaml_text import YamlError, load
from ..toolkit import Origin, Toolkit
from ..versions import VersionRequest
from . import cuda_file
from .cuda_file import CudaFileError
from .export import doubts_of

OTHERS = "others"


def platforms_in(path: Path) -> list[Platform]:
    """The platforms of a file that has several; none of any other file."""
    try:
        content = load(cuda_file.text_of(path))
        if not content[OTHERS]:
            return []
        names = [content["platform"], *(row["platform"] for row in content[OTHERS])]
        return [PLATFORMS[name] for name in names]
    except (CudaFileError, YamlError, KeyError, TypeError):
        return []


def describe_on(
    platforms: Iterable[Platform],
    toolkits: Sequence[Toolkit],
    environment: Environment,
    settled: ToolkitRequest,
) -> tuple[list[dict[str, Any]], list[str]]:
    """Toolkits as a file says them for other platforms, and what cannot be promised about them.

    Sources are asked for the same releases, contents and add-ons; nothing is downloaded.

    Args:
        platforms: which.
        toolkits: those of the environment, which are complete.
        environment: where they are.
        settled: what the settings say about toolkits.

    Raises:
        CudaError: when one of them cannot be had for one of the platforms.
    """
    rows: list[dict[str, Any]] = []
    doubts: list[str] = []
    for platform in platforms:
        found = []
        for toolkit in toolkits:
            row = _describe(platform, toolkit, environment, settled)
            found.append(row)
            doubts += (f"{platform.subdir}: {text}" for text in doubts_of(row["packages"]))
        rows.append({"platform": platform.subdir, "toolkits": found})
    return rows, doubts


def _describe(
    platform: Platform, toolkit: Toolkit, environment: Environment, settled: ToolkitRequest
) -> dict[str, Any]:
    origin, what = toolkit.origin, f"CUDA {toolkit.version} for {platform.subdir}"
    assert origin is not None
    if origin.adopted or origin is Origin.RUNFILE:
        raise CudaError(
            f"{what} cannot be exported here: its origin is {origin.value}, which is of this "
            "machine's platform.",
            hints=[
                f"conda cuda use {toolkit.version.release} --from pypi, or --from channel, has it "
                "for several platforms.",
                "Or export on such a machine.",
            ],
        )
    channels = recorded_request(environment).get("channels") or settled.channels
    request = ToolkitRequest(
        VersionRequest.parse(str(toolkit.version)),
        platform,
        flavor=toolkit.flavor,
        components=toolkit.more_components,
        addons=toolkit.addons,
        host_compiler=toolkit.compiler_asked,
        default_flavor=settled.default_flavor,
        channels=tuple(channels),
        offline=settled.offline,
    )
    try:
        with settings(subdir=platform.subdir):
            choice = extend.choose_with_compiler(request, environment, origin.value)
    except CudaError as error:
        raise CudaError(f"{what} cannot be exported: {error.message}", hints=error.hints) from error
    offer = choice.offer
    unknown = [package.name for package in offer.packages if package.exact is None]
    if unknown:
        raise CudaError(
            f"{what} cannot be exported: nobody has said where the file of {unknown[0]} lies.",
            hints=["Run the command without --offline."],
        )
    row = {
        "version": str(offer.version),
        "origin": origin.value,
        "flavor": offer.flavor.value if offer.flavor else None,
        "components": list(offer.components),
        "specs": sorted(offer.specs),
        "packages": [dict(package.exact()) for package in offer.packages if package.exact],
    }
    return {key: value for key, value in row.items() if value}
