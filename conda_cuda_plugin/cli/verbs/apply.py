"""`conda cuda apply`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from conda.base.context import context
from conda.cli import helpers

from ...lockfile import apply, environment_yml
from ...lockfile.check import parse
from ...lockfile.cuda_file import CudaFile, text_of
from ...machine.machine import Machine
from ...network.addresses import shown_address
from ...system.conda_compat import confirm
from ...verdict.text import machine_document, verdict_document, verdict_line
from .. import environment_file
from ..common import (
    add_common_options,
    facts,
    name_of,
    print_json,
    say,
    say_kept,
    target_environment,
    this_platform,
    warn,
    warn_of_others,
)
from ..layout import LEVELS, fields, heading, table
from ..machine import add_machine_option, machine_for
from ..plan import offer_title, reason_rows

EPILOG = """\
FILE is one that conda cuda export has written. Every package comes from the
caches or from the address in FILE and is checked against the hash in FILE;
the plan shows the addresses. Without a hash, --force is needed as well.

Or FILE is an environment.yml with a section cuda:. conda makes the environment
or brings it up to date, and it gets the toolkit that the section asks for, as
conda cuda use would give it.

examples:
  conda cuda apply cuda.yaml                       for the active environment
  conda cuda apply cuda.yaml -n new --offline -y   from the caches, unasked
  conda cuda apply environment.yml -n new          the environment, too
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `apply`."""
    parser.add_argument(
        "cuda_file",
        metavar="FILE",
        help="What conda cuda export has written, or an environment.yml with a section cuda:.",
    )
    parser.add_argument(
        "--force",
        dest="cuda_force",
        action="store_true",
        help="Go on with a toolkit that cannot run here, and with packages that FILE has no hash "
        "of.",
    )
    add_machine_option(parser)
    add_common_options(parser, prompt=True)
    helpers.add_parser_networking(parser)


def execute(args: Namespace) -> int:
    """Read, plan, ask, do, report."""
    platform, path = this_platform(), Path(args.cuda_file).expanduser().absolute()
    text = text_of(path)
    if environment_yml.is_environment(text):
        return environment_file.apply(args, environment_yml.parse(text, path))
    file = parse(text, str(path))
    environment = target_environment(args)
    machine = machine_for(args.cuda_for, compiles=file.compiles)
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
        _warn_of_caches(plan)
        say(f"{_has(plan)} {path.name} says already.")
    else:
        say(*_lines(plan, machine, path))
        if not context.dry_run:
            apply.check_protected(plan)
        confirm("Proceed")
        apply.carry_out(plan)
        _warn_of_others(plan)
        _warn_of_caches(plan)
        say_kept(environment)
        say(f"{_has(plan)} {path.name} says.")
    if context.json:
        done = {
            "changed": not plan.changes_nothing,
            "exact": apply.is_exact(plan),
            **facts(environment, "kept"),
        }
        print_json({**document, **done})
    return 0


def _has(plan: apply.Plan) -> str:
    """The outcome, which is exact only where every hash holds."""
    return f"{name_of(plan.environment)} has {'exactly ' if apply.is_exact(plan) else ''}what"


def _warn_of_others(plan: apply.Plan) -> None:
    """As `use` does, of the toolkit that is current now."""
    current = plan.environment.current()
    offers = [
        step.offer for step in plan.steps if current and step.offer.version == current.version
    ]
    if current is not None:
        warn_of_others(plan.environment, current, offers[0] if offers else None)


def _warn_of_caches(plan: apply.Plan) -> None:
    if apply.depends_on_others(plan):
        warn(
            "not promised: that the packages are those of the file. Other users may change the "
            "package cache that they lie in; CONDA_PKGS_DIRS names another one."
        )


def _lines(plan: apply.Plan, machine: Machine, path: Path) -> list[str]:
    """The plan for people."""
    rows = [("file", str(path))]
    for step in plan.steps:
        offer = step.offer
        rows.append(("installs", f"{offer_title(offer)}, origin {offer.origin.value}"))
        rows += [("from", offer.detail), *reason_rows(offer, "as asked")]
        if step.replaces is not None:
            rows.append(("replaces", f"{step.replaces.name} ({step.replaces.version})"))
    rows += [("stays", f"CUDA {toolkit.version}, which is installed") for toolkit in plan.stays]
    before = plan.before.name if plan.before else "none"
    if plan.file.current:
        rows.append(("current", f"cuda-{plan.file.current} (now: {before})"))
    if plan.file.recorded.get("channels"):
        rows.append(("records", f"channels for later: {', '.join(_channels(plan.file))}"))
    if plan.unprotected:
        names = ", ".join(package.name for package in plan.unprotected)
        rows.append(("no hash", f"protects {names}; --force installs whatever lies there"))
    if plan.verdict is not None:
        rows.append(("verdict", verdict_line(plan.verdict, machine)))
    lines = [*heading(f"CUDA for {name_of(plan.environment)}", plan.environment.prefix), ""]
    level = plan.verdict.level if plan.verdict else None
    lines += fields(rows, {"verdict": LEVELS.get(level.value)} if level else {})
    cells = [
        (
            package.name,
            package.version,
            package.protection or "no hash",
            f"{'in the cache, of ' if package.size == 0 else ''}{package.address or 'pip'}",
        )
        for step in plan.steps
        for package in step.offer.packages
        if not step.offer.origin.adopted
    ]
    if cells:
        lines += ["", "  packages:", *table(cells, indent="    ", whole=True)]
    return [*lines, ""]


def _channels(file: CudaFile) -> list[str]:
    """The channels that are recorded, as they may be shown."""
    return [
        shown_address(channel) if "://" in channel else channel
        for channel in file.recorded.get("channels", ())
    ]


def _document(plan: apply.Plan, machine: Machine) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "environment": str(plan.environment.prefix),
        "current": plan.file.current,
        "current_before": plan.before.name if plan.before else None,
        "changes_nothing": plan.changes_nothing,
        "stays": [toolkit.name for toolkit in plan.stays],
        "verdict": verdict_document(plan.verdict) if plan.verdict else None,
        "machine": machine_document(machine),
        **facts(plan.file, "not_promised"),
        "channels": _channels(plan.file),
        "unprotected": [package.name for package in plan.unprotected],
        "install": [
            {
                **facts(step.offer, "version origin from=detail note location"),
                "replaces": str(step.replaces.version) if step.replaces else None,
                "packages": [
                    {
                        **facts(package, "name version address hash=protection"),
                        "cached": package.size == 0,
                    }
                    for package in step.offer.packages
                ],
            }
            for step in plan.steps
        ],
    }
