"""The table of rows."""

from __future__ import annotations

from ..figure import Row
from . import (
    activation,
    cluster,
    every_command,
    first_toolkit,
    hooks,
    installed,
    large_index,
    many_environments,
    memory,
    powershell,
    second_environment,
    switching,
    wheels,
)

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        hooks.ROW,
        activation.ROW,
        powershell.ROW,
        second_environment.ROW,
        installed.ROW,
        large_index.ROW,
        switching.ROW,
        first_toolkit.PLAN,
        first_toolkit.COLD,
        wheels.ROW,
        many_environments.ROW,
        many_environments.WHICH,
        cluster.ROW,
        memory.ROW,
        every_command.ROW,
    )
}
