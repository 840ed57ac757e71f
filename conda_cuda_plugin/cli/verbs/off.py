"""`conda cuda off`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from conda.base.context import context

from ...actions.off import turn_off
from ..common import (
    add_common_options,
    kept_paths,
    name_of,
    print_json,
    say,
    say_kept,
    target_environment,
)

EPILOG = """\
examples:
  conda cuda off            no current toolkit in the active environment
  conda cuda off -n old     the same for another environment
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `off`."""
    parser.epilog = EPILOG
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Let go and say so."""

    environment = target_environment(args)
    before = turn_off(environment)
    say_kept(environment)
    if context.json:
        print_json(
            {
                "success": True,
                "environment": str(environment.prefix),
                "was_current": before.name if before else None,
                "kept": kept_paths(environment),
            }
        )
    elif before:
        say(
            f"CUDA {before.version} is no longer current in {name_of(environment)}; it stays "
            "installed."
        )
    else:
        say(f"No toolkit is current in {name_of(environment)}.")
    return 0
