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
    facts,
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
  conda cuda list --available        the available releases, with sizes
  conda cuda list --available 12.4   every place that has 12.4
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `list`."""
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
        help="The releases that the sources have, by flavor, with download sizes; with a VERSION "
        "every place that has it.",
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
        # Not at the top: the other lists need no source.
        from ..available import show_available

        return show_available(args)
    if args.cuda_system:
        return _system()
    return _environment(target_environment(args))


def _environment(environment: Environment) -> int:
    toolkits = environment.toolkits()
    if context.json:
        print_json(_document(environment, toolkits))
        return 0
    say(*heading(f"# CUDA toolkits in {name_of(environment)}", environment.prefix))
    rows = _rows(environment, toolkits)
    if not rows:
        say("# none; conda cuda use VERSION installs one")
        return 0
    painted = {number: "bold" for number, row in enumerate(rows, 1) if row[0] == "*"}
    header = ("", "toolkit", "version", "contents", "origin")
    say(*table([header, *rows], indent="", painted=painted))
    return 0


def _all_environments() -> int:
    environments = map(Environment, known_prefixes())
    found = [(one, toolkits) for one in environments if (toolkits := one.toolkits())]
    if context.json:
        print_json({"environments": [_document(*row) for row in found]})
        return 0
    if not found:
        say("# no environment has a CUDA toolkit; conda cuda use VERSION installs one")
        return 0
    rows: list[tuple[str, ...]] = [("environment", "", "version", "contents", "origin")]
    for one, toolkits in found:
        rows += [(name_of(one), mark, *rest) for mark, _, *rest in _rows(one, toolkits)]
    say(*table(rows, indent=""))
    return 0


def _system() -> int:
    from ...sources.system import SystemSource

    found = SystemSource().find(this_platform())
    if context.json:
        names = "version path read_from=evidence nvcc=has_nvcc"
        print_json({"system": [facts(toolkit, names) for toolkit in found]})
        return 0
    if not found:
        say("# no CUDA toolkit is installed on this machine outside of environments")
        return 0
    rows = [("version", "nvcc", "path")]
    rows += [(str(t.version), "yes" if t.has_nvcc else "no", str(t.path)) for t in found]
    say(*table(rows, indent="", whole=True))
    return 0


def _rows(environment: Environment, toolkits: Sequence[Toolkit]) -> list[tuple[str, ...]]:
    """A row for each toolkit: a mark if it is current, name, version, contents, origin."""
    current = environment.current_name()
    rows: list[tuple[str, ...]] = []
    for toolkit in toolkits:
        origin = toolkit.origin.value if toolkit.origin else "-"
        if toolkit.location:
            origin = f"{origin} ({toolkit.location})"
        mark = "*" if toolkit.name == current else " "
        rows.append((mark, toolkit.name, str(toolkit.version), contents(toolkit), origin))
    return rows


def _document(environment: Environment, toolkits: Sequence[Toolkit]) -> dict[str, Any]:
    current = environment.current_name()
    return {
        "environment": str(environment.prefix),
        "name": name_of(environment),
        "current": current,
        "pinned": pins(environment),
        "toolkits": [toolkit_document(one, current) for one in toolkits],
    }
