"""Where else there is what the sources that were asked do not have, as far as our tables say."""

from __future__ import annotations

import os
from collections.abc import Container

from conda.base.context import context

from ..data import read_data
from ..environment import Environment
from ..quoting import typed
from ..system.conda_compat import display_name
from ..toolkit import Release, releases
from ..versions import CudaVersion
from .base import ToolkitRequest, options_of
from .runfile.installers import installer_for


def _matching(request: ToolkitRequest) -> list[Release]:
    return [row for row in releases() if request.version.matches(row.version)]


def beyond_channels(request: ToolkitRequest) -> bool:
    """Whether our channels have never had what is wanted: nvcc is there from 11.3 on."""
    first = (11, 3) if request.compiles else (9, 2)
    matching = _matching(request)
    known = bool(matching) and not request.channels
    return known and all(row.version.numbers < first for row in matching)


def routes(
    request: ToolkitRequest, asked: Container[str], environment: Environment | None = None
) -> list[str]:
    """The commands that ask those sources that have not been asked and have it, by our tables."""
    # What is added to comes from where it came from, and offline all of them are out of reach.
    if request.keep or request.wanted_addons or request.location or request.offline:
        return []
    matching = _matching(request)
    redist = read_data("redist.json")
    ways = {
        "channel": "" if beyond_channels(request) else "conda's packages",
        "pypi": "NVIDIA's wheels"
        if any(row.pypi and (row.version.major >= 13 or not request.compiles) for row in matching)
        else "",
        "redist": "NVIDIA's archives, part by part"
        if request.platform.subdir in redist["platforms"]
        and any(request.version.matches(CudaVersion.parse(text)) for text in redist["releases"])
        else "",
        "runfile": "",
    }
    installer = installer_for(request.version, request.platform.machine)
    if installer and not request.platform.windows:
        ways["runfile"] = f"NVIDIA's installer {installer}, whose SHA-256 is known"
    words = f"conda cuda use {typed(str(request.version))} {options_of(request)}".strip()
    words += _named(environment) if environment is not None else ""
    return [
        f"{words} --from {source}   ({what})"
        for source, what in ways.items()
        if what and source not in asked
    ]


def _named(environment: Environment) -> str:
    """The option that names an environment, where it is one and not the active one."""
    prefix, active = environment.prefix, context.active_prefix or ""
    if not (prefix / "conda-meta").is_dir() or os.path.realpath(active) == os.path.realpath(prefix):
        return ""
    name = display_name(prefix)
    return f" {'-p' if os.sep in name else '-n'} {typed(name)}"
