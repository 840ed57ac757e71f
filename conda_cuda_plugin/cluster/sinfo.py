"""The nodes of a Slurm partition as `sinfo` tells them apart."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from ..errors import CudaError
from ..quoting import escaped, quoted
from .children import output_of

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}", re.ASCII)
_LIMIT = 15.0
"""Seconds; a busy controller takes some."""
_MOST = 8 * 2**20
COMPLETING = 6.0
"""Seconds to wait for nodes that complete a job."""
FREE = ("idle", "mix")
_BUSY = ("alloc", "comp", "resv", "plnd")


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
        if self.state in FREE:
            return None
        word = "is busy" if self.state in _BUSY else "is down"
        return f"{word} (Slurm's state: {self.state})"

    def __str__(self) -> str:
        parts = [self.gres, self.features, f"{self.cpus} CPUs"]
        return ", ".join(part for part in parts if part)


def settled(
    partition: str, variables: Mapping[str, str], names: Container[str] | None = None
) -> list[Row]:
    """The nodes of a partition.

    Those whose last job has just ended have come to rest: it may have been an asking. If `names`
    are given, those alone are waited for.

    Raises:
        CudaError: when sinfo cannot be run, or knows no such partition.
    """
    deadline = time.monotonic() + COMPLETING
    while True:
        rows = _sinfo(partition, variables)
        waits = any(row.state == "comp" and (not names or row.name in names) for row in rows)
        if not waits or time.monotonic() > deadline:
            return rows
        time.sleep(0.2)


def _sinfo(partition: str, variables: Mapping[str, str]) -> list[Row]:
    words = ["sinfo", "--noheader", "--Node", f"--partition={partition}"]
    printed = printed_by([*words, "--format=%N|%t|%G|%f|%c|%m"], variables)
    rows = [row for line in printed.splitlines() if (row := _row(line)) is not None]
    if rows:
        return list({row.name: row for row in rows}.values())
    known = printed_by(["sinfo", "--noheader", "--format=%R"], variables).split()
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


def printed_by(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """What one of Slurm's programs prints.

    Raises:
        CudaError: when it cannot be run, or fails.
    """
    try:
        code, printed, complaint = output_of(words, variables, _LIMIT, _MOST)
    except OSError as error:
        raise CudaError(
            f"{words[0]} cannot be run: {error.strerror}.",
            hints=["Run this on a machine that can submit jobs to Slurm."],
        ) from error
    if code != 0:
        reason = complaint or f"no answer within {_LIMIT:.0f} s"
        raise CudaError(f"{words[0]} has failed: {quoted(reason, 300)}.")
    return printed.decode("utf-8", "replace")
