"""What the doctor has found, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..doctor import RULES, Context, Finding, Severity, Treatment
from ..machine.group import named
from .common import facts
from .elsewhere.asking import age
from .layout import paint, paragraph, text_width

_COLOURS = {"error": "red", "warning": "yellow"}
_PROGRAMS = ("conda ", "python ", "chmod ")
# Of sh, csh, fish and cmd, and of PowerShell.
_ASSIGNMENTS = ("export ", "unset ", "set ", "setenv ", "unsetenv ", "$Env:", "Remove-Item Env:")


def exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """3 with errors, 1 with warnings when they count, else 0."""
    found = {finding.severity for finding in findings}
    if Severity.ERROR in found:
        return 3
    return 1 if strict and Severity.WARNING in found else 0


def report(patient: Context, findings: Sequence[Finding]) -> list[str]:
    """The findings for people; one calm line when there are none."""
    if not findings:
        return [calm_line(patient)]
    lines = [f"CUDA in {patient.name}{_on(patient)}: {counts(findings)}"]
    lines = paragraph(lines[0], "", "  ") if patient.asked else lines
    for finding in findings:
        lines += ["", *finding_lines(finding)]
    return lines


def counts(findings: Sequence[Finding]) -> str:
    """`1 error, 2 warnings`."""
    parts = [f"{n} {name}{'s' if n > 1 else ''}" for name, n in _by_severity(findings).items() if n]
    return ", ".join(parts) or "nothing is wrong"


def _by_severity(findings: Sequence[Finding]) -> dict[str, int]:
    return {one.value: sum(found.severity is one for found in findings) for one in Severity}


def document(
    patient: Context, findings: Sequence[Finding], treatment: Treatment | None = None
) -> dict[str, Any]:
    """The findings for machines."""
    found: dict[str, Any] = {
        **facts(patient, "environment=prefix name active"),
        "current": patient.environment.current_name(),
        "healthy": all(finding.severity is Severity.NOTE for finding in findings),
        "counts": _by_severity(findings),
        "findings": [finding_document(finding) for finding in findings],
        "rules": [rule.id for rule in RULES],
    }
    if treatment is not None:
        found["cured"] = [finding.rule_id for finding in treatment.cured]
        found["failed"] = [
            {"rule": finding.rule_id, "reason": reason} for finding, reason in treatment.failed
        ]
    return found


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding for machines."""
    return {
        **facts(finding, "rule=rule_id severity summary evidence cure"),
        "fixable": finding.fix is not None,
    }


def calm_line(patient: Context) -> str:
    """The line for an environment where nothing is wrong."""
    current = patient.current
    if current is not None:
        place = "" if patient.active else ", which is not active here"
        place = _on(patient) or place
        return f"CUDA {current.version} is in order in {patient.name}{place}."
    if patient.toolkits:
        return f"No toolkit is current in {patient.name}; nothing is wrong."
    return f"{patient.name} has no CUDA toolkit; nothing is wrong."


def _on(patient: Context) -> str:
    """The machines elsewhere that the findings are about, if they are."""
    asked = patient.asked
    if asked is None:
        return ""
    # Others have a finding of their own.
    nodes = [node.machine for node in asked.nodes if node.machine and node.has_gpu]
    alike = sum(len(node.alike) for node in asked.nodes)
    parts = [named(nodes)] if nodes else []
    if alike:
        parts.append(f"{alike} more of {'these kinds' if len(nodes) > 1 else 'its kind'} not asked")
    where = f"in {asked.saved}, " if asked.saved else ""
    return f" on {asked.target} ({'; '.join([*parts, where + age(asked)])})"


def finding_lines(finding: Finding) -> list[str]:
    """One finding for people."""
    severity, width = finding.severity.value, text_width()
    head = f"{severity} {finding.rule_id}: "
    lines = paragraph(head + finding.summary, "", "  ", width)
    lines[0] = paint(severity, _COLOURS.get(severity), after=lines[0][len(severity) :])
    lines += [f"    {text}" for text in finding.evidence]
    # Commands and paths stay in one piece, so that they can be copied.
    before = "  -> "
    for text in finding.cure.splitlines():
        whole = text.startswith(_PROGRAMS + _ASSIGNMENTS) or len(text) <= width - 5
        lines += [before + text] if whole else paragraph(text, before, "     ", width)
        before = "     "
    return lines


def question(fixable: Sequence[Finding]) -> str:
    """What is asked before anything is cured."""
    return f"Cure {', '.join(finding.rule_id for finding in fixable)}"


def outcome(treatment: Treatment) -> list[str]:
    """What cures have done, for people."""
    lines = [f"cured {finding.rule_id}" for finding in treatment.cured]
    lines += [f"not cured {finding.rule_id}: {reason}" for finding, reason in treatment.failed]
    return lines
