"""`conda cuda mirror`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.cli import helpers

from ...actions.request import request_from
from ...environment import Environment
from ...errors import UsageError
from ...lockfile import mirror
from ...quoting import typed
from ...sources.base import options_of
from ...system.conda_compat import confirm
from ..common import add_common_options, facts, print_json, say, size, this_platform
from ..content import add_channel_options, add_content_options, content_request, names_place
from ..layout import fields
from ..plan import offer_text, package_lines, reason_rows

EPILOG = """\
The folder is an ordinary conda channel: copied to a machine without a network,
it needs nothing else there. Mirror as many releases into it as you like. On the
other side:

  conda cuda use 12.4 -c file:///DIR --offline
  conda install -c file:///DIR conda-cuda-toolkit=12.4    without conda cuda

examples:
  conda cuda mirror 12.4 --flavor runtime --to usb
  conda cuda mirror 12.4 --cudnn 9.1 --to usb              with cuDNN
  conda cuda mirror 13.0 --to usb --platform linux-aarch64
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `mirror`."""
    parser.add_argument(
        "cuda_version", metavar="VERSION", nargs="?", help="What to mirror, as `use` takes it."
    )
    parser.add_argument(
        "--to",
        dest="cuda_to",
        metavar="DIR",
        required=True,
        help="The folder: a new or empty one, or one that was mirrored into before.",
    )
    add_content_options(parser)
    helpers.add_parser_platform(parser)
    add_common_options(parser, prompt=True)
    add_channel_options(parser)


def execute(args: Namespace) -> int:
    """Plan, ask, do, report."""
    platform, text = this_platform(), args.cuda_version
    directory = _directory(args.cuda_to)
    if text == "auto" or (text is None and not names_place(args)):
        raise UsageError(
            "mirror needs to know which release: it is for another machine than this one.",
            hints=["conda cuda mirror 12.4 --to DIR"],
        )
    options = content_request(args, platform)
    request, source = request_from(text, args.cuda_source, options, Environment(directory))
    plan = mirror.make_plan(directory, request, source)
    document = {"success": True, "plan": _document(plan)}
    if context.dry_run and context.json:
        print_json({**document, "dry_run": True})
        return 0
    say(*_lines(plan))
    confirm("Proceed")
    result = mirror.carry_out(plan)
    if context.json:
        document["mirror"] = {
            "directory": str(directory),
            "channel": directory.as_uri(),
            "metapackage": result.metapackage.filename,
            **facts(result.metapackage, "addons"),
            **facts(result, "packages added size"),
            "use": _other_side(plan),
        }
        print_json(document)
        return 0
    count = len(result.packages)
    what = "1 package" if count == 1 else f"{count} packages"
    new = f"{len(result.added)} new" if result.added else "nothing new"
    say(
        f"CUDA {plan.offer.version} is in the channel {directory}: {what}, {new}, "
        f"{size(result.size)}.",
        "On the other machine, with the place where the folder is there, type:",
        f"  {_other_side(plan)}",
    )
    return 0


def _directory(text: str) -> Path:
    """The folder that was named, with everything that leads to it resolved.

    Raises:
        UsageError: when it is empty, or the top of a file system, which conda has no address for.
    """
    if not text.strip():
        raise UsageError("--to names no folder.", hints=["conda cuda mirror 12.4 --to DIR"])
    folder = Path(os.path.realpath(os.path.expanduser(text)))
    if folder == folder.parent:
        raise UsageError(
            f"{folder} itself cannot be a channel.",
            hints=[
                f"Name a folder in it: conda cuda mirror 12.4 --to {typed(str(folder / 'cuda'))}"
            ],
        )
    return folder


def _lines(plan: mirror.Plan) -> list[str]:
    """The plan for people."""
    rows = [
        ("mirrors", offer_text(plan.offer, plan.download)),
        ("platform", plan.request.platform.subdir),
        *reason_rows(plan.offer, plan.reason),
    ]
    title = f"CUDA as a conda channel in {plan.directory}"
    return [title, "", *fields(rows), *package_lines(plan.packages), ""]


def _document(plan: mirror.Plan) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "directory": str(plan.directory),
        "platform": plan.request.platform.subdir,
        **facts(plan.offer, "version origin flavor components from=detail note"),
        **facts(plan, "reason download"),
        "packages": [facts(package, "name version file size") for package in plan.packages],
    }


def _other_side(plan: mirror.Plan) -> str:
    """The command that installs it on the other side, for a shell to read."""
    asked = options_of(replace(plan.request, flavor=plan.offer.flavor))
    words = ["conda", "cuda", "use", str(plan.offer.version), *asked.split()]
    return " ".join(map(typed, [*words, "-c", plan.directory.as_uri(), "--offline"]))
