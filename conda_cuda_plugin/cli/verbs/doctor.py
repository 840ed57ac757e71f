"""`conda cuda doctor`, and its rules in conda's own `conda doctor`."""

from __future__ import annotations

import functools
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from conda.base.context import context

from ...cluster.node import Asked
from ...doctor import Context, Treatment, diagnose, left_behind, treat
from ...environment import Environment
from ...machine.detect import detect
from ...machine.machine import Machine
from ...machine.spec import NobodyTakesError, is_elsewhere, overriding_settings
from ...system.conda_compat import confirm
from ...system.shared_caches import package_caches
from ..common import (
    add_common_options,
    facts,
    name_of,
    print_json,
    say,
    say_kept,
    shown,
    target_environment,
    this_platform,
)
from ..content import settled_request
from ..elsewhere.asking import asked_for, whole
from ..elsewhere.document import machines_document
from ..findings import (
    calm_line,
    counts,
    document,
    exit_code,
    finding_lines,
    outcome,
    question,
    report,
)
from ..machine import add_machine_option, machine_for

EPILOG = """\
Exit code: 0 healthy, 3 errors; 1 warnings, only with --strict.

examples:
  conda cuda doctor                   the environment, this shell and machine
  conda cuda doctor --fix             cure what can be cured, after asking
  conda cuda doctor --for slurm:gpu   the nodes of a Slurm partition
  conda cuda doctor --json            for machines
"""


def configure_parser(parser: ArgumentParser) -> None:
    """The options of `doctor`."""
    parser.add_argument(
        "--fix",
        dest="cuda_fix",
        action="store_true",
        help="Cure what can be cured: hooks, wrappers, the link, leftovers. Files that conda cuda "
        "did not write stay untouched.",
    )
    parser.add_argument(
        "--strict",
        dest="cuda_strict",
        action="store_true",
        help="Exit with 1 when there are warnings.",
    )
    add_machine_option(parser)
    add_common_options(parser, prompt=True)


def execute(args: Namespace) -> int:
    """Ask every rule; cure, if wanted; tell."""
    environment, machine = target_environment(args), args.cuda_for
    asked = None
    if machine is not None and is_elsewhere(machine):
        asked = asked_for(machine, args.cuda_passed, environment.prefix)
    elif args.cuda_passed:
        raise NobodyTakesError(args.cuda_passed)
    patient = examined(environment, machine, asked)
    findings = diagnose(patient)
    fixable = [finding for finding in findings if finding.fix is not None]
    treatment = Treatment((), (), tuple(findings)) if args.cuda_fix else None
    if args.cuda_fix and fixable:
        say(*report(patient, findings), "")
        confirm(question(fixable))
        treatment = treat(
            lambda: examined(Environment(environment.prefix), machine, asked), fixable
        )
        say_kept(environment)
        findings = list(treatment.left)
        patient = examined(Environment(environment.prefix), machine, asked)
    if context.json:
        kept = {} if treatment is None else facts(environment, "kept")
        there = {} if asked is None else {"machines": machines_document(asked, patient.current)}
        print_json({**document(patient, findings, treatment), **kept, **there})
        return exit_code(findings, strict=args.cuda_strict)
    if treatment is not None and fixable:
        say(*outcome(treatment), "")
    say(*report(patient, findings))
    if args.cuda_fix and findings and not fixable:
        say("", "None of this can be cured from here.")
    return exit_code(findings, strict=args.cuda_strict)


def examined(
    environment: Environment, machine: str | None = None, asked: Asked | None = None
) -> Context:
    """An environment with this shell around it, and a machine.

    Args:
        environment: which.
        machine: how `--for` describes the machine; None for this one.
        asked: the machines elsewhere that `--for` names, which have been asked.
    """
    platform = this_platform()
    if asked is None and machine is not None:
        machine_for(machine)  # Tell a typing error before anything is looked at.

    def found() -> Machine:
        if asked is not None:
            return whole(asked) or Machine(name=asked.target)
        if machine is None:
            return detect(settings=overriding_settings())
        return machine_for(machine)

    return Context(
        environment,
        platform,
        os.environ,
        Path.home(),
        name_of(environment),
        found,
        package_caches=package_caches(),
        settled=functools.cache(lambda: settled_request(platform)),
        asked=asked,
    )


def say_left_behind(environment: Environment) -> list[str]:
    """Say which variables of this shell still lead to a toolkit that was current; their names."""
    patient = examined(environment)
    names = list(left_behind(patient))
    if names:
        say(
            f"Variables of this shell still lead to it: {', '.join(names)}.",
            f"For this shell to let go of it, type:  {patient.activation}",
        )
    return names


def conda_check(prefix: str, verbose: bool) -> None:
    """What `conda doctor` prints of an environment; nothing where there is no CUDA of ours."""
    environment = Environment(Path(prefix))
    if not environment.has_cuda:
        return
    patient = examined(environment)
    findings = diagnose(patient)
    mark = "❌" if exit_code(findings, strict=True) else "✅"
    print(f"{mark} CUDA: {shown(counts(findings) if findings else calm_line(patient))}\n")
    for finding in findings:
        print("\n".join(f"  {shown(line)}" for line in finding_lines(finding)) + "\n")


def conda_fix(prefix: str, args: Namespace, confirm: Callable[[str], None]) -> int:
    """What `conda doctor --fix` does to an environment."""
    environment = Environment(Path(prefix))
    if not environment.has_cuda:
        return 0
    patient = examined(environment)
    fixable = [finding for finding in diagnose(patient) if finding.fix is not None]
    if not fixable:
        print("CUDA: nothing to fix.")
        return 0
    confirm(question(fixable))
    treatment = treat(lambda: examined(Environment(Path(prefix))), fixable)
    print("\n".join(map(shown, outcome(treatment))))
    return 1 if treatment.failed else 0
