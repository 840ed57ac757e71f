"""What a rule has found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Severity(str, Enum):
    """How much a finding matters."""

    ERROR = "error"
    """CUDA does not work, or it is the wrong one."""
    WARNING = "warning"
    """Works now, or only here; sooner or later it will not."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with an environment, or with its use in this shell."""

    rule_id: str
    """The stable id of the rule."""
    severity: Severity
    summary: str
    """One sentence on what is wrong."""
    evidence: tuple[str, ...]
    """The exact paths and values behind it."""
    cure: str
    """One command or one sentence."""
    fix: Callable[[], object] | None = field(default=None, compare=False)
    """Cures it; None where only the user can. Raises CudaError or OSError when it cannot."""
