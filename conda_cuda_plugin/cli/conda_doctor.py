"""The rules of `conda cuda doctor` in conda's own `conda doctor`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from ..doctor import diagnose, treat
from ..environment import Environment
from .common import shown
from .findings import calm_line, counts, exit_code, finding_lines, outcome, question
from .verbs.doctor import examined


def check(prefix: str, verbose: bool) -> None:
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


def fix(prefix: str, args: Namespace, confirm: Callable[[str], None]) -> int:
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
