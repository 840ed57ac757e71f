"""The request behind the words of `conda cuda use`, and what is kept of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..addons import check_addons, fits
from ..environment import STATE_FILE, Environment
from ..errors import CudaError, UsageError
from ..platforms import Platform
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..sources.table import NAMES
from ..toolkit import Flavor, Toolkit, in_flavor, with_requirements
from ..versions import VersionRequest


def recorded_request(environment: Environment) -> Mapping[str, Any]:
    """What `use` was asked for the last time; empty when never."""
    request = environment.state.get("request")
    return request if isinstance(request, dict) else {}


@dataclass(frozen=True)
class Words:
    """The words of a command that asks for a toolkit."""

    version: str | None = None
    """VERSION or PATH; None for what is recorded."""
    source: str | None = None
    """`--from`: a source, or the file, folder or address to take the toolkit from."""
    flavor: Flavor | None = None
    components: tuple[str, ...] = ()
    addons: Mapping[str, str] = field(default_factory=dict)
    host_compiler: bool = False
    channels: tuple[str, ...] = ()
    """`-c`, else the setting."""
    sha256: str | None = None
    offline: bool = False
    default_flavor: Flavor = Flavor.RUNTIME
    order: tuple[str, ...] = ()
    """The sources of the setting, best first."""


def request_from(
    words: Words, environment: Environment, platform: Platform
) -> tuple[ToolkitRequest, str | None]:
    """The request behind the words of a command.

    Returns:
        The request, and the source it names.

    Raises:
        UsageError: when the words make no sense.
        CudaError: when nothing was named and nothing is recorded.
    """
    words, location = _located(words)
    if words.version is None and location is not None:
        # The file or manifest itself says which release it is.
        words = replace(words, version="latest")
    path: Path | None = None
    if words.version is None:
        words = _as_recorded(words, environment)
    elif os.sep in words.version or (os.altsep and os.altsep in words.version):
        path = Path(os.path.abspath(os.path.expanduser(words.version)))
        if words.source not in (None, "system"):
            raise UsageError(
                f"{words.version} is a path, which only the source system takes.",
                hints=[f"conda cuda use {typed(words.version)}"],
            )
        words = replace(words, version="latest", source="system")
    if words.sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", words.sha256):
        raise UsageError(
            f"{words.sha256!r} is no SHA-256: it has to be 64 digits from 0 to 9 and a to f.",
            hints=["sha256sum FILE prints it."],
        )
    check_addons(words.addons)
    assert words.version is not None
    request = ToolkitRequest(
        VersionRequest.parse(words.version),
        platform,
        flavor=words.flavor,
        components=words.components,
        addons=words.addons,
        host_compiler=words.host_compiler,
        default_flavor=words.default_flavor,
        channels=words.channels,
        offline=words.offline,
        path=path,
        location=location,
        sha256=words.sha256.lower() if words.sha256 else None,
        order=words.order,
    )
    request.wanted_components  # noqa: B018 - refuses unknown names before anything is asked
    return request, words.source


def _located(words: Words) -> tuple[Words, str | None]:
    """The source that `--from` names, and the place when it names one."""
    text = words.source
    if text is None or text in NAMES:
        return words, None
    if "://" in text:
        source = "runfile" if text.endswith(".run") else "redist"
        return replace(words, source=source), text
    path = os.path.abspath(os.path.expanduser(text))
    if text.endswith(".run") or os.path.isfile(path):
        return replace(words, source="redist" if text.endswith(".json") else "runfile"), path
    if os.path.isdir(path) or os.sep in text:
        return replace(words, source="redist"), path
    # No source at all; whoever chooses one says so.
    return words, None


def _as_recorded(words: Words, environment: Environment) -> Words:
    recorded = recorded_request(environment)
    version = str(recorded.get("version") or "")
    problems = environment.read_state().problems
    if not version and problems:
        raise CudaError(
            f"What was asked for cannot be read: {environment.prefix / STATE_FILE}: {problems[0]}.",
            hints=["conda cuda doctor --fix mends it.", "conda cuda use 12.4"],
        )
    if not version:
        raise CudaError(
            "No CUDA version was named, and none is recorded for this environment.",
            hints=["conda cuda use 12.4", "conda cuda list --available shows what there is."],
        )
    addons = recorded.get("addons")
    return replace(
        words,
        version=version,
        source=words.source or recorded.get("source"),
        flavor=words.flavor or _recorded_flavor(recorded),
        components=words.components or tuple(map(str, recorded.get("components") or ())),
        addons={**(addons if isinstance(addons, dict) else {}), **words.addons},
        host_compiler=words.host_compiler or recorded.get("host_compiler") is True,
        channels=words.channels or tuple(map(str, recorded.get("channels") or ())),
    )


def _recorded_flavor(recorded: Mapping[str, Any]) -> Flavor | None:
    try:
        return Flavor(recorded["flavor"])
    except (KeyError, ValueError):
        return None


def record_of(
    request: ToolkitRequest, source: str | None, toolkit: Toolkit, before: Mapping[str, Any]
) -> dict[str, Any]:
    """The request as it is kept; paths of the machine are not.

    Args:
        request: what was asked for.
        source: the source that was named, if one was.
        toolkit: what is current now.
        before: what was kept until now. Where it speaks of the same toolkit, what was asked for
            then still counts: `use 12.4` after `use 12.4 --cudnn 9` takes no cuDNN away.
    """
    # A release is recorded and not what led to it: the next `use` gives the same one.
    chosen = request.path is not None or request.why is not None
    record: dict[str, Any] = {
        "version": toolkit.version.release if chosen else str(request.version)
    }
    before = before if _speaks_of(toolkit, before) else {}
    origin = toolkit.origin.value if toolkit.origin else None
    if source or request.path is not None or before.get("source") == origin:
        record["source"] = origin
    flavor = request.flavor.value if request.flavor else before.get("flavor")
    if flavor and _has_flavor(toolkit, str(flavor)):
        record["flavor"] = flavor
    named = dict.fromkeys((*map(str, before.get("components") or ()), *request.components))
    components = [name for name in named if _has_component(toolkit, name)]
    if components:
        record["components"] = components
    addons = _addons(request, toolkit, before)
    if addons:
        record["addons"] = addons
    if toolkit.host_compiler and (request.host_compiler or before.get("host_compiler")):
        record["host_compiler"] = True
    channels = request.channels or tuple(map(str, before.get("channels") or ()))
    if channels:
        record["channels"] = list(channels)
    return record


def _speaks_of(toolkit: Toolkit, record: Mapping[str, Any]) -> bool:

    try:
        request = VersionRequest.parse(str(record.get("version") or ""))
    except UsageError:
        return False
    return request.release == toolkit.version.release


def _has_flavor(toolkit: Toolkit, text: str) -> bool:
    try:
        flavor = Flavor(text)
    except ValueError:
        return False
    return toolkit.adopted or (toolkit.flavor is not None and toolkit.flavor.rank >= flavor.rank)


def _has_component(toolkit: Toolkit, name: str) -> bool:

    have = set(toolkit.components)
    if toolkit.flavor:
        have |= set(in_flavor(toolkit.flavor))
    try:
        with_requirements([name])
    except UsageError:
        return False
    return toolkit.adopted or name in have


def _addons(request: ToolkitRequest, toolkit: Toolkit, before: Mapping[str, Any]) -> dict[str, str]:
    """The add-ons that are there, as they were asked for: `9.1` rather than `9.1.0.70`."""
    kept = before.get("addons")
    asked = {**(kept if isinstance(kept, dict) else {}), **request.wanted_addons}
    found = {}
    for name, version in (toolkit.addons or request.wanted_addons).items():
        text = str(asked.get(name, version))
        earlier = str(kept.get(name, "")) if isinstance(kept, dict) else ""
        if text == version and earlier and fits(earlier, version):
            # Merging has put the whole version in place of the words.
            text = earlier
        found[name] = text if fits(text, version) else version
    return found
