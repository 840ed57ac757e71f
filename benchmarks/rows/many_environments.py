"""Two hundred environments with three toolkits each."""

from __future__ import annotations

import subprocess

from ..figure import Figure, Row
from ..measure import alternate, details
from ..world import World

COUNT = 200


def measure(world: World) -> list[Figure]:
    """`list --envs` of all against `list` of one."""
    one = world.three
    folder = world.conda.envs
    copies = [folder / f"many{number}" for number in range(COUNT - 1)]
    for copy in copies:
        subprocess.run(["cp", "-al", one, copy], check=True)
    acts = {
        "all": lambda: world("cuda", "list", "--envs"),
        "one": lambda: world("cuda", "list", "-p", one),
    }
    found = alternate(acts, 2 * world.rounds)
    for copy in copies:
        world.discard(copy)
    return [
        Figure(
            f"list --envs, {COUNT} environments of 3 toolkits",
            "list of one",
            found["all"].median / found["one"].median,
            3.0,
            spread=found["all"].spread + found["one"].spread,
            details=details(found),
        )
    ]


ROW = Row("many", measure)
