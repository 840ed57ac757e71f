"""What a row of the benchmarks says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .world import World


@dataclass(frozen=True)
class Figure:
    """One ratio and the goal it is held against."""

    what: str
    against: str
    ratio: float
    goal: float
    at_least: bool = False
    """Whether more is better; else the ratio may be at most the goal."""
    spread: float = 0.0
    """How far the ratio is uncertain, as a share of it."""
    details: dict[str, Any] = field(default_factory=dict)
    """Medians in seconds and the like."""

    @property
    def reached(self) -> bool:
        """Whether the goal is."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def goal_text(self) -> str:
        """The goal in words."""
        return f"{'>=' if self.at_least else '<='} {self.goal:g}"

    def document(self) -> dict[str, Any]:
        """The figure for machines."""
        return {**asdict(self), "reached": self.reached}


@dataclass(frozen=True)
class Row:
    """A question, and how it is answered."""

    name: str
    """As in `make bench ROWS=name`."""
    measure: Callable[[World], list[Figure]]
