"""`conda cuda match`."""

from __future__ import annotations

import os
import textwrap
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from conda.base.context import context
from conda.cli import helpers

from ...frameworks.match import match, parse_framework, toolkit_for
from ...quoting import CONTINUED, may_be_powershell
from ...verdict.text import machine_document
from ..common import print_json, say, this_platform
from ..layout import paint, text_width
from ..machine import machine_for

if TYPE_CHECKING:
    from ...frameworks.match import JudgedBuild, Match
    from ...machine.machine import Machine

EPILOG = """\
examples:
  conda cuda match torch==2.5.1                   its builds, and which run here
  conda cuda match tensorflow                     the newest that runs here
  conda cuda match jax --for "driver=550,cc=8.9"  on another machine
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `match`."""

    parser.epilog = EPILOG
    parser.add_argument(
        "cuda_framework",
        metavar="FRAMEWORK[==VERSION]",
        help="PyTorch, TensorFlow or JAX; without a version the newest that runs here.",
    )
    parser.add_argument(
        "--for",
        dest="cuda_for",
        metavar="MACHINE",
        help="Another machine in place of this one: driver=550,cc=8.9.",
    )
    helpers.add_parser_json(parser)


def execute(args: Namespace) -> int:
    """Look it up, judge, print."""

    parse_framework(args.cuda_framework)  # A typing error needs no look at the machine.
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

    In cmd and PowerShell a backslash does not: there it stays whole.
    """

    builds = found.builds
    told = [builds.title]
    if builds.date:
        told.append(f"of {builds.date}")
    if builds.cudnn:
        told.append(f"with cuDNN {builds.cudnn}")
    text = [", ".join(told), f"on {machine_words(machine)}"]
    if found.skipped:
        text += _wrapped(f"{found.skipped} is newer; none of its known builds runs here.", "")
    text.append("")
    if not found.judged:
        text += ["  No build for CUDA.", ""]
    seen: set[str] = set()
    for one in found.judged:
        mark = "*" if one is found.best else " "
        default = ", the default" if one.build.default else ""
        line = f"{mark} CUDA {one.build.label}  {one.build.source}{default}: {_level_words(one)}"
        text.append(paint(line, "bold" if one is found.best else None))
        text += _commands(one.build.command, whole)
        for reason in one.reasons[:1]:
            # What several builds have in common is said once.
            told_text = reason.text if one.runs or not reason.cure else _first_told(reason)
            if told_text not in seen and reason.id != "no-driver":
                text += _wrapped(told_text, "      ")
                seen.add(told_text)
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
            text += _wrapped(note.text, "")
            if note.command:
                text.append(f"      {note.command}")
    if any(reason.id == "no-driver" for one in found.judged for reason in one.reasons):
        text += _wrapped('No driver is known here; state one: --for "driver=550,cc=8.9"', "")
    return text


def machine_words(machine: Machine) -> str:
    """A machine in a few words."""
    words = []
    if machine.driver:
        words.append(f"driver {machine.driver}")
    if machine.driver_cuda:
        words.append(f"CUDA up to {machine.driver_cuda.release}")
    gpus: dict[str, int] = {}
    for gpu in machine.gpus:
        name = " ".join(
            part
            for part in (gpu.name or "GPU", f"({gpu.capability})" if gpu.capability else "")
            if part
        )
        gpus[name] = gpus.get(name, 0) + 1
    words += [name if count == 1 else f"{count} x {name}" for name, count in gpus.items()]
    if not words:
        return "a machine without a known driver"
    return ("another machine: " if machine.stated else "this machine: ") + ", ".join(words)


def _level_words(one: JudgedBuild) -> str:
    return {
        "native": "runs (native)",
        "minor": "runs (minor)",
        "compat": "only with cuda-compat (compat)",
        "cannot": "does not run (cannot)",
        "unknown": "not known",
    }[one.level.value]


def _first_told(reason: Any) -> str:
    """A reason with the first sentence of its cure."""
    first = reason.cure.split(". ")[0].rstrip(".")
    return f"{reason.text} {first}."


def _commands(commands: tuple[str, ...], whole: bool) -> list[str]:
    found = []
    for command in commands:
        line = f"      {command}"
        if len(line) <= text_width() - 2 or whole:
            found.append(line)
            continue
        # The address of a wheel index goes on a line of its own.
        head, option, rest = _at_last_option(command)
        found += [f"      {head}{CONTINUED}", f"        {option} {rest}"]
    return found


def _at_last_option(command: str) -> tuple[str, str, str]:
    head, rest = command.rsplit(" ", 1)
    head, option = head.rsplit(" ", 1)
    return head, option, rest


def _wrapped(text: str, indent: str) -> list[str]:

    return textwrap.wrap(
        text,
        text_width() - 2,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _document(found: Match, machine: Machine) -> dict[str, Any]:

    builds = found.builds
    best = found.best
    rows = []
    for one in found.judged:
        build = one.build
        rows.append(
            {
                "source": build.source,
                "cuda": build.label,
                "accepts": str(build.accepts),
                "cudnn": build.cudnn,
                "verdict": one.level.value,
                "runs": one.runs,
                "best": one is best,
                "default": build.default,
                "verified": build.verified,
                "capabilities": [str(code) for code in build.capabilities] or None,
                "ptx": str(build.ptx) if build.ptx else None,
                "reasons": [
                    {"id": reason.id, "text": reason.text, "cure": reason.cure}
                    for reason in one.reasons
                ],
                "commands": list(build.command),
            }
        )
    return {
        "framework": builds.name,
        "version": builds.version,
        "date": builds.date,
        "cudnn": builds.cudnn,
        "newer": found.skipped,
        "machine": machine_document(machine),
        "builds": rows,
        "cpu": [{"source": build.source, "commands": list(build.command)} for build in found.cpu],
        "toolkit": toolkit_for(best, machine).release if best else None,
        "notes": [{"text": note.text, "command": note.command} for note in builds.notes],
    }
