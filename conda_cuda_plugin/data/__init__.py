"""The facts about CUDA that come with the plugin, as JSON tables that name their sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..quoting import is_plain_name

DATA = Path(__file__).parent


@cache
def read_data(name: str) -> dict[str, Any]:
    """One of the tables; each names its sources.

    Args:
        name: of the file in `data`.
    """
    with open(DATA / name, encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


def tools() -> Mapping[str, Mapping[str, str]]:
    """The programs that are known: what brings each, and the last release that has it."""
    table: Mapping[str, Mapping[str, str]] = read_data("tools.json")["tools"]
    return table


def is_tool(name: str) -> bool:
    """Whether a file in `bin` of a toolkit has the name of a program of CUDA's.

    What else lies there, whoever has put it there, must not get in front of the user's programs.
    """
    known = tools().get(name)
    if known is not None:
        return known.get("of") != "driver"
    families = read_data("tools.json")["families"]
    return is_plain_name(name) and name.startswith(tuple(f"{family}-" for family in families))


def bound_tools() -> list[str]:
    """The programs that belong to one release: another toolkit's is no substitute."""
    return [name for name, row in tools().items() if "of" not in row]
