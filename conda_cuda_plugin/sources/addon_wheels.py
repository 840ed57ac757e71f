"""An add-on's packages from PyPI's wheels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..addons import addons, in_words
from ..local_channel import LocalChannel
from ..versions import CudaVersion
from . import pip
from .base import NotOffered, Package, ToolkitRequest
from .wheel_parts import fetch_parts, parts_for, rows_of


def from_wheels(
    request: ToolkitRequest, version: CudaVersion, name: str, wanted: str, source: str
) -> tuple[tuple[Package, ...], tuple[str, ...], Callable[[], Sequence[Any]]]:
    """The parts of an add-on that an index has; nothing is downloaded yet.

    Returns:
        Rows for the plan, specs, and what downloads the parts and gives their conda records.

    Raises:
        NotOffered: when no index that was asked has it.
    """
    channel = LocalChannel.find(request.platform.subdir)
    pin = f"{addons()[name].wheel(version.major)}=={wanted}.*"
    try:
        parts = parts_for([pin], request, channel)
    except pip.PipError as error:
        raise _refusal(error, request, version, {name: wanted}, source) from error
    specs = tuple(f"{part.name}=={part.version}" for part in parts)
    return rows_of(parts, channel), specs, lambda: fetch_parts(parts, request)


def _refusal(
    error: pip.PipError,
    request: ToolkitRequest,
    version: CudaVersion,
    wanted: dict[str, str],
    source: str,
) -> NotOffered:
    """What pip's failure means for the user."""
    text = in_words(wanted)
    (name,) = wanted
    title = addons()[name].title
    if error.versions:
        shown = ", ".join(error.versions[-6:])
        return NotOffered(
            source,
            f"has no {text} for CUDA {version.major} on {request.platform.subdir}: "
            "no index or channel that was asked has it",
            hints=[f"{title} for CUDA {version.major} on PyPI, the newest: {shown}."],
        )
    if request.offline:
        return NotOffered(
            source,
            f"has no {text} for CUDA {version.major} in the package cache, and --offline forbids "
            "to ask the index",
            hints=["Run the command without --offline once."],
            unreachable=True,
        )
    if error.problem:
        return NotOffered(
            source,
            f"cannot be given {text}: {error.problem.sentence}",
            hints=error.problem.hints,
            unreachable=error.unreachable,
        )
    if error.unreachable:
        return NotOffered(
            source,
            f"cannot be given {text}: no answer from the index that pip is configured to use",
            hints=["pip config list shows the index; conda cuda use ... -c CHANNEL needs none."],
            unreachable=True,
        )
    return NotOffered(
        source,
        f"has no {text} for CUDA {version.major}: {error.message.rstrip('.')}",
        hints=["pip config list shows which index was asked."],
    )
