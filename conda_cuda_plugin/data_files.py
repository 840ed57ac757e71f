"""The tables of facts about CUDA that come with the plugin."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@cache
def read_data(name: str) -> dict[str, Any]:
    """One of the tables; each names its sources.

    Args:
        name: of the file in `data`.
    """
    with open(DATA / name, encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table
