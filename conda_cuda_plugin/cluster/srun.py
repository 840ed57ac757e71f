"""One job that asks nodes of a Slurm partition, and hears them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from ..errors import CudaError
from ..quoting import quoted
from .answer import node_from
from .children import listen
from .hearing import Hearing, Speaker
from .node import Node
from .script import command, identity_of, program
from .sinfo import Row, printed_by, settled

_IMMEDIATE = 15
"""Seconds until the job has begun, or is given up."""
_NAME = "conda-cuda-"
"""How the names of the jobs begin."""
_MEMORY = 512
"""Megabytes of a task: enough for libcuda."""
_JOB = re.compile(r"SLURM_(?!CONF$|CLUSTERS$|ACCOUNT$|QOS$|RESERVATION$)|SLURMD_|PMI")
"""Variables of a job that the command itself runs in, which srun would make a step of that job."""


def ask(
    partition: str,
    rows: Sequence[Row],
    wanted: Sequence[Row],
    passed: Sequence[str],
    prefix: Path | None,
    variables: Mapping[str, str],
) -> dict[str, Node]:
    """Ask some nodes by one job.

    Args:
        partition: its name.
        rows: all its nodes.
        wanted: those to be asked.
        passed: more options for srun.
        prefix: the environment that they should see.
        variables: environment variables for Slurm's programs.

    Returns:
        The nodes by name, those without an answer too.

    Raises:
        CudaError: when Slurm gives no job, or nobody has answered.
    """
    nonce, names = os.urandom(8).hex(), {row.name for row in wanted}
    words = _words(nonce, partition, rows, wanted, passed)
    hearing = Hearing(nonce, len(wanted), labelled=True)
    complaint = _hear(hearing, nonce, words, program(nonce, prefix), variables)
    given = _given(nonce, variables)
    there = [row for row in wanted if row.name in {one.name for one in hearing.speakers.values()}]
    if hearing.stuck and 0 < len(there) < len(wanted):
        # srun sends nothing to any node until it has reached each: ask those that are there.
        settled(partition, variables, [row.name for row in there])
        why = f"did not take the job within {hearing.seconds:.0f} s"
        found = ask(partition, rows, there, passed, prefix, variables)
        gone = [row.name for row in wanted if row not in there]
        return {**found, **{name: Node(name, None, why) for name in gone}}
    here, found = identity_of(prefix), {}
    for name, speaker in _spoken(hearing, given, {row.name for row in rows}).items():
        document = speaker.document
        if document is None:
            began = "began to answer, but did not end" if speaker.begun else "did not answer"
            document = f"{began} within {hearing.seconds:.0f} s"
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


def _words(
    nonce: str, partition: str, rows: Sequence[Row], wanted: Sequence[Row], passed: Sequence[str]
) -> list[str]:
    """The command line of the job."""
    others = [row.name for row in rows if row not in wanted]
    # A node of unknown memory has 1, and 0 would ask for all.
    memory = [int(row.memory) for row in wanted if re.fullmatch("[1-9][0-9]{0,9}", row.memory)]
    return [
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


def _hear(
    hearing: Hearing, nonce: str, words: Sequence[str], feed: bytes, variables: Mapping[str, str]
) -> str:
    """Run the job and hear what its nodes say; what srun complains of.

    Raises:
        CudaError: when srun cannot be run, or the user has stopped it. The job is over then, too.
    """
    outside = {name: value for name, value in variables.items() if not _JOB.match(name)}
    code = None
    try:
        [(code, complaint)] = listen(
            [words], feed, hearing.mark, hearing.take, hearing.until, outside
        )
    except OSError as error:
        code = error.errno
        raise CudaError(f"srun cannot be run: {error.strerror}.") from error
    finally:
        if code is None:
            # It had to be ended: a node that does not answer may keep its job.
            with contextlib.suppress(CudaError):
                printed_by(["scancel", "--quiet", f"--name={_NAME}{nonce}"], variables)
    return complaint


def _spoken(hearing: Hearing, given: Sequence[str], known: Container[str]) -> dict[str, Speaker]:
    """Who speaks for which node; each speaks for itself alone, and once.

    Args:
        hearing: what was said.
        given: the nodes that the job had, in Slurm's order, which is that of its tasks.
        known: the nodes of the partition.
    """
    # With several tasks on a node, which only the user's own options make, the order says nothing.
    told = len(hearing.speakers) <= len(given)
    found: dict[str, Speaker] = {}
    for (_, task), speaker in hearing.speakers.items():
        name = given[task] if told and task < len(given) else speaker.name
        if name in known and name == speaker.name:
            found.setdefault(name, speaker)
    return found


def _given(nonce: str, variables: Mapping[str, str]) -> list[str]:
    """The nodes that a job had, in Slurm's order; none when Slurm does not say."""
    words = ["squeue", "--noheader", f"--name={_NAME}{nonce}", "--states=all", "--format=%N"]
    try:
        listed = printed_by(words, variables).strip()
        if re.fullmatch(r"\w[\w.,\[\]-]{0,100000}", listed, re.ASCII):
            return printed_by(["scontrol", "show", "hostnames", listed], variables).split()
    except CudaError:
        pass
    return []
