"""The request behind the words of `conda cuda use`, and what is recorded of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..addons import check_addons, fits
from ..environment import STATE_FILE, Environment
from ..errors import CudaError, UsageError
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..sources.table import NAMES
from ..toolkit import Flavor, Toolkit, components, in_flavor
from ..versions import VersionRequest


def recorded_request(environment: Environment) -> Mapping[str, Any]:
    """What `use` was asked for the last time; empty when never."""
    return environment.state.get("request") or {}


def request_from(
    text: str | None, source: str | None, options: ToolkitRequest, environment: Environment
) -> tuple[ToolkitRequest, str | None]:
    """The request behind the words of a command, and the source it names.

    Args:
        text: VERSION or PATH; None for the recorded request.
        source: what follows `--from`: a source, or the file, folder or address of a toolkit.
        options: what the options say. Its version does not count.
        environment: the environment with the recorded request.

    Raises:
        UsageError: when the words make no sense.
        CudaError: when nothing was named and nothing is recorded.
    """
    path = None
    source, location = _located(source)
    if text is None and location is None:
        text, source, options = _as_recorded(source, options, environment)
    elif text and (os.sep in text or (os.altsep and os.altsep in text)):
        if source not in (None, "system"):
            raise UsageError(
                f"{text} is a path, which only the source system takes.",
                hints=[f"conda cuda use {typed(text)}"],
            )
        path = Path(os.path.abspath(os.path.expanduser(text)))
        text, source = None, "system"
    sha256 = options.sha256
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise UsageError(
            f"{sha256!r} is not a SHA-256: it has to be 64 digits from 0 to 9 and a to f.",
            hints=["sha256sum FILE prints it."],
        )
    check_addons(options.addons)
    request = replace(
        options,
        # A path or a file says itself which release it is.
        version=VersionRequest.parse("latest" if text is None else text),
        path=path,
        location=location,
        sha256=sha256 and sha256.lower(),
    )
    request.wanted_components  # noqa: B018 - refuses unknown names before anything is asked
    return request, source


def _located(text: str | None) -> tuple[str | None, str | None]:
    """The source that `--from` names, and the place if it names one."""
    if text is None or text in NAMES:
        return text, None
    if "://" in text:
        # The oldest have no ending: cuda_10.0.130_410.48_linux.
        installer = text.endswith(".run") or re.match(
            r"cuda_[\d.]+_.*linux", text.rpartition("/")[2]
        )
        return "runfile" if installer else "redist", text
    path = os.path.abspath(os.path.expanduser(text))
    if text.endswith(".run") or os.path.isfile(path):
        return "redist" if text.endswith(".json") else "runfile", path
    if os.path.isdir(path) or os.sep in text:
        return "redist", path
    # Not a source. Choosing one refuses it.
    return text, None


def _as_recorded(
    source: str | None, options: ToolkitRequest, environment: Environment
) -> tuple[str, str | None, ToolkitRequest]:
    """The recorded version and source, and the options with what is recorded beside them."""
    recorded = recorded_request(environment)
    if "version" not in recorded:
        problems = environment.read_state().problems
        if problems:
            raise CudaError(
                f"The recorded request cannot be read: {environment.prefix / STATE_FILE}: "
                f"{problems[0]}.",
                hints=["conda cuda doctor --fix mends it.", "conda cuda use 12.4"],
            )
        raise CudaError(
            "No CUDA version was named, and none is recorded for this environment.",
            hints=[
                "conda cuda use 12.4",
                "conda cuda list --available shows the available releases.",
            ],
        )
    options = replace(
        options,
        flavor=options.flavor or (Flavor(recorded["flavor"]) if "flavor" in recorded else None),
        components=options.components or tuple(recorded.get("components", ())),
        addons={**recorded.get("addons", {}), **options.addons},
        host_compiler=options.host_compiler or recorded.get("host_compiler", False),
        channels=options.channels or tuple(recorded.get("channels", ())),
    )
    return recorded["version"], source or recorded.get("source"), options


def record_of(
    request: ToolkitRequest, source: str | None, toolkit: Toolkit, before: Mapping[str, Any]
) -> dict[str, Any]:
    """The request as it is recorded; paths of the machine are not.

    If the record `before` is about the same release, what it asks for still counts: `use 12.4`
    after `use 12.4 --cudnn 9` removes no cuDNN.
    """
    before = before if _release_of(before) == toolkit.version.release else {}
    origin = toolkit.origin.value if toolkit.origin else None
    flavor = request.flavor or (Flavor(before["flavor"]) if "flavor" in before else None)
    names = dict.fromkeys((*before.get("components", ()), *request.components))
    here = components() if toolkit.adopted else all_components(toolkit)
    # A release is recorded and not what led to it: the next `use` gives the same one.
    chosen = request.path is not None or request.why is not None
    named = source or request.path is not None or before.get("source") == origin
    compiler = request.host_compiler or before.get("host_compiler")
    record = {
        "version": toolkit.version.release if chosen else str(request.version),
        "source": origin if named else None,
        "flavor": flavor.value
        if flavor and (toolkit.adopted or has_flavor(toolkit, flavor))
        else None,
        "components": [name for name in names if name in here and name in components()],
        "addons": _addons(request, toolkit, before.get("addons", {})),
        "host_compiler": bool(toolkit.host_compiler and compiler),
        "channels": list(request.channels or before.get("channels", ())),
    }
    return {key: value for key, value in record.items() if value}


def all_components(toolkit: Toolkit) -> set[str]:
    """The components of a toolkit, those of its flavor too."""
    return {*toolkit.components, *(in_flavor(toolkit.flavor) if toolkit.flavor else ())}


def has_flavor(toolkit: Toolkit, flavor: Flavor) -> bool:
    """Whether a toolkit has a flavor, or a larger one."""
    return toolkit.flavor is not None and toolkit.flavor.rank >= flavor.rank


def _release_of(record: Mapping[str, Any]) -> str | None:
    try:
        return VersionRequest.parse(record.get("version", "")).release
    except UsageError:
        return None


def _addons(request: ToolkitRequest, toolkit: Toolkit, before: Mapping[str, str]) -> dict[str, str]:
    """The add-ons that are there, as they were asked for: `9.1` rather than `9.1.0.70`."""
    asked = {**before, **request.wanted_addons}
    found = {}
    for name, version in (toolkit.addons or request.wanted_addons).items():
        words = asked.get(name, version)
        if words == version:
            # Adding to a toolkit names the whole version in place of the words.
            words = before.get(name, version)
        found[name] = words if fits(words, version) else version
    return found
