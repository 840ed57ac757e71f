"""The request behind the words of `conda cuda use`, and what is kept of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..environment import Environment
from ..errors import CudaError, UsageError
from ..platforms import Platform
from ..sources.base import ToolkitRequest
from ..toolkit import Flavor
from ..versions import VersionRequest


def recorded_request(environment: Environment) -> Mapping[str, Any]:
    """What `use` was asked for the last time; empty when never."""
    request = environment.state.get("request")
    return request if isinstance(request, dict) else {}


def request_from(
    text: str | None,
    environment: Environment,
    platform: Platform,
    *,
    source: str | None,
    flavor: Flavor | None,
    components: tuple[str, ...],
    channels: tuple[str, ...],
    offline: bool,
) -> tuple[ToolkitRequest, str | None]:
    """The request behind the words of the command.

    Args:
        text: VERSION or PATH; None for what is recorded.
        environment: the environment.
        platform: for which platform.
        source: `--from`.
        flavor: `--flavor`.
        components: `--components`.
        channels: `-c`, or the setting.
        offline: `--offline`.

    Returns:
        The request, and the source it names.

    Raises:
        UsageError: when the words make no sense.
        CudaError: when nothing was named and nothing is recorded.
    """
    path: Path | None = None
    if text is None:
        recorded = recorded_request(environment)
        text = str(recorded.get("version") or "")
        if not text:
            raise CudaError(
                "No CUDA version was named, and none is recorded for this environment.",
                hints=[
                    "conda cuda use 12.4",
                    "conda cuda list --available shows what there is.",
                ],
            )
        source = source or recorded.get("source")
        flavor = flavor or _recorded_flavor(recorded)
        components = components or tuple(map(str, recorded.get("components") or ()))
        channels = channels or tuple(map(str, recorded.get("channels") or ()))
    elif os.sep in text or (os.altsep and os.altsep in text):
        if source not in (None, "system"):
            raise UsageError(
                f"{text} is a path, which only the source system takes.",
                hints=[f"conda cuda use {text}"],
            )
        path, source = Path(os.path.abspath(os.path.expanduser(text))), "system"
        text = "latest"
    if flavor and components:
        raise UsageError(
            "Name either a flavor or components, not both.",
            hints=["Components bring what they need with them."],
        )
    request = ToolkitRequest(
        VersionRequest.parse(text), platform, flavor, components, channels, offline, path
    )
    request.wanted_components  # noqa: B018 - refuses unknown names before anything is asked
    return request, source


def _recorded_flavor(recorded: Mapping[str, Any]) -> Flavor | None:
    try:
        return Flavor(recorded["flavor"])
    except (KeyError, ValueError):
        return None
