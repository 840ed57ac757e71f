"""The machine a command is about: this one, one that `--for` describes, or machines elsewhere."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..cluster.ask import FORMS, ask, check_passed, is_elsewhere, parse_target
from ..cluster.fleet import counted, kinds, machine_of, strangers
from ..cluster.node import Asked, Node, There
from ..errors import UsageError
from ..frameworks.match import parse_framework
from ..machine.detect import detect
from ..machine.gpu_names import nearest_names
from ..machine.group import as_one, named
from ..machine.host_compiler import EVIDENCE, find_host_compiler
from ..machine.machine import Machine
from ..machine.spec import is_machine_text, state_machine
from ..quoting import quoted
from ..toolkit import Toolkit
from ..verdict.driver_rules import shown
from ..verdict.held_back import held_back_release, newest_release
from ..verdict.judge import judge
from ..verdict.text import machine_document, verdict_document, verdict_line
from ..versions import CudaVersion
from .common import facts, this_platform, warn
from .layout import LEVELS, fields, table

MACHINE = (
    'h100, "RTX 4090", a100+h100 or cc=8.9 (compute capability) for its GPUs, driver=550 or '
    "cuda=12.4 (the newest CUDA that the driver supports); with commas between. Or machines that "
    f"are elsewhere: {FORMS}; options for srun, ssh or kubectl stand behind --."
)
"""How `--for` describes a machine."""


def add_machine_option(parser: ArgumentParser) -> None:
    """`--for MACHINE`, and what is passed on to the program that asks machines elsewhere."""
    parser.add_argument(
        "--for",
        dest="cuda_for",
        metavar="MACHINE",
        help=f"Another machine in place of this one: {MACHINE}",
    )
    parser.set_defaults(cuda_passed=())


def machine_for(
    text: str | None,
    *,
    compiles: bool = False,
    passed: Sequence[str] = (),
    prefix: Path | None = None,
) -> Machine:
    """The machine that a text describes; this one without a text.

    Args:
        text: the words after `--for`.
        compiles: whether to look for the host compiler, which only nvcc needs.
        passed: options for the program that asks machines elsewhere.
        prefix: the environment that those should see.

    Raises:
        UsageError: when the text makes no sense.
        CudaError: when machines elsewhere cannot be asked, or are of another architecture.
    """
    if text is not None and is_elsewhere(text):
        asked = asked_for(text, passed, prefix)
        machine = machine_of(asked, this_platform())
        for line in _left_out(asked):
            warn(line)
        return machine
    check_passed(None, passed)
    if text is None:
        return detect(full=False, compiler=compiles)
    windows = this_platform().windows
    compiler = find_host_compiler(os.environ, windows=windows) if compiles else None
    evidence = ((EVIDENCE, compiler[1]),) if compiler else ()
    base = Machine(
        windows=windows, host_compiler=compiler[0] if compiler else None, evidence=evidence
    )
    return state_machine(text, base)


def asked_for(text: str, passed: Sequence[str] = (), prefix: Path | None = None) -> Asked:
    """Ask machines that are elsewhere; the arguments are as for `machine_for`.

    Raises:
        UsageError: when the text makes no sense.
        CudaError: when they cannot be asked.
    """
    return ask(parse_target(text), passed, prefix)


def _left_out(asked: Asked) -> list[str]:
    """The machines that a verdict is not about, and how old it is."""
    lines = []
    if asked.saved:
        lines.append(f"The machines of {asked.target} as {asked.saved} has them, {age(asked)}.")
    for node in asked.silent:
        lines.append(f"warning: {node.name} {node.problem}; the verdict is without it.")
    without = [n.machine for n in asked.nodes if n.machine and n not in counted(asked)]
    if without:
        verb = "has" if len(without) == 1 else "have"
        lines.append(f"{named(without)} {verb} no GPU, so the verdict is without that.")
    return lines


def age(asked: Asked) -> str:
    """How long ago machines were asked, in words."""
    seconds = max(0, int((datetime.now(timezone.utc) - asked.when).total_seconds()))
    for length, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = seconds // length
            return f"asked {count} {word}{'s' if count > 1 else ''} ago"
    return "asked just now"


def split_targets(texts: Sequence[str] | None) -> tuple[str | None, str | None]:
    """The values of `--for` as (machine, framework).

    Raises:
        UsageError: when one of them is named twice.
    """
    machines = [text for text in texts or () if is_elsewhere(text) or is_machine_text(text)]
    frameworks = [text for text in texts or () if text not in machines]
    for text in frameworks:
        _assert_framework(text)
    for what, texts in (("machine", machines), ("framework", frameworks)):
        if len(texts) > 1:
            raise UsageError(
                f"--for names more than one {what}.",
                hints=['Several GPUs of one machine: --for "a100+h100,driver=550"']
                if what == "machine"
                else ["Name the framework that matters most; conda cuda match shows the others."],
            )
    return next(iter(machines), None), next(iter(frameworks), None)


def _assert_framework(text: str) -> None:
    """Refuse a word that is no framework, and no GPU either.

    Raises:
        UsageError: with the GPUs that are spelled like it.
    """
    try:
        parse_framework(text)
    except UsageError as error:
        if "=" in text:
            raise
        near = nearest_names(text)
        hints = [f"Did you mean {' or '.join(near)}?"] if near else error.hints
        raise UsageError(
            f"{quoted(text)} is neither a framework nor a GPU that conda cuda knows.",
            hints=[*hints, 'A machine: --for "h100,driver=550", or "driver=550,cc=8.9".'],
        ) from error


def machines_document(asked: Asked, current: Toolkit | None) -> dict[str, Any]:
    """Machines that are elsewhere, each with its verdict, as `--json` shows them.

    `current` is the toolkit to be judged, if there is one.
    """
    version = current.version if current else None
    whole = _whole(asked)
    held = held_back_release(whole) if whole else None
    newest = newest_release(whole) if whole else None
    return {
        "target": asked.target,
        "asked": asked.when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "file": asked.saved,
        "nodes": [_node_document(node, version, asked) for node in asked.nodes],
        "version": str(version) if version else None,
        "verdict": verdict_document(judge(version, whole)) if version and whole else None,
        "newest": newest.release if newest else None,
        "held_back": {
            "by": [one.name for one in held.machines],
            "newest": held.gain.release,
        }
        if held
        else None,
    }


def _node_document(node: Node, version: CudaVersion | None, asked: Asked) -> dict[str, Any]:
    machine = node.machine
    newest = newest_release(machine) if machine and node.has_gpu else None
    return {
        **facts(node, "name kind alike answered problem architecture environment visible mig"),
        "counts": node in counted(asked),
        "loads": [facts(one, "name path by") for one in node.loads],
        "system_cuda": {"path": node.system_cuda[0], "version": node.system_cuda[1]}
        if node.system_cuda
        else None,
        "machine": machine_document(machine) if machine else None,
        "verdict": verdict_document(judge(version, machine)) if version and machine else None,
        "newest": newest.release if newest else None,
    }


def _whole(asked: Asked) -> Machine | None:
    """The machines that count, as one; None when none has answered."""
    others = strangers(asked, this_platform())
    found = [node.machine for node in counted(asked) if node.machine and node not in others]
    return as_one(asked.target, found) if found else None


def machines_screen(asked: Asked, current: Toolkit | None) -> list[str]:
    """Machines that are elsewhere: a table of their kinds, each with its verdict, and what follows.

    Args:
        asked: what they have said.
        current: the toolkit to be judged; without one the newest release that runs is shown.
    """
    version = current.version if current else None
    where = f"in {asked.saved}, " if asked.saved else ""
    rows = [["machines", "GPUs", "driver", "libc", "environment"]]
    rows[0].append(f"CUDA {version}" if version else "runs CUDA up to")
    colours: dict[int, str] = {}
    for nodes in kinds(asked):
        cells, level = _cells(nodes, version, asked)
        if level in LEVELS:
            colours[len(rows)] = LEVELS[level]
        rows.append(cells)
    lines = [f"Machines of {asked.target} ({where}{age(asked)})", ""]
    lines += [*table(rows, painted=colours), ""]
    return [*lines, *fields(_conclusions(asked, version))]


def _cells(
    nodes: Sequence[Node], version: CudaVersion | None, asked: Asked
) -> tuple[list[str], str]:
    """A row of the table for nodes of one kind, and the level of its verdict."""
    first = nodes[0]
    alike = sum(len(node.alike) for node in nodes)
    names = _names(nodes) + (f" ({alike} alike)" if alike else "")
    machine = first.machine
    if machine is None:
        return [names, first.problem or "did not answer", "", "", "", ""], ""
    gpus = Counter((gpu.name, gpu.capability) for gpu in machine.gpus)
    parts = [
        f"{f'{count} x ' if count > 1 else ''}{title or 'GPU'} ({capability or 'unknown'})"
        for (title, capability), count in gpus.items()
    ]
    if first.mig:
        parts.append(f"{len(first.mig)} MIG part{'s' if len(first.mig) > 1 else ''}")
    driver = shown(machine.driver) if machine.driver else ""
    if machine.driver_cuda:
        driver = f"{driver} (CUDA {machine.driver_cuda.release})".strip()
    there = _THERE[first.environment]
    level = ""
    if first in strangers(asked, this_platform()):
        word = f"{first.architecture}, not {this_platform().machine}"
    elif first not in counted(asked):
        word = "-"
    elif version:
        word = level = judge(version, machine).level.value
    else:
        newest = newest_release(machine)
        word = newest.release if newest else "none"
    cells = [names, ", ".join(parts) or "none", driver or "none", machine.libc or "-", there, word]
    return cells, level


_THERE = {
    There.SAME: "there",
    There.OTHER: "another folder",
    There.MISSING: "not there",
    There.UNKNOWN: "-",
}


def _names(nodes: Sequence[Node]) -> str:
    names = [node.name for node in nodes]
    return ", ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]} ({len(names)})"


def _conclusions(asked: Asked, version: CudaVersion | None) -> list[tuple[str, str]]:
    """What follows from what the machines are."""
    whole, rows = _whole(asked), list[tuple[str, str]]()
    if whole is None:
        return [("verdict", "none of them can run what the environment holds")]
    if version:
        verdict = judge(version, whole)
        cure = verdict.reasons[0].cure if verdict.reasons else None
        rows.append(("verdict", " ".join(filter(None, (verdict_line(verdict, whole), cure)))))
    newest = newest_release(whole)
    many = len(whole.nodes) > 1
    if newest:
        line = verdict_line(judge(newest, whole), whole)
        rows.append(("on all" if many else "newest", f"CUDA {newest.release}: {line}"))
    else:
        rows.append(("on all", "no release runs on each of them"))
    if held := held_back_release(whole):
        rows.append(("held back", held.text(f"CUDA {held.gain.release}")))
    for node in asked.nodes:
        outside = [one for one in node.loads if one.by != "default"]
        if outside:
            found = ", ".join(f"{one.path} ({one.by})" for one in outside[:4])
            rows.append(("loads", f"{node.name}: {found}"))
    for node in asked.nodes:
        if node.machine:
            rows += [("note", f"{node.name}: {note}") for note in node.machine.notes[:3]]
    return rows
