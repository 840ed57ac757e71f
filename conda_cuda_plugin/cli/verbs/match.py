"""`conda cuda match`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from typing import Any

from conda.base.context import context
from conda.cli import helpers

from ...frameworks.match import Match, match, parse_framework, toolkit_for
from ...machine.machine import Machine
from ...quoting import CONTINUED, may_be_powershell
from ...verdict.text import machine_document
from ...verdict.verdict import Level
from ..common import facts, print_json, say, this_platform
from ..layout import paint, paragraph, text_width
from ..machine import add_machine_option, machine_for

EPILOG = """\
examples:
  conda cuda match torch==2.5.1                   its builds, and which run here
  conda cuda match tensorflow                     the newest that runs here
  conda cuda match jax --for "h100,driver=550"    on another machine
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
        help="PyTorch, TensorFlow, JAX or CuPy; without a version the newest that runs here.",
    )
    add_machine_option(parser)
    helpers.add_parser_json(parser)


def execute(args: Namespace) -> int:
    """Look it up, judge, print."""
    parse_framework(args.cuda_framework)  # Tell a typing error before looking at the machine.
    platform = this_platform()
    machine = machine_for(args.cuda_for)
    found = match(args.cuda_framework, machine, platform)
    if context.json:
        print_json(_document(found, machine))
        return 0
    whole = may_be_powershell(os.environ, windows=platform.windows)
    say(*lines(found, machine, whole=whole))
    return 0


def lines(found: Match, machine: Machine, *, whole: bool = False) -> list[str]:
    """The builds for people, in 80 columns as far as a command can be broken.

    `whole` keeps commands whole: in cmd and PowerShell a backslash does not break a line.
    """
    builds = found.builds
    title = builds.title
    title += f", of {builds.date}" if builds.date else ""
    title += f", with cuDNN {builds.cudnn}" if builds.cudnn else ""
    text = [title, f"on {machine_words(machine)}"]
    if found.skipped:
        text += paragraph(f"{found.skipped} is newer; none of its known builds runs here.")
    text.append("")
    if not found.judged:
        text += ["  No build for CUDA.", ""]
    seen: set[str] = set()
    for one in found.judged:
        mark = "*" if one is found.best else " "
        default = ", the default" if one.build.default else ""
        line = f"{mark} CUDA {one.build.label}  {one.build.source}{default}: {_LEVELS[one.level]}"
        text.append(paint(line, "bold" if one is found.best else None))
        details = []
        if one.build.cudnn and one.build.cudnn != builds.cudnn:
            details.append(f"cuDNN {one.build.cudnn}")
        if one.build.oldest:
            details.append(f"GPUs from compute capability {one.build.oldest}")
        if details:
            text += paragraph(", ".join(details), "      ")
        text += _commands(one.build.command, whole)
        for reason in one.reasons[:1]:
            why = reason.text
            if reason.cure and not one.runs:
                # The first sentence of the cure.
                why += f" {reason.cure.split('. ')[0].rstrip('.')}."
            # What several builds have in common is said once.
            if why not in seen and reason.id != "no-driver":
                text += paragraph(why, "      ")
                seen.add(why)
    text.append("")
    for build in found.cpu:
        text.append(f"  CPU only  {build.source}")
        text += _commands(build.command, whole)
    best = found.best
    if best is not None:
        text += ["", "* is the build to take."]
        command = f"conda cuda use {toolkit_for(best, machine).release}"
        if command not in best.build.command:
            text += ["A toolkit of the same CUDA, to compile with:", f"      {command}"]
    elif found.judged:
        text += ["", "No build for CUDA runs here as things are."]
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
    """A machine in a few words."""
    words = []
    if machine.driver:
        words.append(f"driver {machine.driver}")
    if machine.driver_cuda:
        words.append(f"CUDA up to {machine.driver_cuda.release}")
    gpus = Counter(
        f"{gpu.name or 'GPU'} ({gpu.capability})" if gpu.capability else gpu.name or "GPU"
        for gpu in machine.gpus
    )
    words += [name if count == 1 else f"{count} x {name}" for name, count in gpus.items()]
    if not words:
        return "a machine without a known driver"
    return ("another machine: " if machine.stated else "this machine: ") + ", ".join(words)


def _commands(commands: tuple[str, ...], whole: bool) -> list[str]:
    found = []
    for command in commands:
        line = f"      {command}"
        if len(line) <= text_width() - 2 or whole:
            found.append(line)
            continue
        # The address of a wheel index goes on a line of its own.
        head, option, rest = command.rsplit(" ", 2)
        found += [f"      {head}{CONTINUED}", f"        {option} {rest}"]
    return found


def _document(found: Match, machine: Machine) -> dict[str, Any]:
    builds, best = found.builds, found.best
    rows = [
        {
            **facts(one.build, "source cuda=label accepts cudnn"),
            "verdict": one.level.value,
            "runs": one.runs,
            "best": one is best,
            **facts(one.build, "default verified ptx commands=command"),
            "capabilities": list(map(str, one.build.capabilities)) or None,
            "oldest": str(one.build.oldest) if one.build.oldest else None,
            "reasons": [facts(reason, "id text cure") for reason in one.reasons],
        }
        for one in found.judged
    ]
    return {
        **facts(builds, "framework=name version date cudnn"),
        "newer": found.skipped,
        "machine": machine_document(machine),
        "builds": rows,
        "cpu": [facts(build, "source commands=command") for build in found.cpu],
        "toolkit": toolkit_for(best, machine).release if best else None,
        "notes": [facts(note, "text command") for note in builds.notes],
    }
