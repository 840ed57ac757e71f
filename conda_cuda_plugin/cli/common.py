"""What the verbs share: the environment they act on, and printing."""

from __future__ import annotations

import json
import os
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.cli import helpers
from conda.common.constants import NULL
from conda.utils import human_bytes

from ..addons import addons
from ..environment import Environment, open_environment
from ..errors import CudaError
from ..platforms import Platform, platform_of
from ..quoting import escaped
from ..system.conda_compat import display_name
from ..system.ownership import exposed_in_environment
from ..toolkit import Flavor, Toolkit, beyond
from .layout import Painted, fitted


def add_common_options(parser: ArgumentParser, *, prompt: bool = False) -> None:
    """`-n/-p`, `--json`, `-q`, `-v` and `-y`, and for verbs that ask before they act `-d`."""
    helpers.add_parser_prefix(parser)
    if prompt:
        helpers.add_output_and_prompt_options(parser)
    else:
        # What never asks takes it all the same: nobody has to know which verbs do.
        options = helpers.add_parser_json(parser)
        options.add_argument("-y", "--yes", action="store_true", default=NULL, help=SUPPRESS)


def target_environment(args: Namespace) -> Environment:
    """The environment named by `-n/-p`, else the active one.

    Raises:
        CudaError: when none is named and none is active, or the named one does not exist.
    """
    named = getattr(args, "name", None) or getattr(args, "prefix", None)
    if not named and not context.active_prefix:
        raise CudaError(
            "No environment is active, and none was named.",
            hints=["conda activate NAME first, or name one with --name or --prefix."],
        )
    return open_environment(context.target_prefix)


def this_platform() -> Platform:
    """The platform that conda installs for."""
    return platform_of(context.subdir)


def say(*lines: str) -> None:
    """Print lines for people; nothing under `--json` and `--quiet`."""
    if not context.json and not context.quiet:
        for line in lines:
            print(*map(shown, fitted(line)), sep="\n")


def shown(line: str) -> str:
    """A line as a terminal may get it: only our own colours steer it."""
    return line if isinstance(line, Painted) else escaped(line)


def warn(line: str) -> None:
    """Print a warning to standard error."""
    print(*map(shown, fitted(line)), sep="\n", file=sys.stderr)


def warn_of_others(environment: Environment, toolkit: Toolkit, offer: Any = None) -> None:
    """Say when somebody else may change what programs load from a toolkit.

    `offer` is what it was installed from just now, if it was.
    """
    # The plan has said so of a toolkit that was adopted just now.
    if offer is not None and offer.note:
        return
    link = [environment.link] if toolkit.name == environment.current_name() else []
    found = exposed_in_environment(environment.prefix, toolkit.root, *link)
    if found:
        warn(f"warning: {found[0]}")


def say_kept(environment: Environment) -> None:
    """Name what a command has found that conda cuda did not write, and has kept."""
    for path in environment.kept:
        warn(f"Kept, since conda cuda did not write it: {path}")


def print_json(document: Mapping[str, Any]) -> None:
    """Print the one document of `--json`."""
    print(json.dumps(document, indent=2))


def facts(thing: Any, names: str) -> dict[str, Any]:
    """Some attributes of an object as JSON has them: `name version key=attribute`."""
    pairs = (name.split("=") for name in names.split())
    return {pair[0]: plain(getattr(thing, pair[-1])) for pair in pairs}


def plain(value: Any) -> Any:
    """A value as JSON has it: versions and paths as text, enumerations by their value."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value)


def size(count: int | None) -> str:
    """Bytes for people."""
    if count is None:
        return "unknown"
    if count == 0:
        return "-"
    return str(human_bytes(count))


def name_of(environment: Environment) -> str:
    """What people call an environment: its name, or its path."""
    return display_name(environment.prefix)


def toolkit_document(toolkit: Toolkit, current: str | None) -> dict[str, Any]:
    """A toolkit as `--json` shows it."""
    return {
        **facts(toolkit, "name version"),
        "release": toolkit.version.release,
        **facts(toolkit, "origin flavor components addons"),
        "host_compiler": toolkit.host_compiler if toolkit.compiler_asked else None,
        **facts(toolkit, "packages root location"),
        "current": toolkit.name == current,
        "status": "ok" if toolkit.complete else "incomplete",
    }


def contents(toolkit: Toolkit) -> str:
    """How much of CUDA a toolkit is, in a word or two."""
    if not toolkit.complete:
        return "incomplete"
    parts = parts_of(toolkit.flavor, toolkit.components, toolkit.addons)
    if toolkit.compiler_asked:
        parts.append(f"g++ {toolkit.host_compiler}")
    return ", ".join(parts) or "-"


def parts_of(
    flavor: Flavor | None, components: Sequence[str], found: Mapping[str, str]
) -> list[str]:
    """A flavor, the components beyond it and the add-ons: `runtime`, `cuDNN 8.9.7.29`."""
    names = [*([flavor.value] if flavor else []), *beyond(flavor, components)]
    return names + [f"{addons()[name].title} {version}" for name, version in found.items()]


def is_active(environment: Environment) -> bool:
    """Whether the environment is the one active in this shell."""
    active = context.active_prefix
    return bool(active) and os.path.realpath(active) == os.path.realpath(environment.prefix)


def relative_to_home(path: str | Path) -> str:
    """A path as people write it."""
    text, home = str(path), os.path.expanduser("~")
    return f"~{text[len(home) :]}" if text.startswith(home + os.sep) else text
