"""One file for an environment and its toolkit, on the command lines of conda cuda and of conda."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from conda.base.context import context

from .. import FILES, FORMAT
from ..actions import use
from ..environment import Environment
from ..errors import CudaError
from ..lockfile import make_environment
from ..lockfile.cuda_file import text_of
from ..lockfile.environment_yml import EnvironmentFile, has_section, parse
from ..machine.machine import Machine
from ..quoting import typed
from ..sources.base import ToolkitRequest
from ..system.conda_compat import (
    confirm,
    file_format,
    is_environment_named,
    named_files,
    prefix_named,
)
from ..verdict.driver_rules import has_compat
from ..verdict.verdict import Level
from .common import (
    facts,
    name_of,
    print_json,
    say,
    say_kept,
    this_platform,
    toolkit_document,
    warn,
    warn_of_others,
)
from .content import settled_request
from .layout import fields, heading
from .machine import machine_for
from .plan import plan_document, plan_lines, switch_lines


def apply(args: Namespace, file: EnvironmentFile) -> int:
    """Plan, ask, let conda make the environment, give it its toolkit, report."""
    settled = settled_request(this_platform())
    machine = machine_for(args.cuda_for, compiles=file.request(settled).compiles)
    environment = Environment(_prefix(file))
    plan = make_environment.make_plan(file, environment, settled, machine, force=args.cuda_force)
    document = {"success": True, "plan": _document(plan, machine)}
    if context.dry_run and context.json:
        print_json({**document, "dry_run": True})
        return 0
    say(*_lines(plan, machine))
    verdict = plan.use.verdict if plan.use else None
    doubtful = verdict is not None and verdict.level is Level.COMPAT and not has_compat(machine)
    confirm("Proceed", default="no" if doubtful else "yes")
    variables = {"CONDA_OFFLINE": "true"} if context.offline else {}
    if context.ssl_verify is False:
        variables["CONDA_SSL_VERIFY"] = "false"
    silent = bool(context.json or context.quiet)
    make_environment.run_conda(plan, silent=silent, variables=variables)
    result = _give_toolkit(file, environment, settled, machine, force=args.cuda_force)
    if context.json:
        print_json(
            {
                **document,
                "toolkit": toolkit_document(result.toolkit, result.toolkit.name),
                **facts(result, "installed switched activate pinned"),
                **facts(environment, "kept"),
            }
        )
    return 0


def _prefix(file: EnvironmentFile) -> Path:
    """Where the environment is or shall be: what was named, else what the file names."""
    if is_environment_named():
        return Path(context.target_prefix)
    if file.name is None:
        raise CudaError(
            f"{file.path} does not name its environment, and none was named.",
            hints=[f"conda cuda apply {typed(str(file.path))} -n NAME"],
        )
    return prefix_named(file.name)


def _give_toolkit(
    file: EnvironmentFile,
    environment: Environment,
    settled: ToolkitRequest,
    machine: Machine,
    *,
    force: bool,
) -> use.Result:
    """Install the toolkit of a file into an environment that is there, and say so."""
    # What conda has installed may have it, or need it.
    plan = make_environment.plan_toolkit(file, environment, settled, machine, force=force)
    active = context.active_prefix
    result = use.carry_out(plan, active_prefix=active, variables=os.environ)
    warn_of_others(environment, result.toolkit, plan.offer)
    say_kept(environment)
    already = "" if result.installed or result.switched else " already"
    say(f"CUDA {result.toolkit.version} is current in {name_of(environment)}{already}.")
    if result.activate:
        say(f"For this shell to notice, type:  {result.activate}")
    return result


def _lines(plan: make_environment.Plan, machine: Machine) -> list[str]:
    """The plan for people."""
    count = plan.file.dependencies
    what = "1 dependency" if count == 1 else f"{count} dependencies"
    verb = "makes it new" if plan.makes else "brings it up to date"
    rows = [("file", str(plan.file.path)), ("conda", f"{verb}: {what}")]
    if plan.file.channels:
        rows.append(("channels", ", ".join(plan.file.channels)))
    if plan.use is None:
        rows.append(("cuda", f"{plan.file.cuda['version']}, of the packages that conda installs"))
    name = name_of(plan.environment)
    lines = [*heading(f"Environment {name}", plan.environment.prefix), "", *fields(rows), ""]
    if plan.use is not None and plan.use.offer is not None:
        lines += plan_lines(plan.use, machine)
    elif plan.use is not None:
        lines += [*switch_lines(plan.use, machine, dry_run=True), ""]
    return lines


def _document(plan: make_environment.Plan, machine: Machine) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "environment": str(plan.environment.prefix),
        "file": str(plan.file.path),
        "makes_environment": plan.makes,
        "dependencies": plan.file.dependencies,
        "channels": list(plan.file.channels),
        "request": dict(plan.file.cuda),
        "cuda": plan_document(plan.use, machine) if plan.use else None,
    }


def after_export() -> None:
    """Say that what conda has just exported lacks the environment's CUDA."""
    ours = file_format() == FORMAT or any(os.path.basename(one) in FILES for one in named_files())
    if context.quiet or context.json or ours:
        return
    environment = Environment(Path(context.target_prefix))
    current = environment.current()
    if current is not None:
        name = name_of(environment)
        named = f"-p {typed(name)}" if os.sep in name else f"-n {typed(name)}"
        warn(
            f"CUDA {current.version} of the environment is not in it: conda cuda export "
            f"--environment {named} writes both."
        )


def after_creation() -> None:
    """Do what the section `cuda:` of a file says that conda has just read, or say how to.

    In conda's own formats it means nothing, and conda has said so.
    """
    for name in named_files():
        path = Path(name).expanduser().absolute()
        if context.dry_run or not has_section(path):
            continue
        ours = file_format() == FORMAT or path.name in FILES
        try:
            file = parse(text_of(path), path)
        except CudaError:
            # Perhaps it is another program's section.
            if ours:
                raise
            continue
        environment = Environment(_prefix(file))
        if ours:
            settled = settled_request(this_platform())
            machine = machine_for(None, compiles=file.request(settled).compiles)
            _give_toolkit(file, environment, settled, machine, force=False)
        elif not (context.json or context.quiet):
            warn(
                f"{path.name} asks for CUDA, which conda passes over: conda cuda apply "
                f"{typed(name)} -p {typed(str(environment.prefix))} gives it to the environment."
            )
