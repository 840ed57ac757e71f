from __future__ import annotations

import os

FUZZ = int(os.environ.get("FUZZ_EXAMPLES") or 0)
"""How many inputs for each parser; 0 for the few of an ordinary run."""


def examples(ordinary: int) -> int:
    """How many inputs to try."""
    return FUZZ or ordinary
