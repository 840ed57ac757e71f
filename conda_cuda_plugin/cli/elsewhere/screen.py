"""Machines that are elsewhere for people: a table of their kinds, and what follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...cluster.fleet import counted, kinds, strangers
from ...cluster.node import Asked, Node, There
from ...machine.group import named
from ...machine.machine import Machine
from ...toolkit import Toolkit
from ...verdict.driver_rules import shown
from ...verdict.held_back import held_back_release, newest_release
from ...verdict.judge import judge
from ...verdict.text import verdict_line
from ...versions import CudaVersion
from ..common import this_platform
from ..layout import LEVELS, fields, table
from .asking import age, whole


def machines_screen(asked: Asked, current: Toolkit | None) -> list[str]:
    """Machines that are elsewhere: a table of their kinds, each with its verdict, and what follows.

    Args:
        asked: what they have said.
        current: the toolkit to be judged; without one the newest release that runs is shown.
    """
    version = current.version if current else None
    where = f"in {asked.saved}, " if asked.saved else ""
    rows = [["machines", "GPUs", "driver", "libc", "environment"]]
    rows[0].append(f"CUDA {version}" if version else "CUDA up to")
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
        return [names, *["-"] * 4, "no answer"], ""
    gpus = Counter((gpu.name, gpu.capability) for gpu in machine.gpus)
    parts = [
        f"{f'{count} x ' if count > 1 else ''}{(title or 'GPU').removeprefix('NVIDIA ')} "
        f"({capability or 'unknown'})"
        for (title, capability), count in gpus.items()
    ]
    if first.mig:
        parts.append(f"{len(first.mig)} MIG part{'s' if len(first.mig) > 1 else ''}")
    driver = shown(machine.driver) if machine.driver else ""
    if machine.driver_cuda and not driver:
        driver = f"for CUDA {machine.driver_cuda.release}"
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


_MOST = 10
"""Rows about single nodes of one sort."""
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
    machine, rows = whole(asked), list[tuple[str, str]]()
    if machine is None:
        return [("verdict", "none of them can run what the environment holds")]
    if version:
        verdict = judge(version, machine)
        cure = verdict.reasons[0].cure if verdict.reasons else None
        rows.append(("verdict", " ".join(filter(None, (verdict_line(verdict, machine), cure)))))
    newest = newest_release(machine)
    many = len(machine.nodes) > 1
    if newest:
        line = verdict_line(judge(newest, machine), machine)
        rows.append(("on all" if many else "newest", f"CUDA {newest.release}: {line}"))
    else:
        rows.append(("on all", "no release runs on each of them"))
    if held := held_back_release(machine):
        rows.append(("held back", held.text(f"CUDA {held.gain.release}")))
    rows += [("silent", f"{node.name} {node.problem}") for node in asked.silent[:_MOST]]
    if len(asked.silent) > _MOST:
        rows.append(("silent", f"and {len(asked.silent) - _MOST} more"))
    loads, notes = dict[str, list[Machine]](), dict[str, list[Machine]]()
    for node in asked.nodes:
        if node.machine is None:
            continue
        outside = [f"{one.path} ({one.by})" for one in node.loads if one.by != "default"]
        if outside:
            loads.setdefault(", ".join(outside[:4]), []).append(node.machine)
        for note in node.machine.notes[:3]:
            notes.setdefault(note, []).append(node.machine)
    for name, texts in (("loads", loads), ("note", notes)):
        rows += [(name, f"{named(who)}: {text}") for text, who in [*texts.items()][:_MOST]]
    return rows
