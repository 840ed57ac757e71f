"""Sixty-four nodes of a real Slurm, which wait different times before they answer."""

from __future__ import annotations

import json
import os
import shutil
import sys

from conda_cuda_plugin.cluster.script import command, program
from conda_cuda_plugin.quoting import shell_word
from tests.cluster.nodes import NodeSpec
from tests.cluster.programs import SYSTEM_PATH
from tests.cluster.slurm import Slurm, cluster

from ..figure import Figure, Row
from ..measure import Act, Run, alternate, details
from ..world import World

COUNT = 64
SILENT = 8
"""How many of them never answer, in the second figure."""
FIRST, LAST = 1.0, 5.0
"""Seconds that the first and the last node wait; the others lie between."""
PATH = "/usr/bin:/bin"
"""What nodes have; a version manager's python3 is a script that takes longer than the probe."""
NEEDED = ("munged", "slurmctld", "slurmd", "srun", "unshare")


def measure(world: World) -> list[Figure]:
    """`info --for slurm:PARTITION/all` against one srun that asks the slowest node alone."""
    missing = [name for name in NEEDED if shutil.which(name, path=SYSTEM_PATH) is None]
    if missing or os.getuid():
        what = f"missing: {', '.join(missing)}" if missing else "only root can put up its nodes"
        print(f"a cluster: not measured, {what}", file=sys.stderr)
        return []
    waits = [FIRST + (LAST - FIRST) * number / (COUNT - 1) for number in range(COUNT)]
    nodes = [
        NodeSpec(f"n{number:02}", prolog=f"sleep {wait:.2f}\n") for number, wait in enumerate(waits)
    ]
    silent = [NodeSpec(f"s{number}", prolog="exec sleep 1000\n") for number in range(SILENT)]
    names = {
        "all": f"n[00-{COUNT - 1}]",
        "some": f"n[{SILENT:02}-{COUNT - 1}],s[0-{SILENT - 1}]",
    }
    with cluster([*nodes, *silent], names) as slurm:
        acts = {
            "slowest": _one(world, slurm, nodes[-1].name),
            "all": _asking(world, slurm, "all", COUNT),
            "some": _asking(world, slurm, "some", COUNT - SILENT),
        }
        found = alternate(acts, max(2, world.rounds // 2))
    return [
        Figure(
            what,
            "the slowest node's own answer",
            found[name].median / found["slowest"].median,
            2.0,
            spread=found[name].spread + found["slowest"].spread,
            details=details({name: found[name], "slowest": found["slowest"]}),
        )
        for name, what in (
            ("all", f"{COUNT} nodes asked"),
            ("some", f"{COUNT} nodes asked, {SILENT} of which never answer"),
        )
    ]


def _one(world: World, slurm: Slurm, node: str) -> Act:
    """The probe on one node, by srun alone."""
    nonce = "0" * 16
    file = world.folder / "probe.py"
    file.write_bytes(program(nonce, None))
    words = f"srun -p all -w {node} --chdir=/ sh -c {shell_word(command(nonce))} <{file}"

    def once() -> Run:
        _rest(slurm)
        return world.command(["sh", "-c", words], **slurm.variables, PATH=PATH)

    return once


def _asking(world: World, slurm: Slurm, partition: str, answers: int) -> Act:
    """Our command, which has to have as many answers."""

    def once() -> Run:
        _rest(slurm)
        words = ("cuda", "info", "--for", f"slurm:{partition}/all", "--json")
        run = world(*words, **slurm.variables, PATH=PATH)
        nodes = json.loads((world.folder / "output.txt").read_text())["nodes"]
        answered = sum(node["answered"] for node in nodes)
        if (len(nodes), answered) != (COUNT, answers):
            raise SystemExit(f"{answered} of {len(nodes)} nodes have answered, not {answers}")
        return run

    return once


def _rest(slurm: Slurm) -> None:
    """Wait until no node has anything to do with the last asking."""
    while slurm.going_on() or "comp" in slurm.ask("sinfo", "--noheader", "--format=%t"):
        pass


ROW = Row("cluster", measure)
