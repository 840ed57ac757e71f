"""Asking every rule, and applying the cures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..actions.change import in_environment
from ..errors import CudaError
from .patient import Finding, Patient, Severity
from .rules import RULES


@dataclass(frozen=True)
class Treatment:
    """What cures have done."""

    cured: tuple[Finding, ...]
    failed: tuple[tuple[Finding, str], ...]
    """What could not be cured, and why."""
    left: tuple[Finding, ...]
    """What is found afterwards."""


def diagnose(patient: Patient) -> list[Finding]:
    """Everything that the rules find, worst first."""
    found: list[Finding] = []
    unread: set[str] = set()
    for rule in RULES:
        try:
            found += rule.check(patient)
        except OSError as error:
            text = f"{error.filename or patient.prefix}: {error.strerror or error}"
            # Several rules read the same files.
            if text not in unread:
                unread.add(text)
                found.append(_not_examined(rule.id, text))
    return sorted(found, key=lambda finding: finding.severity.rank)


def _not_examined(rule_id: str, text: str) -> Finding:
    return Finding(
        rule_id,
        Severity.WARNING,
        "This could not be looked at.",
        (text,),
        "Make the file or folder readable, then ask again.",
    )


def treat(patient: Callable[[], Patient], findings: Sequence[Finding]) -> Treatment:
    """Apply the cures of some findings, alone in the environment.

    Args:
        patient: looks at the environment anew.
        findings: what to cure; those without a fix are passed over.

    Raises:
        CudaError: when the environment cannot be changed at all.
    """

    cured: list[Finding] = []
    failed: list[tuple[Finding, str]] = []
    fixable = [finding for finding in findings if finding.fix is not None]
    if not fixable:
        return Treatment((), (), tuple(diagnose(patient())))
    with in_environment(patient().environment):
        for finding in fixable:
            assert finding.fix is not None
            try:
                finding.fix()
            except CudaError as error:
                failed.append((finding, error.message))
            except OSError as error:
                failed.append((finding, f"{error.filename or ''}: {error.strerror}".strip(": ")))
            else:
                cured.append(finding)
    return Treatment(tuple(cured), tuple(failed), tuple(diagnose(patient())))
