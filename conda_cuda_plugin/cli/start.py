"""`conda cuda` alone: what the active environment has, and what to do next."""

from __future__ import annotations

import os
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from conda.base.context import context

from ..actions.auto import choose_release
from ..doctor import Context
from ..environment import Environment
from ..errors import CudaError
from ..frameworks.framework import Framework
from ..machine.machine import Machine
from ..toolkit import Toolkit, releases
from ..verdict.judge import best_release, judge
from .common import contents, say
from .layout import columns, fields, filled, heading
from .machine import machine_for
from .verbs.doctor import examined

Steps = list[tuple[str, str]]
"""Commands, and what each of them does."""

_AUTO = ("conda cuda use auto", "install the best CUDA for this machine")
_AUTO_ELSEWHERE = (
    'conda cuda use auto --for "driver=550,cc=8.9"',
    "install the best CUDA for such a machine",
)
_OTHERS = [
    ("conda cuda use 12.4", "or the one that you need"),
    ("conda cuda match torch", "or see first what PyTorch needs"),
]
_OWN_ENVIRONMENT = [
    ("conda create --name NAME python", "make an environment for your work"),
    ("conda activate NAME", "let this shell use it"),
]
_DOCTOR = ("conda cuda doctor", "find out what is wrong, if anything")


def execute(args: Namespace) -> int:
    """Say it. The exit code is always 0."""
    active, machine = context.active_prefix, machine_for(None)
    if active and os.path.isdir(os.path.join(active, "conda-meta")):
        patient = examined(Environment(Path(active)))
        rows = [*_facts(patient), ("machine", _machine_text(machine, patient.current))]
        lines = [*heading(f"CUDA in {patient.name}", active), *fields(rows)]
        if active == context.root_prefix and not patient.toolkits:
            steps = [*_OWN_ENVIRONMENT, _auto(machine)]
        else:
            steps = _steps(patient, machine)
    else:
        gone = f"The active environment is gone: {active}"
        lines = [gone if active else "No environment is active."]
        lines += fields([("machine", _machine_text(machine))])
        envs = ("conda cuda list --envs", "see which environments have a toolkit")
        steps = [*_OWN_ENVIRONMENT, _auto(machine), envs]
    say(*lines, "", "What next:", *_commands(steps), "")
    say("conda cuda --help shows all verbs, conda cuda VERB --help one of them.")
    return 0


def _facts(patient: Context) -> list[tuple[str, str]]:
    rows = [("installed", ", ".join(one.name for one in patient.toolkits) or "none")]
    current = patient.current
    if current is None:
        return [*rows, ("current", "none")]
    rows.append(("current", f"CUDA {current.version} ({contents(current)})"))
    if current.complete:
        rows.append(("this shell", "has it" if patient.has_it else "does not have it yet"))
    return rows


def _machine_text(machine: Machine, current: Toolkit | None = None) -> str:
    """Driver, GPUs, and which CUDA they run, in a line."""
    if machine.driver is None and machine.driver_cuda is None and not machine.gpus:
        return "no NVIDIA driver found"
    kinds = Counter(gpu.name or "unknown GPU" for gpu in machine.gpus)
    parts = [f"{count} x {name}" if count > 1 else name for name, count in kinds.items()]
    if machine.driver or machine.driver_cuda:
        driver = f"driver {machine.driver or f'for CUDA {machine.driver_cuda}'}"
        parts.insert(0, f"{driver}{machine.stated_by('cuda')}")
    if current is not None:
        verdict = f"CUDA {current.version.release}: {judge(current.version, machine).level.value}"
    elif best := best_release(machine, [row.version for row in releases()]):
        verdict = f"CUDA up to {best[0].release} runs"
    else:
        verdict = "no CUDA release runs"
    return f"{', '.join(parts)}; {verdict}"


def _auto(machine: Machine, frameworks: Sequence[Framework] = ()) -> tuple[str, str]:
    """The step that leaves the choice to us: for this machine, if there is anything to go by."""
    try:
        choose_release(machine, frameworks)
    except CudaError:
        return _AUTO_ELSEWHERE
    return _AUTO


def _steps(patient: Context, machine: Machine) -> Steps:
    """What to do next in an environment."""
    current = patient.current
    steps: Steps = []
    if not patient.toolkits:
        return [_auto(machine, patient.frameworks), *_OTHERS]
    if current is None or not current.complete:
        order = sorted(patient.toolkits, key=lambda one: one.root != (current and current.root))
        for one in order[:3]:
            what = "make it current" if one.complete else "finish its installation"
            steps.append((f"conda cuda use {one.version.release}", what))
        return [*steps, _DOCTOR]
    if not patient.has_it:
        steps.append((patient.activation, "let this shell have it"))
    steps.append(("conda cuda info", "driver, GPUs and frameworks, and whether they fit"))
    others = [one.version.release for one in patient.toolkits if one.root != current.root]
    if others:
        steps.append((f"conda cuda use {others[0]}", "switch to another toolkit"))
    return [*steps, _DOCTOR]


def _commands(steps: Sequence[tuple[str, str]]) -> list[str]:
    """Commands with what they do beside them, or below one that is long."""
    width = max(columns(command) for command, _ in steps if columns(command) <= 34)
    lines = []
    for command, about in steps:
        if columns(command) <= width:
            lines.append(f"  {filled(command, width)}  {about}")
        else:
            lines += [f"  {command}", f"  {' ' * width}  {about}"]
    return lines
