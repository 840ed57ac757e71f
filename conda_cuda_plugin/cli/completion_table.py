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
from ..platforms import PLATFORMS
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
    for name, summary in VERBS.items():
        yield "verb", name, summary
    yield from _options("", main)
    for name in VERBS:
        yield from _options(name, verb_parser(name))


def _options(verb: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, ...]]:
    choices: dict[str, tuple[str, ...]] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        kind = kind_of(verb, action)
        if action.choices:
            choices[kind] = tuple(map(str, action.choices))
        if action.help == argparse.SUPPRESS and not (verb == "run" and not action.option_strings):
            continue
        for flag in action.option_strings:
            mark = "?" if kind and action.nargs == "?" else ""
            yield "option", verb, flag, kind + mark, _first_sentence(action.help or "")
        if not action.option_strings:
            # `run` takes all its words in one: the version, then the command.
            for one in ("installed", "command*") if verb == "run" else (kind,):
                yield "word", verb, one + ("*" if action.nargs == "+" else "")
    for kind, texts in choices.items():
        for text in texts:
            yield "value", kind, text, ""


def kind_of(verb: str, action: argparse.Action) -> str:
    """What the value of an argument is; empty when it takes none or nothing is known of it."""
    if action.nargs == 0:
        return ""
    if action.choices:
        return action.dest.removeprefix("cuda_")
    if action.dest == "cuda_version":
        return VERSIONS.get(verb, "")
    return KINDS.get(action.dest, "")


def _first_sentence(text: str) -> str:
    """Enough of a help text for a line of a menu."""
    first = re.split(r"\.\s+(?=[A-Z])", text.replace("%%", "%"), maxsplit=1)[0]
    return textwrap.shorten(first.rstrip("."), _WIDTH, placeholder=" ...")


def _values() -> Iterator[tuple[str, ...]]:
    """What never changes while this version of the plugin is installed."""
    from ..frameworks.releases import known_releases, table, title_of

    def rows(kind: str, found: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
        for text, about in found.items():
            yield "value", kind, text, about

    newest = {release.version.release: "" for release in reversed(releases())}
    yield from rows("release", {"auto": "the best for what is here", "latest": ""} | newest)
    yield from rows("source", dict.fromkeys(NAMES, ""))
    yield from rows("components", {name: one.flavor.value for name, one in components().items()})
    yield from rows("platform", dict.fromkeys(PLATFORMS, ""))
    yield from rows("channel", {"conda-forge": "", "nvidia": ""})
    yield from rows("target", {"driver=": "of another machine", "cc=": "compute capability"})
    for name in addons():
        yield "value", name, "none", "take it away"
    for name in table("names"):
        yield "value", "framework", name, title_of(name)
        yield "value", "target", f"{name}==", title_of(name)
    for name in table("names"):
        for release in known_releases(name):
            yield "value", "framework", f"{name}=={release}", ""
            yield "value", "target", f"{name}=={release}", ""
    libraries = read_data("libraries.json")
    known = {**dict.fromkeys(tools(), "tool"), **dict.fromkeys(libraries["libraries"], "library")}
    yield from rows("library", {**known, **dict.fromkeys(libraries["dlls"], "DLL")})


def _places() -> Iterator[tuple[str, ...]]:

    found = [("root", context.root_prefix)]
    found += [("envs", folder) for folder in context.envs_dirs]
    found += [("pkgs", folder) for folder in context.pkgs_dirs]
    found.append(("environments", os.path.expanduser(get_user_environments_txt_file())))
    for name, path in found:
        # Fields end at tabs, rows at the ends of lines.
        if path.isprintable():
            yield "place", name, path
