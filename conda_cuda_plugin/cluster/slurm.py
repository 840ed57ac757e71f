"""The nodes of a Slurm partition: `sinfo` tells them apart, one `srun` asks them.

An asking is one job of one task a node. It has the nodes that are free now and leaves out the
others, so it waits for nobody; it ends after a minute in any case.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import CudaError
from ..machine.machine import Machine
from ..quoting import escaped, quoted
from .answer import node_from
from .children import listen, output_of
from .hearing import Hearing
from .node import Node
from .script import command, identity_of, program

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}", re.ASCII)
_SINFO = 15.0
"""Seconds; a busy controller takes some."""
_MOST_SINFO = 8 * 2**20
_COMPLETING = 2.0
"""Seconds to wait for nodes that complete a job."""
_IMMEDIATE = 15
"""Seconds until the job has begun, or is given up."""
_NAME = "conda-cuda-"
"""How the names of the jobs begin."""
_MEMORY = 512
"""Megabytes of a task: enough for libcuda."""
_FREE, _BUSY = ("idle", "mix"), ("alloc", "comp", "resv", "plnd")
_JOB = re.compile(r"SLURM_(?!CONF$|CLUSTERS$|ACCOUNT$|QOS$|RESERVATION$)|SLURMD_|PMI")
"""Variables of a job that the command itself runs in, which srun would make a step of that job."""


@dataclass(frozen=True)
class Row:
    """A node as sinfo shows it."""

    name: str
    state: str
    """Without its marks: `idle`, `mix`, `down`."""
    marks: str
    """`*` does not respond, `~` is powered down, and the like."""
    gres: str
    features: str
    cpus: str
    memory: str
    """Megabytes."""

    @property
    def kind(self) -> tuple[str, ...]:
        """What tells it apart from others."""
        return self.gres, self.features, self.cpus, self.memory

    @property
    def has_gpu(self) -> bool:
        """Whether Slurm gives out GPUs of it."""
        return re.search(r"(^|,)gpu:", self.gres) is not None

    @property
    def problem(self) -> str | None:
        """Why it cannot be asked; None when it can."""
        if self.marks.strip("+^-"):
            return f"cannot be asked now (Slurm's state: {self.state}{self.marks})"
        if self.state in _FREE:
            return None
        word = "is busy" if self.state in _BUSY else "is down"
        return f"{word} (Slurm's state: {self.state})"

    def __str__(self) -> str:
        parts = [self.gres, self.features, f"{self.cpus} CPUs"]
        return ", ".join(part for part in parts if part)


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
    rows = _settled(partition, variables)
    kinds: dict[object, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row if everyone else row.kind, []).append(row)
    chosen = {min(kind, key=_order): kind for kind in kinds.values()}
    asked = [row for row in chosen if row.problem is None]
    # A job that wants a GPU cannot have nodes without one, and one that does not may see none.
    with_gpu = [row for row in asked if row.has_gpu]
    answers = _srun(partition, rows, with_gpu or asked, passed, prefix, variables) if asked else {}
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
        nodes.append(_of_kind(node, str(row), alike))
    return nodes


def _of_kind(node: Node, kind: str, alike: tuple[str, ...]) -> Node:
    return replace(node, kind=kind, alike=alike)


def _order(row: Row) -> tuple[bool, int]:
    """The node of a kind to ask: an idle one, before one with jobs."""
    return row.problem is not None, _FREE.index(row.state) if row.state in _FREE else 9


def _settled(partition: str, variables: Mapping[str, str]) -> list[Row]:
    """The nodes, when those have come to rest whose last job has just ended: it was an asking."""
    deadline = time.monotonic() + _COMPLETING
    while True:
        rows = sinfo(partition, variables)
        if not any(row.state == "comp" for row in rows) or time.monotonic() > deadline:
            return rows
        time.sleep(0.2)


def sinfo(partition: str, variables: Mapping[str, str] = os.environ) -> list[Row]:
    """The nodes of a partition.

    Raises:
        CudaError: when sinfo cannot be run, or knows no such partition.
    """
    words = ["sinfo", "--noheader", "--Node", f"--partition={partition}"]
    printed = _output([*words, "--format=%N|%t|%G|%f|%c|%m"], variables)
    rows = [row for line in printed.splitlines() if (row := _row(line)) is not None]
    if rows:
        return list({row.name: row for row in rows}.values())
    known = _output(["sinfo", "--noheader", "--format=%R"], variables).split()
    names = [name for name in dict.fromkeys(known) if NAME.fullmatch(name)]
    raise CudaError(
        f"Slurm has no node in a partition {quoted(partition, 40)}.",
        hints=[f"Partitions: {', '.join(names[:20])}."] if names else [],
        partition=partition,
    )


def _row(line: str) -> Row | None:
    cells = [cell.strip() for cell in line.split("|")]
    if len(cells) != 6 or not NAME.fullmatch(cells[0]):
        return None
    name, state, gres, features, cpus, memory = (
        "" if cell in ("(null)", "N/A") else escaped(cell[:200]) for cell in cells
    )
    word = re.match(r"[a-z_]*", state.lower())
    base = word[0] if word else ""
    # `gpu:a100:4(S:0-1)` says to which sockets they belong.
    gres = re.sub(r"\([^)]*\)", "", gres)
    return Row(name, base, state[len(base) :], gres, features, cpus, memory)


def _output(words: Sequence[str], variables: Mapping[str, str]) -> str:
    try:
        code, printed, complaint = output_of(words, variables, _SINFO, _MOST_SINFO)
    except OSError as error:
        raise CudaError(
            f"{words[0]} cannot be run: {error.strerror}.",
            hints=["Run this on a machine that can submit jobs to Slurm."],
        ) from error
    if code != 0:
        reason = complaint or f"no answer within {_SINFO:.0f} s"
        raise CudaError(f"{words[0]} has failed: {quoted(reason, 300)}.")
    return printed.decode("utf-8", "replace")


def _srun(
    partition: str,
    rows: Sequence[Row],
    wanted: Sequence[Row],
    passed: Sequence[str],
    prefix: Path | None,
    variables: Mapping[str, str],
) -> dict[str, Node]:
    """Ask some nodes by one job; those that it had, by name."""
    nonce = os.urandom(8).hex()
    names = {row.name for row in wanted}
    others = [row.name for row in rows if row.name not in names]
    memory = [int(row.memory) for row in wanted if row.memory.isascii() and row.memory.isdigit()]
    words = [
        "srun",
        f"--partition={partition}",
        f"--job-name={_NAME}{nonce}",
        # As many of them as are free, and none of the others.
        f"--nodes=1-{len(wanted)}",
        *([f"--exclude={','.join(others)}"] if others else []),
        # No number of tasks: with one, Slurm takes as few nodes as can have them.
        "--cpus-per-task=1",
        *([f"--mem={min(_MEMORY, *memory)}M"] if memory else []),
        *(["--gres=gpu:1"] if all(row.has_gpu for row in wanted) else []),
        "--time=1",
        f"--immediate={_IMMEDIATE}",
        "--label",
        "--wait=0",
        "--kill-on-bad-exit=0",
        "--no-kill",
        "--cpu-bind=none",
        "--mpi=none",
        "--chdir=/",
        *passed,
        "sh",
        "-c",
        command(nonce),
    ]
    hearing = Hearing(nonce, len(wanted), labelled=True)
    outside = {name: value for name, value in variables.items() if not _JOB.match(name)}
    feed = program(nonce, prefix)
    try:
        [(_, complaint)] = listen([words], feed, hearing.mark, hearing.take, hearing.until, outside)
    except OSError as error:
        raise CudaError(f"srun cannot be run: {error.strerror}.") from error
    here, found = identity_of(prefix), dict[str, Node]()
    given = _given(nonce, variables)
    for name, document in _spoken(hearing, given, {row.name for row in rows}).items():
        if document is None:
            document = f"began to answer, but did not end within {hearing.seconds:.0f} s"
        found[name] = node_from(name, document, here)
    if not found:
        reason = f": {quoted(complaint, 400)}" if complaint else ""
        raise CudaError(
            f"Slurm gave no answer from the nodes of {partition} within "
            f"{hearing.seconds:.0f} s{reason}.",
            hints=[
                "Options for srun stand behind --: conda cuda info "
                f"--for slurm:{partition} -- --account=NAME",
                "If no node is free now, an inventory that was saved before helps: --for FILE.yaml",
            ],
            partition=partition,
        )
    for name in sorted(names - set(found)):
        silent = f"did not answer within {hearing.seconds:.0f} s"
        found[name] = Node(name, None, silent if name in given else "was not free for the job")
    return found


def _spoken(hearing: Hearing, given: Sequence[str], known: Container[str]) -> dict[str, Any]:
    """The documents of the nodes; each speaks for itself alone, and once.

    Args:
        hearing: what was said.
        given: the nodes that the job had, in Slurm's order, which is that of its tasks.
        known: the nodes of the partition.
    """
    # With several tasks on a node, which only the user's own options make, the order says nothing.
    told = len(hearing.speakers) <= len(given)
    found: dict[str, Any] = {}
    for (_, task), speaker in hearing.speakers.items():
        name = given[task] if told and task < len(given) else speaker.name
        if name in known and name == speaker.name:
            found.setdefault(name, speaker.document)
    return found


def _given(nonce: str, variables: Mapping[str, str]) -> list[str]:
    """The nodes that a job had, in Slurm's order; none when Slurm does not say."""
    words = ["squeue", "--noheader", f"--name={_NAME}{nonce}", "--states=all", "--format=%N"]
    try:
        listed = _output(words, variables).strip()
        if re.fullmatch(r"\w[\w.,\[\]-]{0,100000}", listed, re.ASCII):
            return _output(["scontrol", "show", "hostnames", listed], variables).split()
    except CudaError:
        pass
    return []
