"""`conda cuda use`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from .common import (
    add_common_options,
    fields,
    name_of,
    print_json,
    say,
    size,
    table,
    target_environment,
    this_platform,
    toolkit_document,
)

EPILOG = """\
VERSION is 12.4, 12.4.1, 12, latest, a range such as '>=11.8,<12', or the path of a toolkit on
this machine. Without it: what was asked for the last time.

examples:
  conda cuda use 12.4                               the libraries, from wherever they can be had
  conda cuda use 13.0 --from pypi --flavor devel    with nvcc, from the Python package index
  conda cuda use /usr/local/cuda-13.0               adopt a toolkit of this machine
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `use`."""
    from conda.cli import helpers

    from ..sources.table import NAMES
    from ..toolkit import Flavor

    parser.epilog = EPILOG
    parser.add_argument("cuda_version", metavar="VERSION|PATH", nargs="?", help="What to use.")
    parser.add_argument(
        "--from", dest="cuda_source", metavar="SOURCE", help=f"One of {', '.join(NAMES)}."
    )
    parser.add_argument(
        "--flavor",
        dest="cuda_flavor",
        choices=[flavor.value for flavor in Flavor],
        help="base: the CUDA runtime. runtime: the math libraries too. devel: nvcc, headers and "
        "tools too. Default: runtime.",
    )
    parser.add_argument(
        "--components",
        dest="cuda_components",
        metavar="NAME,NAME",
        help="Single components in place of a flavor: cudart, cublas, nvcc, ... What they need "
        "comes with them.",
    )
    add_common_options(parser, prompt=True)
    channels = parser.add_argument_group("Channels")
    channels.add_argument(
        "-c",
        "--channel",
        dest="cuda_channels",
        metavar="CHANNEL",
        action="append",
        help="Take the toolkit from this channel; may be given more than once. Default: the "
        "setting plugins.cuda_channels, else conda-forge and nvidia.",
    )
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Plan, ask, do, report."""
    from conda.base.context import context

    from ..actions import use
    from ..conda_compat import confirm
    from ..toolkit import Flavor

    platform = this_platform()
    environment = target_environment(args)
    request, source = use.request_from(
        args.cuda_version,
        environment,
        platform,
        source=args.cuda_source,
        flavor=Flavor(args.cuda_flavor) if args.cuda_flavor else None,
        components=_names(args.cuda_components),
        channels=tuple(args.cuda_channels or context.plugins.cuda_channels),
        offline=bool(context.offline),
    )
    plan = use.make_plan(environment, request, source)
    if context.dry_run and context.json:
        print_json({"success": True, "dry_run": True, "plan": plan_document(plan)})
        return 0
    if plan.offer is not None:
        say(*plan_lines(plan))
    if plan.offer is not None or context.dry_run:
        if context.dry_run and plan.offer is None:
            say(_switch_line(plan))
        confirm("Proceed")
    result = use.carry_out(plan, active_prefix=context.active_prefix)
    if context.json:
        document: dict[str, Any] = {
            "success": True,
            "plan": plan_document(plan),
            "toolkit": toolkit_document(result.toolkit, result.toolkit.name),
            "installed": result.installed,
            "switched": result.switched,
            "activate": result.activate,
        }
        print_json(document)
        return 0
    say(_outcome(result))
    if result.activate:
        say(f"For this shell to notice, type:  {result.activate}")
    return 0


def plan_lines(plan: Any) -> list[str]:
    """The plan for people."""
    offer = plan.offer
    what = offer.flavor.value if offer.flavor else ", ".join(offer.components)
    rows = [
        ("toolkit", f"CUDA {offer.version} ({what})"),
        ("from", offer.detail),
        ("because", plan.reason),
    ]
    if offer.note:
        rows.append(("note", offer.note))
    if plan.replaces is not None:
        rows.append(("replaces", f"CUDA {plan.replaces.version} in {plan.replaces.name}"))
    if not offer.origin.adopted:
        rows.append(("download", "nothing" if offer.download == 0 else size(offer.download)))
    before = plan.before.name if plan.before else "none"
    rows.append(("current", f"cuda-{offer.version.release} (now: {before})"))
    lines = [f"CUDA for {name_of(plan.environment)} ({plan.environment.prefix})", ""]
    lines += fields(rows)
    shown = [] if offer.origin.adopted else list(offer.packages)
    if shown:
        cells = [(package.name, package.version, size(package.size)) for package in shown]
        lines += ["", "  packages:", *table(cells, indent="    ")]
    return [*lines, ""]


def plan_document(plan: Any) -> dict[str, Any]:
    """The plan for machines."""
    offer, installed = plan.offer, plan.installed
    document: dict[str, Any] = {
        "environment": str(plan.environment.prefix),
        "version": str(offer.version if offer else installed.version),
        "origin": (offer or installed).origin.value,
        "reason": plan.reason,
        "current_before": plan.before.name if plan.before else None,
        "install": None,
    }
    if offer:
        document["install"] = {
            "flavor": offer.flavor.value if offer.flavor else None,
            "components": list(offer.components),
            "from": offer.detail,
            "note": offer.note,
            "download": offer.download,
            "replaces": str(plan.replaces.version) if plan.replaces else None,
            "packages": [
                {"name": package.name, "version": package.version, "size": package.size}
                for package in offer.packages
            ],
        }
    return document


def _switch_line(plan: Any) -> str:
    """The plan of a mere switch, in a line."""
    if plan.changes_nothing:
        return f"CUDA {plan.installed.version} is current in {name_of(plan.environment)} already."
    before = plan.before.name if plan.before else "none"
    return f"Would switch {name_of(plan.environment)} from {before} to {plan.installed.name}."


def _outcome(result: Any) -> str:
    name, version = name_of(result.plan.environment), result.toolkit.version
    if result.installed or result.switched:
        return f"CUDA {version} is current in {name}."
    return f"CUDA {version} is current in {name} already."


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
