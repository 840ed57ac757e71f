"""The table that completion works with, made from the parsers of the verbs; see `complete.py`."""

from __future__ import annotations

import argparse
import os
import re
import textwrap
from collections.abc import Iterator, Mapping

from conda.base.context import context
from conda.core.envs_manager import get_user_environments_txt_file

from ..addons import addons
from ..data import read_data, tools
from ..frameworks.releases import known_releases, title_of
from ..frameworks.releases import table as framework_table
from ..machine.gpu_names import known_gpus
from ..platforms import PLATFORMS
from ..sources.base import DEFAULT_CHANNELS
from ..sources.table import NAMES
from ..toolkit import components, releases
from . import VERBS, configure_parser, verb_parser

KINDS = {
    "cuda_available": "release",
    "cuda_by": "file",
    "cuda_channels": "channel",
    "cuda_components": "components",
    "cuda_cudnn": "cudnn",
    "cuda_file": "file",
    "cuda_for": "target",
    "cuda_framework": "framework",
    "cuda_nccl": "nccl",
    "cuda_platforms": "platform",
    "cuda_save": "file",
    "cuda_sha256": "hash",
    "cuda_source": "source",
    "cuda_text": "library",
    "cuda_to": "folder",
    "name": "environment",
    "prefix": "prefix",
    "subdir": "platform",
}
"""What the value of an argument is, by its name in the parsers; choices speak for themselves."""
VERSIONS = {"use": "release", "mirror": "release", "remove": "installed", "env": "installed"}
"""The same for VERSION, which means something else in each verb."""

_WIDTH = 60
"""Columns that a help text may take beside an option."""


def table() -> str:
    """All rows, for the conda that runs this."""
    rows = [*_parsers(), *_values(), *_places()]
    return "\n".join(dict.fromkeys("\t".join(row) for row in rows))


def _parsers() -> Iterator[tuple[str, ...]]:
    main = argparse.ArgumentParser()
    configure_parser(main)
    yield from _options("", main)
    yield "word", "", "verb"
    for name, summary in VERBS.items():
        yield "value", "verb", name, summary
        yield from _options(name, verb_parser(name))


def _options(verb: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        if verb == "run" and not action.option_strings:
            # It takes all its words in one: the version, then the command.
            yield "word", verb, "installed"
            yield "word", verb, "command*"
        if action.help == argparse.SUPPRESS:
            continue
        kind = kind_of(verb, action)
        about = (action.help or "").replace("%%", "%")
        # The first sentence is enough for a line of a menu.
        about = textwrap.shorten(
            re.split(r"\.\s+(?=[A-Z])|\.$", about)[0], _WIDTH, placeholder=" ..."
        )
        for flag in action.option_strings:
            yield "option", verb, flag, kind + ("?" if kind and action.nargs == "?" else ""), about
        if not action.option_strings:
            yield "word", verb, kind + ("*" if action.nargs in ("+", "*") else "")
        for choice in action.choices or ():
            yield "value", kind, str(choice), ""


def kind_of(verb: str, action: argparse.Action) -> str:
    """What the value of an argument is; empty when it takes none or nothing is known of it."""
    if action.nargs == 0:
        return ""
    if action.choices:
        return action.dest.removeprefix("cuda_")
    if action.dest == "cuda_version":
        return VERSIONS.get(verb, "")
    return KINDS.get(action.dest, "")


def _values() -> Iterator[tuple[str, ...]]:
    """What never changes while this version of the plugin is installed."""
    libraries = read_data("libraries.json")
    frameworks = {name: title_of(name) for name in framework_table("names")}
    kinds: dict[str, Mapping[str, str]] = {
        "release": {"auto": "the best for this machine", "latest": ""}
        | {release.version.release: "" for release in reversed(releases())},
        "source": dict.fromkeys(NAMES, ""),
        "components": {name: one.flavor.value for name, one in components().items()},
        "platform": dict.fromkeys(PLATFORMS, ""),
        "channel": dict.fromkeys(DEFAULT_CHANNELS, ""),
        "framework": frameworks,
        "target": {"driver=": "of another machine", "cc=": "compute capability"}
        | {gpu.name: str(gpu.capability) for gpu in known_gpus() if " " not in gpu.name}
        | {f"{name}==": title for name, title in frameworks.items()},
        "library": dict.fromkeys(tools(), "tool")
        | dict.fromkeys(libraries["libraries"], "library")
        | dict.fromkeys(libraries["dlls"], "DLL"),
        **{name: {"none": f"remove {addon.title}"} for name, addon in addons().items()},
    }
    for kind, found in kinds.items():
        for text, about in found.items():
            yield "value", kind, text, about
    for name in frameworks:
        for release in known_releases(name):
            yield "value", "framework", f"{name}=={release}", ""
            yield "value", "target", f"{name}=={release}", ""


def _places() -> Iterator[tuple[str, ...]]:
    found = [("root", context.root_prefix)]
    found += [("envs", folder) for folder in context.envs_dirs]
    found += [("pkgs", folder) for folder in context.pkgs_dirs]
    found.append(("environments", os.path.expanduser(get_user_environments_txt_file())))
    for name, path in found:
        # Fields end at tabs, rows at the ends of lines.
        if path.isprintable():
            yield "place", name, path
