"""`conda cuda match`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from conda.base.context import context

from ...environment import Environment
from ...errors import UsageError
from ...frameworks.framework import Framework
from ...frameworks.match import (
    JudgedBuild,
    Match,
    held_back_build,
    match,
    parse_framework,
    toolkit_for,
)
from ...frameworks.table import find_frameworks
from ...machine.machine import Machine
from ...machine.spec import overrides
from ...quoting import typed, with_variables
from ...verdict.text import machine_document
from ...verdict.verdict import Level
from ..common import (
    add_common_options,
    facts,
    is_active,
    name_of,
    print_json,
    say,
    target_environment,
    this_platform,
)
from ..layout import LEVELS, paint, paragraph
from ..machine import add_machine_option, machine_for

EPILOG = """\
examples:
  conda cuda match torch==2.5.1                   its builds, and which run here
  conda cuda match tensorflow                     the newest that runs here
  conda cuda match jax --for "h100,driver=550"    on another machine
  conda cuda match torch --for slurm:gpu          on all nodes of a partition
  conda cuda match -n old                         of what is installed there
"""

_LEVELS = {
    Level.NATIVE: "runs (native)",
    Level.MINOR: "runs (minor)",
    Level.COMPAT: "only with cuda-compat (compat)",
    Level.CANNOT: "does not run (cannot)",
    Level.UNKNOWN: "not known",
}


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `match`."""
    parser.add_argument(
        "cuda_framework",
        metavar="FRAMEWORK[==VERSION]",
        nargs="?",
        help="PyTorch, TensorFlow, JAX or CuPy; without a version the newest that runs here. "
        "Without it: the one in the environment.",
    )
    add_machine_option(parser)
    add_common_options(parser)


def execute(args: Namespace) -> int:
    """Look it up, judge, print."""
    text = args.cuda_framework
    if text is not None:
        parse_framework(text)  # Tell a typing error before looking at the machine.
    environment, there = None, list[Framework]()
    named = args.name or args.prefix
    if named or (text is None and context.active_prefix):
        environment = target_environment(args)
        there = list(find_frameworks(environment.prefix))
    if text is None and there:
        text = f"{there[0].name}=={there[0].version}"
    if text is None:
        where = f", and none is installed in {name_of(environment)}" if environment else ""
        raise UsageError(f"No framework was named{where}.", hints=["conda cuda match torch"])
    prefix = environment.prefix if environment else None
    machine = machine_for(args.cuda_for, passed=args.cuda_passed, prefix=prefix)
    found = match(text, machine, this_platform())
    if context.json:
        print_json(_document(found, machine, environment, there))
    else:
        say(*lines(found, machine, environment, there))
    return 0


def lines(
    found: Match,
    machine: Machine,
    environment: Environment | None = None,
    there: Sequence[Framework] = (),
) -> list[str]:
    """The builds for people, and the commands that install them in an environment, if one is named.

    Commands are as long as they are: whoever copies one gets all of it.
    """
    builds = found.builds
    title = builds.title
    title += f", of {builds.date}" if builds.date else ""
    title += f", with cuDNN {builds.cudnn}" if builds.cudnn else ""
    text = [title, f"on {machine_words(machine)}"]
    if environment is not None:
        text += paragraph(_environment_words(environment, there))
    if found.skipped:
        text += paragraph(f"{found.skipped} is newer; none of its known builds runs here.")
    text.append("")
    if not found.judged:
        text += ["  No build for CUDA.", ""]
    seen: set[str] = set()
    for one in found.judged:
        mark = "*" if one is found.best else " "
        default = ", the default" if one.build.default else ""
        line = f"{mark} CUDA {one.build.label}  {one.build.source}{default}: "
        text.append(paint(_LEVELS[one.level], LEVELS.get(one.level.value), before=line))
        details = []
        if one.build.cudnn and one.build.cudnn != builds.cudnn:
            details.append(f"cuDNN {one.build.cudnn}")
        if one.build.oldest:
            details.append(f"GPUs from compute capability {one.build.oldest}")
        if details:
            text += paragraph(", ".join(details), "      ")
        text += _commands(one.build.command, environment, _variables(machine, one))
        for reason in one.reasons[:1]:
            why = reason.text
            if reason.cure and not one.runs:
                # The first sentence of the cure.
                why += f" {reason.cure.split('. ')[0].rstrip('.')}."
            if one.node:
                why = f"{one.node}: {why}"
            # What several builds have in common is said once.
            if why not in seen and reason.id != "no-driver":
                text += paragraph(why, "      ")
                seen.add(why)
    text.append("")
    for build in found.cpu:
        text.append(f"  CPU only  {build.source}")
        text += _commands(build.command, environment, _variables(machine))
    best = found.best
    if best is not None:
        text += ["", "* is the build to take."]
        command = f"conda cuda use {toolkit_for(best, machine).release}"
        if command not in best.build.command:
            text.append("A toolkit of the same CUDA, to compile with:")
            text += _commands((command,), environment, _variables(machine, best))
    elif found.judged:
        text += ["", "No build for CUDA runs here as things are."]
    held = held_back_build(found, machine, this_platform()) if machine.nodes else None
    if held is not None and held.gain.best is not None:
        better = f"{held.gain.builds.title} for CUDA {held.gain.best.build.label}"
        text += ["", *paragraph(held.text(better))]
    if builds.notes:
        text.append("")
        for note in builds.notes:
            text += paragraph(note.text)
            if note.command:
                text.append(f"      {note.command}")
    if any(reason.id == "no-driver" for one in found.judged for reason in one.reasons):
        known = "stated" if machine.stated else "known here"
        text += paragraph(f'No driver is {known}; state one: --for "h100,driver=550"')
    return text


def machine_words(machine: Machine) -> str:
    """A machine, or several, in a few words."""
    if len(machine.nodes) > 1:
        return f"{len(machine.nodes)} machines of {machine.name}; the weakest decides"
    machine = machine.nodes[0] if machine.nodes else machine
    words = []
    if machine.driver:
        words.append(f"driver {machine.driver}")
    if machine.driver_cuda:
        words.append(f"CUDA up to {machine.driver_cuda.release}{machine.stated_by('cuda')}")
    gpus = Counter(
        f"{gpu.name or 'GPU'} ({gpu.capability}){machine.stated_by('cuda_arch')}"
        if gpu.capability
        else gpu.name or "GPU"
        for gpu in machine.gpus
    )
    words += [name if count == 1 else f"{count} x {name}" for name, count in gpus.items()]
    if not words:
        return "a machine without a known driver"
    which = "another machine" if machine.stated else machine.name or "this machine"
    return f"{which}: {', '.join(words)}"


def _environment_words(environment: Environment, there: Sequence[Framework]) -> str:
    """An environment in a few words: its frameworks and its toolkit."""
    built = [
        f"{one.title}{f' for CUDA {one.cuda.release}' if one.cuda else ''}" for one in there
    ] or ["no framework"]
    current = environment.current()
    toolkit = f"CUDA {current.version} is current" if current else "no toolkit is current"
    return f"in {name_of(environment)}: {', '.join(built)}; {toolkit}"


def _commands(
    commands: Sequence[str], environment: Environment | None, variables: Mapping[str, str]
) -> list[str]:
    """The lines of some commands, for an environment that need not be the active one.

    Where conda chooses packages for another machine it has to be told of it, by `variables`.
    """
    found: list[str] = []
    for command in commands:
        conda = command.startswith("conda ")
        if environment is not None and not is_active(environment):
            name = name_of(environment)
            option = f"{'-n' if name != str(environment.prefix) else '-p'} {typed(name)}"
            command = f"{command} {option}" if conda else f"conda run {option} {command}"
        found += with_variables(command, variables if conda else {})
    return [f"      {line}" for line in found]


def _variables(machine: Machine, one: JudgedBuild | None = None) -> Mapping[str, str]:
    """conda's variables that state a machine, if it is another one and enough is known of it.

    With cuda-compat a driver runs a newer release than it says. GPUs that are stated without a
    driver count as ones whose driver runs the build.
    """
    if not machine.elsewhere:
        return {}
    if machine.driver_cuda:
        return overrides(machine, one.build.cuda if one and one.level is Level.COMPAT else None)
    if one is None or one.build.cuda is None or machine.capability is None:
        return {}
    return overrides(replace(machine, driver_cuda=one.build.cuda))


def _document(
    found: Match, machine: Machine, environment: Environment | None, there: Sequence[Framework]
) -> dict[str, Any]:
    builds, best = found.builds, found.best
    held = held_back_build(found, machine, this_platform()) if machine.nodes else None
    rows = [
        {
            **facts(one.build, "source cuda=label accepts cudnn"),
            "verdict": one.level.value,
            "node": one.node,
            "runs": one.runs,
            "best": one is best,
            **facts(one.build, "default verified ptx commands=command"),
            "capabilities": list(map(str, one.build.capabilities)) or None,
            "oldest": str(one.build.oldest) if one.build.oldest else None,
            "reasons": [facts(reason, "id text cure") for reason in one.reasons],
            "variables": dict(_variables(machine, one)),
        }
        for one in found.judged
    ]
    return {
        **facts(builds, "framework=name version date cudnn"),
        "newer": found.skipped,
        "machine": machine_document(machine),
        "variables": dict(_variables(machine)),
        "environment": str(environment.prefix) if environment else None,
        "installed": [facts(one, "name title version cuda") for one in there],
        "builds": rows,
        "cpu": [facts(build, "source commands=command") for build in found.cpu],
        "toolkit": toolkit_for(best, machine).release if best else None,
        "notes": [facts(note, "text command") for note in builds.notes],
        "held_back": {
            "by": [one.name for one in held.machines],
            "version": held.gain.builds.version,
            "cuda": held.gain.best.build.label if held.gain.best else None,
        }
        if held
        else None,
    }
