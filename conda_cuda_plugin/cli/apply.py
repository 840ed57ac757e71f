"""`conda cuda apply`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from .common import (
    add_common_options,
    contents_of,
    name_of,
    print_json,
    say,
    say_kept,
    target_environment,
    this_platform,
    warn,
)
from .layout import fields, heading, table

EPILOG = """\
FILE is one that conda cuda export has written. Every package comes from the
caches or from the address in FILE and is checked against the hash in FILE.

examples:
  conda cuda apply cuda.yaml                       for the active environment
  conda cuda apply cuda.yaml -n new --offline -y   from the caches, unasked
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `apply`."""
    from conda.cli import helpers

    parser.epilog = EPILOG
    parser.add_argument("cuda_file", metavar="FILE", help="What conda cuda export has written.")
    parser.add_argument(
        "--force",
        dest="cuda_force",
        action="store_true",
        help="Go on with a toolkit that cannot run here.",
    )
    add_common_options(parser, prompt=True)
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Read, plan, ask, do, report."""
    from conda.base.context import context

    from ..actions import apply, weigh
    from ..conda_compat import confirm

    platform, path = this_platform(), Path(args.cuda_file).expanduser().absolute()
    file = apply.read(path)
    environment = target_environment(args)
    machine = weigh.machine_for(None, apply.request_of(file, platform), platform)
    plan = apply.make_plan(
        environment,
        file,
        path,
        platform,
        machine,
        offline=bool(context.offline),
        force=args.cuda_force,
    )
    for sentence in file.not_promised:
        warn(f"not promised: {sentence}")
    document = {"success": True, "plan": _document(plan, machine)}
    if context.dry_run and context.json:
        print_json({**document, "dry_run": True})
        return 0
    if plan.changes_nothing:
        say(f"{name_of(environment)} has exactly what {path.name} says already.")
    else:
        say(*_lines(plan, machine, path))
        confirm("Proceed")
        apply.carry_out(plan)
        say_kept(environment)
        say(f"{name_of(environment)} has exactly what {path.name} says.")
    if context.json:
        print_json({**document, "changed": not plan.changes_nothing})
    return 0


def _lines(plan: Any, machine: Any, path: Path) -> list[str]:
    """The plan for people."""
    from ..compat.words import verdict_line

    rows = [("file", str(path))]
    for step in plan.steps:
        offer = step.offer
        what = ", ".join(contents_of(offer.flavor, offer.components))
        rows.append(("installs", f"CUDA {offer.version} ({what}), origin {offer.origin.value}"))
        if step.replaces is not None:
            rows.append(("replaces", f"{step.replaces.name} ({step.replaces.version})"))
    rows += [("stays", f"CUDA {toolkit.version}, which is there exactly") for toolkit in plan.stays]
    before = plan.before.name if plan.before else "none"
    if plan.file.current:
        rows.append(("current", f"cuda-{plan.file.current} (now: {before})"))
    if plan.verdict is not None:
        rows.append(("verdict", verdict_line(plan.verdict, machine)))
    lines = [*heading(f"CUDA for {name_of(plan.environment)}", plan.environment.prefix), ""]
    lines += fields(rows)
    cells = [
        (package.name, package.version, "in the cache" if package.size == 0 else "from its address")
        for step in plan.steps
        for package in step.offer.packages
        if not step.offer.origin.adopted
    ]
    if cells:
        lines += ["", "  packages:", *table(cells, indent="    ")]
    return [*lines, ""]


def _document(plan: Any, machine: Any) -> dict[str, Any]:
    """The plan for machines."""
    from ..compat.words import machine_document, verdict_document

    return {
        "environment": str(plan.environment.prefix),
        "current": plan.file.current,
        "current_before": plan.before.name if plan.before else None,
        "changes_nothing": plan.changes_nothing,
        "stays": [toolkit.name for toolkit in plan.stays],
        "verdict": verdict_document(plan.verdict) if plan.verdict else None,
        "machine": machine_document(machine),
        "not_promised": list(plan.file.not_promised),
        "install": [
            {
                "version": str(step.offer.version),
                "origin": step.offer.origin.value,
                "replaces": str(step.replaces.version) if step.replaces else None,
                "packages": [
                    {"name": one.name, "version": one.version, "cached": one.size == 0}
                    for one in step.offer.packages
                ],
            }
            for step in plan.steps
        ],
    }
