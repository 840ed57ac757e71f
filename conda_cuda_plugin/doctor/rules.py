"""Ask every rule, and apply the cures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..actions.change import in_environment
from ..errors import CudaError
from . import (
    frameworks,
    library_path,
    link,
    machine,
    permissions,
    records,
    start_up,
    toolkits,
    tools,
    variables,
    wheels,
)
from .context import Context, Finding, Rule

_TOPICS = (
    records,
    link,
    toolkits,
    permissions,
    tools,
    library_path,
    variables,
    start_up,
    machine,
    frameworks,
    wheels,
)

RULES = tuple(rule for topic in _TOPICS for rule in vars(topic).values() if isinstance(rule, Rule))
"""In the order in which they are asked, causes before their consequences: as the files are named
here, and as the rules stand in each."""


@dataclass(frozen=True)
class Treatment:
    """What cures have done."""

    cured: tuple[Finding, ...]
    failed: tuple[tuple[Finding, str], ...]
    """What could not be cured, and why."""
    left: tuple[Finding, ...]
    """What is found afterwards."""


def diagnose(context: Context) -> list[Finding]:
    """Everything that the rules find, worst first."""
    found: list[Finding] = []
    unread: set[str] = set()
    for rule in RULES:
        try:
            found += rule.findings(context)
        except OSError as error:
            text = f"{error.filename or context.prefix}: {error.strerror or error}"
            # Several rules read the same files.
            if text not in unread:
                unread.add(text)
                cure = "Make the file or folder readable, then ask again."
                found.append(Finding("This could not be examined.", (text,), cure, rule_id=rule.id))
    return sorted(found, key=lambda finding: finding.severity.rank)


def treat(examine: Callable[[], Context], findings: Sequence[Finding]) -> Treatment:
    """Apply the fixes of some findings, alone in the environment, then examine it again.

    Raises:
        CudaError: when the environment cannot be changed at all.
    """
    cured: list[Finding] = []
    failed: list[tuple[Finding, str]] = []
    fixes = [(finding, finding.fix) for finding in findings if finding.fix is not None]
    if fixes:
        with in_environment(examine().environment):
            for finding, fix in fixes:
                try:
                    fix()
                except CudaError as error:
                    failed.append((finding, error.message))
                except OSError as error:
                    text = f"{error.filename or ''}: {error.strerror}".strip(": ")
                    failed.append((finding, text))
                else:
                    cured.append(finding)
    return Treatment(tuple(cured), tuple(failed), tuple(diagnose(examine())))
