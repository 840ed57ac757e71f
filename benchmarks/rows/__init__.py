"""The table of rows."""

from __future__ import annotations

from ..figure import Row
from . import (
    every_command,
    installed,
    many_environments,
    memory,
    second_environment,
    switching,
    wheels,
)

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        second_environment.ROW,
        installed.ROW,
        switching.ROW,
        wheels.ROW,
        many_environments.ROW,
        memory.ROW,
        every_command.ROW,
    )
}
