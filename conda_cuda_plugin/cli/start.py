"""`conda cuda` alone: what the active environment has, and what to do next."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from conda.base.context import context

from ..doctor import Context
from ..environment import Environment
from .common import contents, say
from .layout import columns, fields, filled, heading
from .verbs.doctor import examined

Steps = list[tuple[str, str]]
"""Commands, and what each of them does."""

_INSTALL = [
    ("conda cuda use auto", "install the best CUDA for this machine"),
    ("conda cuda use 12.4", "or the one that you need"),
    ("conda cuda match torch", "or see first what PyTorch needs"),
]
_OWN_ENVIRONMENT = [
    ("conda create --name NAME python", "make an environment for your work"),
    ("conda activate NAME", "let this shell use it"),
    _INSTALL[0],
]
_DOCTOR = ("conda cuda doctor", "find out what is wrong, if anything")


def execute(args: Namespace) -> int:
    """Say it. The exit code is always 0."""
    active = context.active_prefix
    if active and os.path.isdir(os.path.join(active, "conda-meta")):
        patient = examined(Environment(Path(active)))
        lines = [*heading(f"CUDA in {patient.name}", active), *fields(_facts(patient))]
        if active == context.root_prefix and not patient.toolkits:
            steps = _OWN_ENVIRONMENT
        else:
            steps = _steps(patient)
    else:
        gone = f"The active environment is gone: {active}"
        lines = [gone if active else "No environment is active."]
        envs = ("conda cuda list --envs", "see which environments have a toolkit")
        steps = [*_OWN_ENVIRONMENT, envs]
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
        rows.append(("this shell", "has it" if _has_it(patient) else "does not have it yet"))
    return rows


def _steps(patient: Context) -> Steps:
    """What to do next in an environment."""
    current = patient.current
    steps: Steps = []
    if not patient.toolkits:
        return _INSTALL
    if current is None or not current.complete:
        order = sorted(patient.toolkits, key=lambda one: one.root != (current and current.root))
        for one in order[:3]:
            what = "make it current" if one.complete else "finish its installation"
            steps.append((f"conda cuda use {one.version.release}", what))
        return [*steps, _DOCTOR]
    if not _has_it(patient):
        steps.append((patient.activation, "let this shell have it"))
    steps.append(("conda cuda info", "driver, GPUs and frameworks, and whether they fit"))
    others = [one.version.release for one in patient.toolkits if one.root != current.root]
    if others:
        steps.append((f"conda cuda use {others[0]}", "switch to another toolkit"))
    return [*steps, _DOCTOR]


def _has_it(patient: Context) -> bool:
    """Whether the activate hook has run in this shell, and nothing has undone it."""
    if not patient.platform.windows:
        return patient.place is not None
    home = patient.variables.get("CUDA_HOME", "")
    return bool(home) and os.path.realpath(home) == os.path.realpath(patient.environment.link)


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
