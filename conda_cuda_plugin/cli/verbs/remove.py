"""`conda cuda remove`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from conda.base.context import context

from ...actions.off import plan_removal, remove
from ...errors import UsageError
from ...system.conda_compat import confirm
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
  conda cuda remove 11.8       remove CUDA 11.8 from the active environment
  conda cuda remove --all      remove all toolkits
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `remove`."""
    parser.add_argument("cuda_version", metavar="VERSION", nargs="?", help="Which toolkit.")
    parser.add_argument("--all", dest="cuda_all", action="store_true", help="All toolkits.")
    add_common_options(parser, prompt=True)


def execute(args: Namespace) -> int:
    """Say what goes, ask, remove."""
    if bool(args.cuda_version) == args.cuda_all:
        raise UsageError(
            "Name one version, or --all.", hints=["conda cuda list shows what is installed."]
        )
    environment = target_environment(args)
    removal = plan_removal(environment, None if args.cuda_all else args.cuda_version)
    document = {
        "success": True,
        "environment": str(environment.prefix),
        "removed": [toolkit.name for toolkit in removal.toolkits],
        "was_current": removal.deactivates,
    }
    if context.dry_run and context.json:
        print_json({**document, "dry_run": True})
        return 0
    if not removal.toolkits and not removal.deactivates:
        say(f"No toolkit is installed in {name_of(environment)}.")
        if args.cuda_all and environment.has_traces and not context.dry_run:
            # A killed command has left its record or its lock.
            remove(environment, removal)
            say_kept(environment)
    else:
        for toolkit in removal.toolkits:
            say(f"Removes {toolkit.name} ({toolkit.root})")
        if removal.deactivates:
            say("This removes the current toolkit; none will be current afterwards.")
        confirm("Proceed")
        remove(environment, removal)
        say_kept(environment)
        say(f"Removed from {name_of(environment)}.")
    left = say_left_behind(environment)
    if context.json:
        print_json({**document, **facts(environment, "kept"), "left_in_shell": left})
    return 0
