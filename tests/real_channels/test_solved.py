"""What was solved for once gives the same plan again, from the indexes of real channels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from .asking import Asking
from .test_plans import requests

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "240")) // 16


def kept(conda: Any) -> dict[Path, int]:
    found = Path(conda.variables["CONDA_PKGS_DIRS"]).glob("cache/conda-cuda/solved-*")
    return {path: path.stat().st_ino for path in found}


@given(asked=requests())
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_the_same_plan_again(
    asked: dict[str, Any], askings: dict[str, Asking], module_conda: Any
) -> None:
    words = {key: value for key, value in asked.items() if key != "subdir"}
    first = askings[asked["subdir"]](**words)
    before = kept(module_conda)
    again = askings[asked["subdir"]](**words)
    assert again == first
    # Neither was it solved for again, nor is a plan without an answer that is kept.
    assert kept(module_conda) == before
    assert before or "refusal" in first
