"""`conda cuda off`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from conda.base.context import context

from ...actions.off import turn_off
from ..common import (
    add_common_options,
    facts,
    name_of,
    print_json,
    say,
    say_kept,
    target_environment,
)
from .doctor import say_left_behind

EPILOG = """\
examples:
  conda cuda off            deactivate the toolkit of the active environment
  conda cuda off -n old     the same for another environment
"""


def configure_parser(parser: ArgumentParser) -> None:
    """Add the options of `off`."""
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Deactivate the current toolkit and say so."""
    environment = target_environment(args)
    before = turn_off(environment)
    say_kept(environment)
    name = name_of(environment)
    if before:
        say(f"CUDA {before.version} is no longer current in {name}; it stays installed.")
    else:
        say(f"No toolkit is current in {name}.")
    left = say_left_behind(environment)
    if context.json:
        was = before.name if before else None
        kept = facts(environment, "environment=prefix kept")
        print_json({"success": True, **kept, "was_current": was, "left_in_shell": left})
    return 0
