"""The machine a command is about: this one, or what `--for` describes."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from ..errors import UsageError
from ..frameworks.match import parse_framework
from ..machine.detect import detect
from ..machine.gpu_names import nearest_names
from ..machine.host_compiler import EVIDENCE, find_host_compiler
from ..machine.machine import Machine
from ..machine.spec import (
    ELSEWHERE,
    NobodyTakesError,
    is_elsewhere,
    is_machine_text,
    state_machine,
)
from ..quoting import quoted
from .common import this_platform

MACHINE = (
    'h100, "RTX 4090", a100+h100 or cc=8.9 (compute capability) for its GPUs, driver=550 or '
    "cuda=12.4 (the newest CUDA that the driver supports); with commas between. Or machines that "
    f"are elsewhere: {ELSEWHERE}; options for srun, ssh or kubectl stand behind --."
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
    if passed and (text is None or not is_elsewhere(text)):
        raise NobodyTakesError(passed)
    if text is None:
        return detect(full=False, compiler=compiles)
    windows = this_platform().windows
    if is_elsewhere(text):
        found: Machine = _elsewhere().machine_elsewhere(text, passed, prefix)
        return found
    compiler = find_host_compiler(os.environ, windows=windows) if compiles else None
    evidence = ((EVIDENCE, compiler[1]),) if compiler else ()
    base = Machine(
        windows=windows, host_compiler=compiler[0] if compiler else None, evidence=evidence
    )
    return state_machine(text, base)


def _elsewhere() -> ModuleType:
    # A door: few commands are about machines that are elsewhere.
    from .elsewhere import asking

    return asking


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
