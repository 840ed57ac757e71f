"""`conda cuda use`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, BooleanOptionalAction, Namespace

from conda.base.context import context

from ...actions import auto, use
from ...actions.request import request_from
from ...system.conda_compat import confirm
from ...verdict.driver_rules import has_compat
from ...verdict.verdict import Level
from ..common import (
    add_common_options,
    facts,
    name_of,
    print_json,
    say,
    say_kept,
    target_environment,
    this_platform,
    toolkit_document,
    warn,
    warn_of_others,
)
from ..content import add_channel_options, add_content_options, content_request, names_place
from ..machine import MACHINE, machine_for, split_targets
from ..plan import plan_document, plan_lines, switch_lines, verdict_text

EPILOG = """\
VERSION is 12.4, 12.4.1, 12, latest, a range such as ">=11.8,<12", the path of a
toolkit on this machine, or auto: the best release for the driver, the GPUs and
the frameworks in the environment. Without it: what was asked for the last time,
else auto.

examples:
  conda cuda use 12.4                              the libraries, from anywhere
  conda cuda use 13.0 --from pypi --flavor devel   with nvcc, from PyPI
  conda cuda use /usr/local/cuda-13.0              a toolkit of this machine
  conda cuda use --for torch==2.5.1                what torch was built for
  conda cuda use 12.4 --for "h100,driver=550"      for another machine
  conda cuda use auto --for slurm:gpu              what runs on all of its nodes
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `use`."""
    parser.add_argument("cuda_version", metavar="VERSION|PATH", nargs="?", help="What to use.")
    add_content_options(parser)
    parser.add_argument(
        "--pin",
        dest="cuda_pin",
        action=BooleanOptionalAction,
        default=None,
        help="Keep later `conda install` in this environment on this CUDA, or no longer.",
    )
    parser.add_argument(
        "--for",
        dest="cuda_for",
        metavar="FRAMEWORK|MACHINE",
        action="append",
        help="A framework to choose for that is not installed yet: torch==2.5.1. Or the machine it "
        "will run on, when that is not this one: " + MACHINE,
    )
    parser.set_defaults(cuda_passed=())
    parser.add_argument(
        "--force",
        dest="cuda_force",
        action="store_true",
        help="Go on with a toolkit that cannot run there.",
    )
    add_common_options(parser, prompt=True)
    add_channel_options(parser)


def execute(args: Namespace) -> int:
    """Plan, ask, do, report."""
    platform, environment = this_platform(), target_environment(args)
    target, framework = split_targets(args.cuda_for)
    text, options = args.cuda_version, content_request(args, platform)
    automatic = not names_place(args) and auto.is_automatic(text, environment, framework)
    if automatic:
        text = "latest"
    request, source = request_from(text, args.cuda_source, options, environment)
    machine = machine_for(
        target, compiles=request.compiles, passed=args.cuda_passed, prefix=environment.prefix
    )
    if automatic:
        request = auto.choose_for(environment, request, machine, framework)
    pin = True if args.cuda_pin is None and context.plugins.cuda_pin else args.cuda_pin
    plan = use.make_plan(environment, request, source, machine, force=args.cuda_force, pin=pin)
    if context.dry_run and context.json:
        print_json({"success": True, "dry_run": True, "plan": plan_document(plan, machine)})
        return 0
    if plan.offer is None:
        say(*switch_lines(plan, machine, dry_run=context.dry_run))
    elif not (context.json or context.quiet):
        say(*plan_lines(plan, machine))
    if plan.offer is not None or context.dry_run:
        verdict = plan.verdict
        doubtful = verdict is not None and verdict.level is Level.COMPAT and not has_compat(machine)
        confirm("Proceed", default="no" if doubtful else "yes")
    elif plan.verdict is not None and plan.verdict.level is Level.CANNOT:
        warn(f"warning: {verdict_text(plan, machine)}")
    result = use.carry_out(plan, active_prefix=context.active_prefix, variables=os.environ)
    warn_of_others(environment, result.toolkit, plan.offer)
    say_kept(environment)
    if context.json:
        print_json(
            {
                "success": True,
                "plan": plan_document(plan, machine),
                "toolkit": toolkit_document(result.toolkit, result.toolkit.name),
                **facts(result, "installed switched activate pinned"),
                **facts(environment, "kept"),
            }
        )
        return 0
    already = "" if result.installed or result.switched else " already"
    say(f"CUDA {result.toolkit.version} is current in {name_of(environment)}{already}.")
    if result.pinned:
        say(f"Later conda install in it is held to {', '.join(result.pinned)}.")
    elif result.unpinned:
        say("Later conda install in it is free to take another CUDA.")
    if result.activate:
        say(f"For this shell to notice, type:  {result.activate}")
    return 0
