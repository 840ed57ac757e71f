"""`conda cuda list`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from conda.base.context import context
from conda.cli import helpers

from ...environment import Environment
from ...install.pin import pins
from ...system.conda_compat import known_prefixes
from ...toolkit import Flavor, Toolkit
from ..common import (
    add_common_options,
    contents,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
    toolkit_document,
)
from ..layout import heading, table

EPILOG = """\
examples:
  conda cuda list                    the toolkits here, * the current one
  conda cuda list --available        the releases there are to have, with sizes
  conda cuda list --available 12.4   every place that has 12.4
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `list`."""

    parser.epilog = EPILOG
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--envs", action="store_true", dest="cuda_envs", help="The toolkits of all environments."
    )
    which.add_argument(
        "--available",
        nargs="?",
        const="",
        metavar="VERSION",
        dest="cuda_available",
        help="The releases that the sources have, by flavor, with the size of the download; of one "
        "release: every place that has it.",
    )
    which.add_argument(
        "--system",
        action="store_true",
        dest="cuda_system",
        help="The toolkits installed on this machine outside of environments.",
    )
    parser.add_argument(
        "-c",
        "--channel",
        dest="cuda_channels",
        metavar="CHANNEL",
        action="append",
        help="With --available: look in this channel.",
    )
    parser.add_argument(
        "--flavor",
        dest="cuda_flavor",
        choices=[flavor.value for flavor in Flavor],
        help="With --available: this flavor only.",
    )
    add_common_options(parser)
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Show one of the four lists."""
    if args.cuda_envs:
        return _all_environments()
    if args.cuda_available is not None:
        from ..available import show_available

        return show_available(args)
    if args.cuda_system:
        return _system()
    return _environment(target_environment(args))


def _environment(environment: Environment) -> int:

    current, toolkits = environment.current_name(), environment.toolkits()
    if context.json:
        print_json(_document(environment, toolkits))
        return 0
    say(*heading(f"# CUDA toolkits in {name_of(environment)}", environment.prefix))
    if not toolkits:
        say("# none; conda cuda use VERSION installs one")
        return 0
    rows = [("", "toolkit", "version", "contents", "origin")]
    painted = {}
    for toolkit in toolkits:
        if toolkit.name == current:
            painted[len(rows)] = "bold"
        rows.append(
            (
                "*" if toolkit.name == current else " ",
                toolkit.name,
                str(toolkit.version),
                contents(toolkit),
                _origin(toolkit),
            )
        )
    say(*table(rows, indent="", painted=painted))
    return 0


def _all_environments() -> int:

    found = [
        (environment, toolkits)
        for environment in map(Environment, known_prefixes())
        if (toolkits := environment.toolkits())
    ]
    if context.json:
        print_json({"environments": [_document(*row) for row in found]})
        return 0
    if not found:
        say("# no environment has a CUDA toolkit; conda cuda use VERSION installs one")
        return 0
    rows = [("environment", "", "version", "contents", "origin")]
    for environment, toolkits in found:
        current = environment.current_name()
        for toolkit in toolkits:
            rows.append(
                (
                    name_of(environment),
                    "*" if toolkit.name == current else " ",
                    str(toolkit.version),
                    contents(toolkit),
                    _origin(toolkit),
                )
            )
    say(*table(rows, indent=""))
    return 0


def _system() -> int:

    from ...sources.system import SystemSource

    found = SystemSource().find(this_platform())
    if context.json:
        print_json(
            {
                "system": [
                    {
                        "version": str(toolkit.version),
                        "path": str(toolkit.path),
                        "read_from": toolkit.evidence,
                        "nvcc": toolkit.has_nvcc,
                    }
                    for toolkit in found
                ]
            }
        )
        return 0
    if not found:
        say("# no CUDA toolkit is installed on this machine outside of environments")
        return 0
    rows = [("version", "nvcc", "path")]
    rows += [(str(t.version), "yes" if t.has_nvcc else "no", str(t.path)) for t in found]
    say(*table(rows, indent="", whole=True))
    return 0


def _document(environment: Environment, toolkits: Sequence[Toolkit]) -> dict[str, Any]:

    current = environment.current_name()
    return {
        "environment": str(environment.prefix),
        "name": name_of(environment),
        "current": current,
        "pinned": pins(environment),
        "toolkits": [toolkit_document(t, current) for t in toolkits],
    }


def _origin(toolkit: Any) -> str:
    if toolkit.origin is None:
        return "-"
    text: str = toolkit.origin.value
    return f"{text} ({toolkit.location})" if toolkit.location else text
