"""The doctor: rules with stable ids, each with evidence and a cure.

`rules.py` holds the table, one small file per topic the rules themselves. A rule looks at a
`Patient` and tells `Finding`s; it prints nothing and changes nothing.
"""

from __future__ import annotations

from .examine import Treatment, diagnose, treat
from .patient import Finding, Patient, Severity
from .rules import RULES, Rule

__all__ = ["RULES", "Finding", "Patient", "Rule", "Severity", "Treatment", "diagnose", "treat"]
