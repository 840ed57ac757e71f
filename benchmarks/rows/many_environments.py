"""Two hundred environments with three toolkits each."""

from __future__ import annotations

import _json
import os
import shutil
import subprocess

from ..figure import Figure, Row
from ..measure import alternate, details
from ..world import World, files_in

COUNT = 200
LIBRARY = "libcudart.so.12"


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


def measure_which(world: World) -> list[Figure]:
    """`which` against `find`, with a large toolkit in each of the environments."""
    root = world.large_root
    folder = world.conda.envs
    copies = [folder / f"found{number}" for number in range(COUNT)]
    for copy in copies:
        (copy / "conda-meta").mkdir(parents=True)
        (copy / "conda-meta" / "history").touch()
        subprocess.run(["cp", "-al", root, copy], check=True)
        os.symlink(root.name, copy / "cuda")
    # One that can be loaded: what else there is of that name is said besides.
    library = next((copies[0] / root.name / "lib").glob("libcudart.so.12.*"))
    library.unlink()
    shutil.copy(_json.__file__, library)
    acts = {
        "which": lambda: world("cuda", "which", LIBRARY, "-p", copies[0]),
        "find": lambda: world.command(["find", folder, "-name", LIBRARY]),
    }
    found = alternate(acts, 3)
    for copy in copies:
        world.discard(copy)
    return [
        Figure(
            f"which, {COUNT} environments",
            "find over the same trees",
            found["which"].median / found["find"].median,
            1.0,
            spread=found["which"].spread + found["find"].spread,
            details={**details(found), "files of each": files_in(root)},
        )
    ]


ROW = Row("many", measure)
WHICH = Row("which", measure_which)
