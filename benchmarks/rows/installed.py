"""Making a toolkit current that is installed."""

from __future__ import annotations

import os
import shutil

from ..figure import Figure, Row
from ..measure import Run, alternate, details
from ..world import World, expect


def measure(world: World) -> list[Figure]:
    """`use` of the toolkit that is current, and of the other one, against conda's start."""
    same, other = world.three, world.environment()
    world.discard(other)
    shutil.copytree(same, other, symlinks=True)
    world("cuda", "use", "13.0", "-yq", "-p", same)

    def stay() -> Run:
        expect(same, "13.0")
        return world("cuda", "use", "13.0", "-yq", "-p", same)

    def switch() -> Run:
        release = "12.4" if os.readlink(other / "cuda") == "cuda-13.0" else "13.0"
        found = world("cuda", "use", release, "-yq", "-p", other)
        expect(other, release)
        return found

    acts = {"same": stay, "other": switch, "start": lambda: world("info", "--base")}
    found = alternate(acts, 2 * world.rounds)
    return [
        Figure(
            f"use of an installed toolkit, {what}",
            "conda info --base",
            found[name].median / found["start"].median,
            1.2,
            spread=found[name].spread + found["start"].spread,
            details=details({key: found[key] for key in (name, "start")}),
        )
        for name, what in (("same", "current already"), ("other", "with a switch"))
    ]


ROW = Row("installed", measure)
