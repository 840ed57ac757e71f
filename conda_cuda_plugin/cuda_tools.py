"""CUDA's own programs, by their names (source: data/tools.json)."""

from __future__ import annotations

from collections.abc import Mapping

from .data_files import read_data
from .quoting import is_plain_name


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
