"""The nodes of a Slurm partition: `sinfo` tells them apart, one `srun` asks them.

An asking is one job of one task a node. It has the nodes that are free now and leaves out the
others, so it waits for nobody; it ends after a minute in any case.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..machine.machine import Machine
from . import srun
from .node import Node
from .sinfo import FREE, Row, settled


def ask(
    partition: str,
    *,
    everyone: bool,
    passed: Sequence[str] = (),
    prefix: Path | None = None,
    variables: Mapping[str, str] = os.environ,
) -> list[Node]:
    """Ask the nodes of a partition.

    Args:
        partition: its name.
        everyone: ask each node, and not one of each kind.
        passed: more options for srun.
        prefix: the environment that they should see.
        variables: environment variables for Slurm's programs, which a job gets too.

    Raises:
        CudaError: when Slurm cannot be asked, has no such partition, or gives no job.
    """
    rows = settled(partition, variables)
    kinds: dict[object, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row if everyone else row.kind, []).append(row)
    chosen = {min(kind, key=_order): kind for kind in kinds.values()}
    asked = [row for row in chosen if row.problem is None]
    # A job that wants a GPU cannot have nodes without one, and one that does not may see none.
    with_gpu = [row for row in asked if row.has_gpu]
    answers = (
        srun.ask(partition, rows, with_gpu or asked, passed, prefix, variables) if asked else {}
    )
    nodes = []
    for row, kind in chosen.items():
        alike = tuple(one.name for one in kind if one is not row)
        if row.name in answers:
            node = answers[row.name]
        elif row.problem:
            node = Node(row.name, None, row.problem)
        elif with_gpu and not row.has_gpu:
            note = "not asked: Slurm has no GPU to give there."
            node = Node(row.name, Machine(name=row.name, notes=(note,)))
        else:
            node = Node(row.name, None, "did not answer")
        nodes.append(replace(node, kind=str(row), alike=alike))
    return nodes


def _order(row: Row) -> tuple[bool, int]:
    """The node of a kind to ask: an idle one, before one with jobs."""
    return row.problem is not None, FREE.index(row.state) if row.state in FREE else 9
