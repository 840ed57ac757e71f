"""What the hooks add to the first `conda activate` of a session of PowerShell."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from tests.shells.families import FAMILIES
from tests.shells.shells import SHELLS

from ..figure import Figure, Row
from ..measure import Act, Run, alternate
from ..world import World


def measure(world: World) -> list[Figure]:
    """A session that activates an environment with hooks, against the same one without."""
    [shell] = [shell for shell in SHELLS if shell.name == "pwsh"]
    program = shell.path()
    if program is None:
        print("activation in PowerShell: not measured, it is not installed", file=sys.stderr)
        return []
    hooked, bare = world.three, world.environment("bare")
    shutil.copytree(hooked / "cuda" / "lib64", bare / "cuda" / "lib64")
    load = FAMILIES["ps1"].load_conda(world.exe)

    def session(name: str, prefix: Path) -> Act:
        script = world.folder / f"{name}.ps1"
        script.write_text(
            f"{load}\n$watch = [Diagnostics.Stopwatch]::StartNew()\n"
            f"conda activate '{prefix}'\n$watch.Elapsed.TotalMilliseconds\n"
        )

        def once() -> Run:
            run = world.command([program, *shell.command[1:], script])
            # To start PowerShell takes many times as long.
            seconds = float((world.folder / "output.txt").read_text()) / 1000
            return replace(run, seconds=seconds)

        return once

    acts = {"ours": session("ours", hooked), "without": session("without", bare)}
    found = alternate(acts, 3 * world.rounds)
    ours, without = (found[name].median for name in ("ours", "without"))
    return [
        Figure(
            "first conda activate in PowerShell, what the hooks add",
            "the same activation without them",
            (ours - without) / without,
            0.1,
            spread=found["ours"].spread + found["without"].spread,
            details={f"{name} s": round(one.median, 3) for name, one in found.items()},
        )
    ]


ROW = Row("powershell", measure)
