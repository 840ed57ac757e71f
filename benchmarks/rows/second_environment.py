"""A second environment with the same toolkit: all of it is in the package cache."""

from __future__ import annotations

from ..figure import Figure, Row
from ..measure import Run, alternate, details
from ..world import World, files_in


def measure(world: World) -> list[Figure]:
    """`use`, `conda install` of the same packages, and `cp -al` of the same files."""
    variables = world.large
    source = world.conda.envs / "large" / "cuda-12.4"
    channel = f"{variables['CONDA_CHANNEL_ALIAS']}/conda-forge"

    def use() -> Run:
        return into("cuda", "use", "12.4", "--from=channel", "--flavor=devel")

    def install() -> Run:
        return into("install", "--override-channels", "-c", channel, "cuda-toolkit=12.4")

    def into(*words: str) -> Run:
        prefix = world.environment()
        found = world(*words, "-yq", "--offline", "-p", prefix, **variables)
        world.discard(prefix)
        return found

    def copy() -> Run:
        target = world.folder / "copy"
        found = world.command(["cp", "-al", source, target])
        world.discard(target)
        return found

    def start() -> Run:
        return world("info", "--base")

    acts = {"use": use, "install": install, "copy": copy, "start": start}
    found = alternate(acts, world.rounds)
    beyond = found["use"].median - found["start"].median
    shown = {**details(found), "files": files_in(source)}
    spread = found["use"].spread
    return [
        Figure(
            "second environment, beyond conda's start",
            "cp -al of the same tree",
            beyond / found["copy"].median,
            2.0,
            spread=spread + found["copy"].spread,
            details=shown,
        ),
        Figure(
            "second environment",
            "conda install of the same packages",
            found["use"].median / found["install"].median,
            1.0,
            spread=spread + found["install"].spread,
            details=shown,
        ),
    ]


ROW = Row("second", measure)
